/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tools/es_sink/account.h"

#include "codec/base/error.h"
#include "codec/base/hash.h"

#include <inttypes.h>
#include <stdlib.h>

struct account_id {
    struct account_id *next;
    uint64_t times;
    size_t n;
    char text[];
};

static void
grow(struct account *a)
{
    size_t size = a->size == 0 ? 1024 : a->size * 2;
    struct account_id **table = xcalloc(size, sizeof *table);

    for (size_t i = 0; i < a->size; i++) {
        for (struct account_id *id = a->table[i], *next; id != NULL; id = next) {
            struct account_id **at =
                &table[hash_bytes((struct slice){ id->text, id->n }, 0) & (size - 1)];

            next = id->next;
            id->next = *at;
            *at = id;
        }
    }
    free(a->table);
    a->table = table;
    a->size = size;
}

void
account_take(struct account *a, struct slice id)
{
    struct account_id **at, *made;

    if (a->distinct >= a->size)
        grow(a);
    at = &a->table[hash_bytes(id, 0) & (a->size - 1)];
    for (struct account_id *old = *at; old != NULL; old = old->next) {
        if (old->n == id.n && memcmp(old->text, id.p, id.n) == 0) {
            old->times++;
            a->repeated++;
            return;
        }
    }
    made = xmalloc(sizeof *made + id.n);
    *made = (struct account_id){ *at, 1, id.n };
    memcpy(made->text, id.p, id.n);
    *at = made;
    a->distinct++;
}

void
account_report(const struct account *a, struct buf *out)
{
    bool first = true;

    buf_printf(out,
               "{\"requests\":%" PRIu64 ",\"bulk_requests\":%" PRIu64 ",\"actions\":%" PRIu64
               ",\"taken\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"unreadable\":%" PRIu64
               ",\"wire_bytes\":%" PRIu64 ",\"plain_bytes\":%" PRIu64 ",\"distinct_ids\":%" PRIu64
               ",\"repeated_ids\":%" PRIu64 ",\"answers\":{",
               a->requests, a->bulk_requests, a->actions, a->taken, a->failed, a->unreadable,
               a->wire_bytes, a->plain_bytes, a->distinct, a->repeated);
    for (size_t i = 0; i < COUNT(a->status); i++) {
        if (a->status[i] == 0)
            continue;
        buf_printf(out, "%s\"%zu\":%" PRIu64, first ? "" : ",", i, a->status[i]);
        first = false;
    }
    buf_append(out, SLICE("}}\n"));
}

void
account_ids(const struct account *a, struct buf *out)
{
    for (size_t i = 0; i < a->size; i++)
        for (const struct account_id *id = a->table[i]; id != NULL; id = id->next)
            buf_printf(out, "%" PRIu64 "\t%.*s\n", id->times, (int)id->n, id->text);
}

void
account_fini(struct account *a)
{
    for (size_t i = 0; i < a->size; i++) {
        while (a->table[i] != NULL) {
            struct account_id *id = a->table[i];

            a->table[i] = id->next;
            free(id);
        }
    }
    free(a->table);
    *a = (struct account){ .size = 0 };
}
