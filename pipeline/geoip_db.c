/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/geoip_db.h"

#ifdef HAVE_GEOIP
#include <fcntl.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

#define COPY_BYTES ((size_t)1 << 20)

/* n: what the file has; one that grows is found out, and does not fill the memory. */
static int
copy_all(int from, int to, off_t n)
{
    char *block = xmalloc(COPY_BYTES);
    ssize_t got = 0, put = 0;

    for (; n > 0 && (got = read(from, block, COPY_BYTES)) > 0; n -= got)
        for (ssize_t at = 0; at < got; at += put)
            if ((put = write(to, block + at, (size_t)(got - at))) <= 0) {
                free(block);
                return -1;
            }
    free(block);
    return got < 0 ? -1 : 0;
}

/* Into memory that nobody can change any more. */
static int
copy_file(int from, const char *path, struct err *err)
{
    struct stat before, after;
    int to;

    if (fstat(from, &before) != 0)
        return err_errno(err, "%s", path);
    if (!S_ISREG(before.st_mode))
        return err_set(err, ERR_CONFIG, "%s: is no regular file", path);
    to = memfd_create("geoip", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (to < 0 || copy_all(from, to, before.st_size) < 0 ||
        fcntl(to, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0 ||
        fstat(from, &after) != 0) {
        err_errno(err, "%s", path);
    } else if (before.st_size != after.st_size || before.st_mtim.tv_sec != after.st_mtim.tv_sec ||
               before.st_mtim.tv_nsec != after.st_mtim.tv_nsec) {
        err_set(err, ERR_CONFIG, "%s: changes while it is read", path);
    } else {
        return to;
    }
    if (to >= 0)
        close(to);
    return -1;
}

/* The library knows files by their names only, and maps them: one that is written over in place
 * would take the process with it, by SIGBUS. So it gets the name of a copy. */
static int
open_copy(const char *path, MMDB_s *mmdb, struct err *err)
{
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), copy, status;
    char name[40];

    if (from < 0)
        return err_errno(err, "%s", path);
    copy = copy_file(from, path, err);
    close(from);
    if (copy < 0)
        return -1;
    snprintf(name, sizeof name, "/proc/self/fd/%d", copy);
    status = MMDB_open(name, MMDB_MODE_MMAP, mmdb);
    close(copy);
    return status == MMDB_SUCCESS ? 0
                                  : err_set(err, ERR_CONFIG, "%s: %s", path, MMDB_strerror(status));
}

struct geoip_db *
geoip_db_open(const char *path, struct err *err)
{
    struct geoip_db *db = xcalloc(1, sizeof *db);

    if (open_copy(path, &db->mmdb, err) < 0) {
        free(db);
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
