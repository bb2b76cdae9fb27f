/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reader of TZif files and the table of zones that were asked for.
 *
 * A zone is const once it is in the table: a list that only grows, published by an atomic head and
 * searched without a lock. Only names of files that exist get in, so it is bounded by the tz
 * database, whatever names events bring. The table is the one mutable static of this layer: zones
 * are asked for by functions that have no context (zone_fn), and each costs a few KB that all
 * plans share. */
#include "codec/zoneinfo.h"

#include "codec/zone_rule.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY   "/usr/share/zoneinfo/"
#define LOCALTIME   "/etc/localtime"
#define FILE_MAX    (256 * 1024) /* the largest of today's has 4 KB */
#define NAME_BYTES  64
#define TRANSITIONS 8192
#define TYPES       256
#define HEADER      44
#define DAY         86400

struct transition {
    int64_t at; /* UTC */
    int32_t offset;
};

struct zone {
    const struct zone *next; /* in the table */
    struct slice name;
    int32_t first; /* the offset before all transitions */
    uint32_t n;
    struct transition *at; /* ascending */
    struct zone_rule rule; /* after the last one */
    bool has_rule;
};

/* ---- reading a file ---- */

struct header {
    char version;
    uint32_t isutc, isstd, leap, time, type, chars;
};

static int
take_header(struct slice *s, struct header *h, struct err *err)
{
    struct slice magic, reserved;

    if (!slice_take(s, 4, &magic) || !slice_eq(magic, SLICE("TZif")))
        return err_set(err, ERR_PARSE, "no TZif file");
    if (!slice_take_byte(s, &h->version) || !slice_take(s, 15, &reserved) ||
        !slice_take_be32(s, &h->isutc) || !slice_take_be32(s, &h->isstd) ||
        !slice_take_be32(s, &h->leap) || !slice_take_be32(s, &h->time) ||
        !slice_take_be32(s, &h->type) || !slice_take_be32(s, &h->chars))
        return err_set(err, ERR_PARSE, "TZif header is cut");
    if (h->time > TRANSITIONS || h->type == 0 || h->type > TYPES || h->chars > FILE_MAX ||
        h->isutc > TYPES || h->isstd > TYPES)
        return err_set(err, ERR_LIMIT,
                       "TZif file with %u transitions (limit %d) and %u types (1 to %d)", h->time,
                       TRANSITIONS, h->type, TYPES);
    if (h->leap != 0)
        return err_set(err, ERR_PARSE, "TZif file counts leap seconds");
    return 0;
}

/* Bytes of the block behind a header. */
static size_t
block_bytes(const struct header *h, size_t time_bytes)
{
    return h->time * (time_bytes + 1) + h->type * 6u + h->chars + h->isstd + h->isutc;
}

static int64_t
big_endian(const char *p, size_t n)
{
    uint64_t sum = (p[0] & 0x80) != 0 ? UINT64_MAX : 0;

    for (size_t i = 0; i < n; i++)
        sum = sum << 8 | (unsigned char)p[i];
    return (int64_t)sum;
}

static int
read_block(struct zone *z, struct slice block, const struct header *h, size_t time_bytes,
           struct err *err)
{
    const char *index = block.p + h->time * time_bytes;
    const char *types = index + h->time;
    int32_t offset[TYPES];

    for (uint32_t i = 0; i < h->type; i++) {
        offset[i] = (int32_t)big_endian(types + i * 6, 4);
        if (offset[i] <= -DAY || offset[i] >= DAY)
            return err_set(err, ERR_RANGE, "TZif offset of %d seconds", offset[i]);
    }
    z->first = offset[0];
    z->n = h->time;
    z->at = xcalloc(h->time + 1, sizeof z->at[0]);
    for (uint32_t i = 0; i < h->time; i++) {
        unsigned type = (unsigned char)index[i];

        z->at[i].at = big_endian(block.p + i * time_bytes, time_bytes);
        if (type >= h->type || (i > 0 && z->at[i].at <= z->at[i - 1].at))
            return err_set(err, ERR_PARSE, "TZif transition %u is wrong", i);
        z->at[i].offset = offset[type];
    }
    return 0;
}

/* Version 2 on: the same again with 64 bits, and a rule between two line ends. */
static int
read_file(struct zone *z, struct slice s, struct err *err)
{
    struct header h;
    struct slice block;
    size_t end;

    if (take_header(&s, &h, err) < 0)
        return -1;
    if (!slice_take(&s, block_bytes(&h, 4), &block))
        return err_set(err, ERR_PARSE, "TZif file is cut");
    if (h.version < '2')
        return read_block(z, block, &h, 4, err);
    if (take_header(&s, &h, err) < 0)
        return -1;
    if (!slice_take(&s, block_bytes(&h, 8), &block) || s.n < 2 || s.p[0] != '\n')
        return err_set(err, ERR_PARSE, "TZif file is cut");
    if (read_block(z, block, &h, 8, err) < 0)
        return -1;
    end = slice_find_byte(s, '\n', 1);
    if (end == SIZE_MAX)
        return err_set(err, ERR_PARSE, "TZif rule is cut");
    z->has_rule = end > 1;
    return end == 1 ? 0 : zone_rule_parse((struct slice){ s.p + 1, end - 1 }, &z->rule, err);
}

struct zone *
zone_parse(struct slice file, struct err *err)
{
    struct zone *z = xcalloc(1, sizeof *z);

    if (file.n > FILE_MAX)
        err_set(err, ERR_LIMIT, "TZif file of %zu bytes exceeds limit %d", file.n, FILE_MAX);
    else if (read_file(z, file, err) == 0)
        return z;
    zone_free(z);
    return NULL;
}

struct zone *
zone_parse_rule(struct slice rule, struct err *err)
{
    struct zone *z = xcalloc(1, sizeof *z);

    z->has_rule = true;
    if (zone_rule_parse(rule, &z->rule, err) == 0) {
        z->first = z->rule.standard;
        return z;
    }
    zone_free(z);
    return NULL;
}

void
zone_free(struct zone *z)
{
    if (z == NULL)
        return;
    free(z->at);
    free((char *)(uintptr_t)z->name.p);
    free(z);
}

/* ---- asking a zone ---- */

/* The end of the year 999,999,999: a rule does not look beyond the years that civil dates have. */
#define CIVIL_MOST INT64_C(31556889864403199)

static int64_t
clamp(int64_t utc)
{
    return utc > CIVIL_MOST ? CIVIL_MOST : utc < -CIVIL_MOST ? -CIVIL_MOST : utc;
}

/* Inside [from, INT64_MAX): the changes of the years around it cut the span. */
static struct zone_span
rule_span(const struct zone_rule *r, int64_t utc, int64_t from)
{
    struct zone_span span = { from, INT64_MAX, r->standard };
    int64_t year, asked = utc;

    if (!r->has_summer)
        return span;
    utc = clamp(utc);
    year = civil_of((struct timestamp){ utc, 0 }).year;
    for (int64_t y = year - 1; y <= year + 1; y++) {
        int64_t change[2];

        zone_rule_changes(r, y, &change[0], &change[1]);
        for (int i = 0; i < 2; i++) {
            if (change[i] <= utc && change[i] >= span.from) {
                span.from = change[i];
                span.offset = i == 0 ? r->summer : r->standard;
            } else if (change[i] > utc && change[i] < span.until) {
                span.until = change[i];
            }
        }
    }
    /* What holds there goes on for ever. */
    if (asked > utc)
        span.until = INT64_MAX;
    if (asked < utc)
        span.from = from;
    return span;
}

struct zone_span
zone_at(const struct zone *z, int64_t utc)
{
    uint32_t low = 0, high = z->n;

    /* low becomes the number of transitions at or before utc. */
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (z->at[mid].at <= utc)
            low = mid + 1;
        else
            high = mid;
    }
    int64_t from = low > 0 ? z->at[low - 1].at : INT64_MIN;
    if (low == z->n && z->has_rule) {
        struct zone_span span = rule_span(&z->rule, utc, from);

        /* Until the rule's first change the last listed offset goes on. */
        if (span.from == from && low > 0)
            span.offset = z->at[low - 1].offset;
        return span;
    }
    return (struct zone_span){ from, low < z->n ? z->at[low].at : INT64_MAX,
                               low > 0 ? z->at[low - 1].offset : z->first };
}

/* A local time belongs to a span if the instant that it means there lies inside. Offsets are less
 * than a day, so a day earlier is early enough to begin. */
enum zone_local
zone_from_local(const struct zone *z, int64_t local, int64_t *utc)
{
    struct zone_span span = zone_at(z, local - DAY), next;

    for (;; span = next) {
        *utc = local - span.offset;
        if (span.until > local + DAY)
            return ZONE_ONE;
        next = zone_at(z, span.until);
        if (*utc < span.until)
            return local - next.offset >= next.from ? ZONE_TWICE : ZONE_ONE;
        if (local - next.offset < next.from)
            return ZONE_GAP;
    }
}

/* ---- the table ---- */

static struct {
    _Atomic(const struct zone *) head;
    pthread_mutex_t lock; /* for adding */
} table = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const struct zone *
table_search(struct slice name)
{
    const struct zone *z = atomic_load_explicit(&table.head, memory_order_acquire);

    while (z != NULL && !slice_eq(z->name, name))
        z = z->next;
    return z;
}

/* Somebody else may have added the name meanwhile: then theirs stays. */
static const struct zone *
table_add(struct zone *z, struct slice name)
{
    const struct zone *there;

    z->name = (struct slice){ xstrndup(name.p, name.n), name.n };
    pthread_mutex_lock(&table.lock);
    there = table_search(name);
    if (there == NULL) {
        z->next = atomic_load_explicit(&table.head, memory_order_relaxed);
        atomic_store_explicit(&table.head, z, memory_order_release);
    }
    pthread_mutex_unlock(&table.lock);
    if (there == NULL)
        return z;
    zone_free(z);
    return there;
}

static struct zone *
load_file(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    struct zone *z = NULL;
    char *bytes = NULL;

    if (fd < 0) {
        err_errno(err, "cannot open %s", path);
        return NULL;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= FILE_MAX) {
        ssize_t n;

        bytes = xmalloc((size_t)st.st_size);
        n = read(fd, bytes, (size_t)st.st_size);
        z = zone_parse((struct slice){ bytes, n < 0 ? 0 : (size_t)n }, err);
    }
    free(bytes);
    close(fd);
    return z;
}

/* Only what can be the name of a zone: such a path stays below the directory. */
static bool
is_name(struct slice s)
{
    static const struct slice others[] = { SLICE_INIT("localtime"), SLICE_INIT("posixrules"),
                                           SLICE_INIT("Factory") };

    if (s.n == 0 || s.n > NAME_BYTES || s.p[0] == '/')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/';

        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-')))
            return false;
    }
    for (size_t i = 0; i < COUNT(others); i++)
        if (slice_eq(s, others[i]))
            return false;
    return !slice_starts(s, SLICE("right/")) && !slice_starts(s, SLICE("posix/"));
}

static const struct zone *
find_by_name(struct slice name)
{
    const struct zone *there = table_search(name);
    char path[sizeof DIRECTORY + NAME_BYTES];
    struct zone *z;

    if (there != NULL)
        return there;
    if (!is_name(name))
        return NULL;
    snprintf(path, sizeof path, DIRECTORY "%.*s", SLICE_ARGS(name));
    z = load_file(path, NULL);
    if (z == NULL && (slice_eq(name, SLICE("UTC")) || slice_eq(name, SLICE("GMT"))))
        z = zone_parse_rule(SLICE("UTC0"), NULL); /* a system without tzdata knows these still */
    return z == NULL ? NULL : table_add(z, name);
}

/* TZ as POSIX and glibc have it: a name, with or without a colon, a path, or a rule. */
static const struct zone *
find_by_variable(struct slice text)
{
    const struct zone *there;
    struct zone *z;

    if (text.n > 0 && text.p[0] == ':')
        text = (struct slice){ text.p + 1, text.n - 1 };
    if (slice_starts(text, SLICE(DIRECTORY)))
        text = (struct slice){ text.p + sizeof DIRECTORY - 1, text.n - (sizeof DIRECTORY - 1) };
    if (text.n == 0)
        return find_by_name(SLICE("UTC"));
    there = find_by_name(text);
    if (there != NULL)
        return there;
    if (text.p[0] == '/') {
        char *path = xstrndup(text.p, text.n);

        z = load_file(path, NULL);
        free(path);
    } else {
        z = zone_parse_rule(text, NULL);
    }
    return z == NULL ? find_by_name(SLICE("UTC")) : table_add(z, text);
}

const struct zone *
zone_find(struct slice name)
{
    const char *variable = name.n == 0 ? getenv("TZ") : NULL;
    const struct zone *there;
    struct zone *z;

    if (name.n > 0)
        return find_by_name(name);
    if (variable != NULL)
        return find_by_variable(slice_of(variable));
    there = table_search(SLICE(LOCALTIME));
    if (there != NULL)
        return there;
    z = load_file(LOCALTIME, NULL);
    return z == NULL ? find_by_name(SLICE("UTC")) : table_add(z, SLICE(LOCALTIME));
}

/* ---- offsets ---- */

static bool
take_pair(struct slice *s, int max, int *out)
{
    struct slice two;
    int64_t n;

    if (!slice_take(s, 2, &two) || two.p[0] < '0' || two.p[0] > '9' || !slice_to_int64(two, &n) ||
        n > max)
        return false;
    *out = (int)n;
    return true;
}

bool
zone_offset_name(struct slice name, int32_t *offset)
{
    int part[3] = { 0 }, n = 0;
    struct slice s = name;
    char sign, colon = ':';

    if (!slice_take_byte(&s, &sign) || (sign != '+' && sign != '-'))
        return false;
    for (; n < 3 && s.n > 0; n++) {
        if (n == 1 && s.p[0] != ':')
            colon = '\0';
        if (n > 0 && colon != '\0' && (s.p[0] != ':' || !slice_take_byte(&s, &colon)))
            return false;
        if (!take_pair(&s, n == 0 ? 23 : 59, &part[n]))
            return false;
    }
    *offset = part[0] * 3600 + part[1] * 60 + part[2];
    *offset = sign == '-' ? -*offset : *offset;
    return n > 0 && s.n == 0;
}

bool
zone_offset(struct slice name, int64_t local_sec, int32_t *offset)
{
    const struct zone *z;
    int64_t utc;

    if (zone_offset_name(name, offset))
        return true;
    z = zone_find(name);
    if (z == NULL)
        return false;
    zone_from_local(z, local_sec, &utc);
    *offset = (int32_t)(local_sec - utc);
    return true;
}
