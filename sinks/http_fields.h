/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Header lines of requests, and what outputs say about themselves. */
#ifndef SINKS_HTTP_FIELDS_H
#define SINKS_HTTP_FIELDS_H

#include "codec/option.h"

struct buf;

/* "Name: value" and a line end, unless the operator has a header of that name. */
void http_field_put(struct buf *out, const struct opt_hash *own, const char *name,
                    struct slice value);
/* The operator's own, all of them. */
void http_fields_own(struct buf *out, const struct opt_hash *own);
/* -1: a name or value that would break the head of the message. */
int http_fields_check(const struct opt_hash *own, struct err *err);
/* "Headrig/1.2.3 (OS=Linux-6.1.0-x86_64) <client>"; out is cleared. */
void http_user_agent(struct buf *out, const char *client);

#endif
