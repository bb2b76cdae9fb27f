/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The monotonic clock, for spans and deadlines; what an event calls now is timestamp_now(). */
#ifndef CODEC_BASE_CLOCK_H
#define CODEC_BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_mono_ms(void);

#endif
