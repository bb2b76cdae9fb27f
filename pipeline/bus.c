/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/bus.h"

#include "codec/base/buf.h"
#include "pipeline/input.h"

#include <stdlib.h>

/* Pipelines one behind the other. */
#define ROADS_DEEP 64

struct stop {
    struct stop *next;
    struct slice address; /* of the input's conf */
    struct input *in;
    bus_send_fn *send;
};

/* Events of one pipeline go to another. */
struct road {
    struct road *next;
    uint32_t from, to;
};

struct bus {
    struct stop *stops;
    struct road *roads;
};

struct bus *
bus_new(void)
{
    return xcalloc(1, sizeof(struct bus));
}

void
bus_free(struct bus **b)
{
    if (*b == NULL)
        return;
    while ((*b)->stops != NULL) {
        struct stop *s = (*b)->stops;

        (*b)->stops = s->next;
        free(s);
    }
    while ((*b)->roads != NULL) {
        struct road *r = (*b)->roads;

        (*b)->roads = r->next;
        free(r);
    }
    free(*b);
    *b = NULL;
}

int
bus_listen(struct bus *b, struct slice address, struct input *in, bus_send_fn *send,
           struct err *err)
{
    bus_send_fn *other;
    struct stop *s;

    if (bus_find(b, address, &other) != NULL)
        return err_set(err, ERR_CONFIG, "address '%.*s' is used by two pipeline inputs",
                       SLICE_ARGS(address));
    s = xcalloc(1, sizeof *s);
    *s = (struct stop){ b->stops, address, in, send };
    b->stops = s;
    return 0;
}

struct input *
bus_find(const struct bus *b, struct slice address, bus_send_fn **send)
{
    for (const struct stop *s = b->stops; s != NULL; s = s->next) {
        if (!slice_eq(s->address, address))
            continue;
        *send = s->send;
        return s->in;
    }
    return NULL;
}

/* "a", "b" for an error text. */
static void
list_addresses(const struct bus *b, struct buf *out)
{
    for (const struct stop *s = b->stops; s != NULL; s = s->next)
        buf_printf(out, "'%.*s'%s", SLICE_ARGS(s->address), s->next != NULL ? ", " : "");
}

static int
nobody_listens(const struct bus *b, struct slice address, struct err *err)
{
    struct buf known = { 0 };

    if (b->stops != NULL)
        buf_append(&known, SLICE("are only "));
    list_addresses(b, &known);
    err_set(err, ERR_CONFIG, "send_to: no pipeline input has the address '%.*s'; there %s",
            SLICE_ARGS(address), known.n > 0 ? buf_cstr(&known) : "is none");
    buf_fini(&known);
    return -1;
}

/* Each pipeline is entered once: roads between them are few. */
static bool
reaches(const struct bus *b, uint32_t from, uint32_t to, unsigned depth)
{
    if (from == to)
        return true;
    for (const struct road *r = b->roads; r != NULL && depth > 0; r = r->next)
        if (r->from == from && reaches(b, r->to, to, depth - 1))
            return true;
    return false;
}

int
bus_connect(struct bus *b, uint32_t from, struct slice address, struct err *err)
{
    bus_send_fn *send;
    struct input *in = bus_find(b, address, &send);
    struct road *r;

    if (in == NULL)
        return nobody_listens(b, address, err);
    if (reaches(b, in->env.pipeline, from, ROADS_DEEP))
        return err_set(err, ERR_CONFIG,
                       "send_to: events would go round in a circle through the address '%.*s'",
                       SLICE_ARGS(address));
    r = xcalloc(1, sizeof *r);
    *r = (struct road){ b->roads, from, in->env.pipeline };
    b->roads = r;
    return 0;
}
