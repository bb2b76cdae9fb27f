/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole gzip members: made by igzip or libdeflate (library-measurements.md 8.1), and read back.
 *
 * igzip leaves the upper halves of the vector registers dirty, which slows down all other code of
 * the thread: gzip.c cleans up behind each call, so nobody else may call it. Any thread. */
#ifndef SINKS_GZIP_H
#define SINKS_GZIP_H

#include "codec/base/buf.h"
#include "codec/base/error.h"

/* One member with all of plain, appended to out. level 1 is igzip's where the CPU suits it; 2 to 9
 * are libdeflate's, smaller and slower. */
void gzip_member(struct slice plain, int level, struct buf *out);

/* The plain bytes of a member that gzip_member made, appended to out. -1: damaged. */
int gzip_plain(struct slice member, size_t plain_bytes, struct buf *out, struct err *err);

/* A whole zlib stream or gzip file, of one member or several, from elsewhere, appended to out. -1:
 * damaged, or more than limit bytes. */
int gzip_any(struct slice stream, size_t limit, struct buf *out, struct err *err);

#endif
