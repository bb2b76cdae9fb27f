/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/geoip_db.h"

#ifdef HAVE_GEOIP
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdlib.h>

struct geoip_db {
    MMDB_s mmdb;
    enum geoip_kind kind;
};

bool
geoip_is_here(void)
{
    return true;
}

/* The first that the name of the type contains, as in Logstash. */
static enum geoip_kind
kind_of(const char *type)
{
    static const struct {
        const char *part;
        enum geoip_kind kind;
    } kinds[] = {
        { "City", GEOIP_CITY },
        { "Country", GEOIP_COUNTRY },
        { "GeoIP2-Domain", GEOIP_DOMAIN },
        { "GeoLite2-ASN", GEOIP_ASN },
        { "GeoIP2-ISP", GEOIP_ISP },
        { "Enterprise", GEOIP_ENTERPRISE },
        { "GeoIP2-Anonymous-IP", GEOIP_ANONYMOUS },
    };

    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strstr(type, kinds[i].part) != NULL)
            return kinds[i].kind;
    return GEOIP_OTHER;
}

struct geoip_db *
geoip_db_open(const char *path, struct err *err)
{
    struct geoip_db *db = xcalloc(1, sizeof *db);
    int status = MMDB_open(path, MMDB_MODE_MMAP, &db->mmdb);

    if (status != MMDB_SUCCESS) {
        free(db);
        err_set(err, ERR_CONFIG, "%s: %s", path, MMDB_strerror(status));
        return NULL;
    }
    db->kind = kind_of(db->mmdb.metadata.database_type);
    return db;
}

void
geoip_db_close(struct geoip_db **db)
{
    if (*db == NULL)
        return;
    MMDB_close(&(*db)->mmdb);
    free(*db);
    *db = NULL;
}

enum geoip_kind
geoip_db_kind(const struct geoip_db *db)
{
    return db->kind;
}

bool
geoip_db_find(const struct geoip_db *db, const struct ip *address, struct geoip_record *out)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } to = { 0 };
    MMDB_lookup_result_s found;
    int status = MMDB_SUCCESS;

    if (address->v6) {
        to.v6.sin6_family = AF_INET6;
        memcpy(&to.v6.sin6_addr, address->at, 16);
    } else {
        to.v4.sin_family = AF_INET;
        memcpy(&to.v4.sin_addr, address->at, 4);
    }
    found = MMDB_lookup_sockaddr(&db->mmdb, &to.any, &status);
    if (status != MMDB_SUCCESS || !found.found_entry)
        return false;
    *out = (struct geoip_record){ found.entry.offset, found.netmask };
    /* The tree of a database for both families counts the bits of IPv6. */
    if (!address->v6 && db->mmdb.metadata.ip_version == 6)
        out->prefix = out->prefix > 96 ? out->prefix - 96 : 0;
    return true;
}

struct geoip_value
geoip_db_value(const struct geoip_db *db, uint32_t record, const char *const *path)
{
    MMDB_entry_s entry = { .mmdb = &db->mmdb, .offset = record };
    MMDB_entry_data_s data;

    if (MMDB_aget_value(&entry, &data, path) != MMDB_SUCCESS || !data.has_data)
        return (struct geoip_value){ .type = GEOIP_NOTHING };
    switch (data.type) {
    case MMDB_DATA_TYPE_UTF8_STRING:
        return (struct geoip_value){ .type = GEOIP_TEXT,
                                     .text = { data.utf8_string, data.data_size } };
    case MMDB_DATA_TYPE_DOUBLE:
        return (struct geoip_value){ .type = GEOIP_DOUBLE, .real = data.double_value };
    case MMDB_DATA_TYPE_FLOAT:
        return (struct geoip_value){ .type = GEOIP_DOUBLE, .real = (double)data.float_value };
    case MMDB_DATA_TYPE_UINT16:
        return (struct geoip_value){ .type = GEOIP_INTEGER, .integer = data.uint16 };
    case MMDB_DATA_TYPE_UINT32:
        return (struct geoip_value){ .type = GEOIP_INTEGER, .integer = data.uint32 };
    case MMDB_DATA_TYPE_INT32:
        return (struct geoip_value){ .type = GEOIP_INTEGER, .integer = data.int32 };
    case MMDB_DATA_TYPE_BOOLEAN:
        return (struct geoip_value){ .type = GEOIP_BOOL, .integer = data.boolean };
    default: return (struct geoip_value){ .type = GEOIP_NOTHING };
    }
}

#else

bool
geoip_is_here(void)
{
    return false;
}

struct geoip_db *
geoip_db_open(const char *path, struct err *err)
{
    err_set(err, ERR_CONFIG,
            "%s: the filter geoip is not supported by this build (meson option "
            "geoip)",
            path);
    return NULL;
}

void
geoip_db_close(struct geoip_db **db)
{
    *db = NULL;
}

enum geoip_kind
geoip_db_kind(const struct geoip_db *db)
{
    (void)db;
    return GEOIP_OTHER;
}

bool
geoip_db_find(const struct geoip_db *db, const struct ip *address, struct geoip_record *out)
{
    (void)db;
    (void)address;
    (void)out;
    return false;
}

struct geoip_value
geoip_db_value(const struct geoip_db *db, uint32_t record, const char *const *path)
{
    (void)db;
    (void)record;
    (void)path;
    return (struct geoip_value){ .type = GEOIP_NOTHING };
}

#endif
