/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A view's body as gzip members, and items found again inside them (design 7). */
#ifndef SINKS_VIEW_GZIP_H
#define SINKS_VIEW_GZIP_H

#include "pipeline/sink.h"
#include "sinks/body_pool.h"

/* On a worker, in finish(): replaces the plain body, which goes to the pool (NULL: is freed). One
 * member, or several that end at items when the body is larger than member_bytes; a larger item has
 * a member of its own. */
void view_gzip(struct view *v, int level, size_t member_bytes, struct body_pool *pool);
/* The plain text of an item, of a plain or a compressed view. *member (start with -1) and the
 * buffer keep the member that was inflated last; the slice lives in one of both. */
int view_item_text(const struct view *v, uint32_t item, int64_t *member, struct buf *inflated,
                   struct slice *out, struct err *err);
/* The index of the member that starts at this item's text, or -1. */
int64_t view_member_at(const struct view *v, uint64_t plain_at);

#endif
