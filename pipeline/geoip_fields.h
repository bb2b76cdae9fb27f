/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fields of the filter geoip: their names in the config, where a database has them, and where
 * they go in an event (filters.md 19). */
#ifndef PIPELINE_GEOIP_FIELDS_H
#define PIPELINE_GEOIP_FIELDS_H

#include "codec/base/buf.h"
#include "pipeline/geoip_db.h"

/* A set of fields, a bit each. */
typedef uint32_t geoip_set;

/* By name, in any case; 0: no such field. */
geoip_set geoip_field(struct slice name);
/* What is written where the config names no fields. */
geoip_set geoip_default_fields(enum geoip_kind kind, bool ecs);

/* The record's fields as a JSON object. False: it says nothing that counts as found. */
bool geoip_print(const struct geoip_db *db, geoip_set fields, bool ecs, const struct ip *address,
                 const struct geoip_record *record, struct buf *out);

/* True if the text of a record is the same for each of its addresses. */
bool geoip_is_shared(geoip_set fields);
/* The member for the address itself, which stands first in the object; appended without braces. */
void geoip_print_ip(geoip_set fields, const struct ip *address, struct buf *out);

#endif
