/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A database in MaxMind's format: which record an address has, and the values in it. Wraps the
 * library. Const once open; any number of workers ask. */
#ifndef PIPELINE_GEOIP_DB_H
#define PIPELINE_GEOIP_DB_H

#include "codec/base/error.h"
#include "pipeline/ip.h"

enum geoip_kind {
    GEOIP_CITY,
    GEOIP_COUNTRY,
    GEOIP_DOMAIN,
    GEOIP_ASN,
    GEOIP_ISP,
    GEOIP_ENTERPRISE,
    GEOIP_ANONYMOUS,
    GEOIP_OTHER
};

struct geoip_db;

/* Whether the program was built with the library. */
bool geoip_is_here(void);

/* Reads the whole file into memory, about 60 MB for the cities of GeoLite2, so that whatever
 * happens to it later does no harm. Errors name the file. */
struct geoip_db *geoip_db_open(const char *path, struct err *err);
void geoip_db_close(struct geoip_db **db); /* *db may be NULL */
enum geoip_kind geoip_db_kind(const struct geoip_db *db);

struct geoip_record {
    uint32_t at;     /* networks may share one: the same number, the same values */
    unsigned prefix; /* bits of the address that led to it */
};

/* False: the address is in no network. */
bool geoip_db_find(const struct geoip_db *db, const struct ip *address, struct geoip_record *out);

enum geoip_type { GEOIP_NOTHING, GEOIP_TEXT, GEOIP_DOUBLE, GEOIP_INTEGER, GEOIP_BOOL };

struct geoip_value {
    enum geoip_type type;
    struct slice text; /* lies in the database */
    double real;
    int64_t integer; /* GEOIP_BOOL, too */
};

/* path: keys, or indexes of lists (-1: the last); ends with NULL. */
struct geoip_value geoip_db_value(const struct geoip_db *db, uint32_t record,
                                  const char *const *path);

#endif
