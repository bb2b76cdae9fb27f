/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UNIX, UNIX_MS and TAI64N of the date filter (filters.md 6.3). Pure. */
#ifndef PIPELINE_DATE_EPOCH_H
#define PIPELINE_DATE_EPOCH_H

#include "codec/value.h"
#include "pipeline/date_format.h"

/* Text or number, where the format takes both. False: not of that format. */
bool date_unix(struct arena *a, struct value *v, enum date_precision p, struct timestamp *out);
bool date_unix_ms(struct arena *a, struct value *v, enum date_precision p, struct timestamp *out);
bool date_tai64n(struct slice text, enum date_precision p, struct timestamp *out);

#endif
