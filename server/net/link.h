/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intrusive doubly linked lists: a node is a member of what is listed, so that joining and leaving
 * allocate nothing and cost the same wherever the node stands.
 *
 * A list is a struct link that points to itself when empty; a node that is in no list is zero or
 * points to itself. No locks: whoever owns the list owns the links in it. */
#ifndef SERVER_NET_LINK_H
#define SERVER_NET_LINK_H

#include <stdbool.h>
#include <stddef.h>

struct link {
    struct link *prev, *next;
};

/* The struct that the member belongs to. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void
link_init(struct link *l)
{
    l->prev = l->next = l;
}

/* Of a list: has nodes. Of a node: is in a list. A zeroed node is in none. */
static inline bool
link_used(const struct link *l)
{
    return l->next != NULL && l->next != l;
}

/* Leaves its list, if it is in one. */
static inline void
link_remove(struct link *l)
{
    if (l->next != NULL) {
        l->prev->next = l->next;
        l->next->prev = l->prev;
    }
    link_init(l);
}

/* Joins at the end; leaves where it was before. */
static inline void
link_append(struct link *list, struct link *l)
{
    link_remove(l);
    l->prev = list->prev;
    l->next = list;
    list->prev->next = l;
    list->prev = l;
}

/* Takes the first node off; NULL when there is none. */
static inline struct link *
link_take(struct link *list)
{
    struct link *first = list->next;

    if (first == list)
        return NULL;
    link_remove(first);
    return first;
}

/* All nodes of `from` become the nodes of `to`, which loses what it had; `from` is empty then. */
static inline void
link_move_all(struct link *from, struct link *to)
{
    link_init(to);
    if (!link_used(from))
        return;
    *to = *from;
    to->next->prev = to;
    to->prev->next = to;
    link_init(from);
}

#endif
