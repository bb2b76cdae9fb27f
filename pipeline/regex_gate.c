/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/regex_gate.h"

struct finder {
    struct regex_gate run, best;
    unsigned best_score;
};

/* How much a byte tells: those that most log lines have are worth least. */
static unsigned
worth(char c)
{
    if (c == ' ')
        return 1;
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
        return 2;
    if (strchr(":./-,=", c) != NULL)
        return 3;
    return c >= 'A' && c <= 'Z' ? 4 : 6;
}

static void
flush(struct finder *f)
{
    unsigned score = 0, most = 0;

    for (unsigned i = 0; i < f->run.n; i++) {
        unsigned w = worth(f->run.text[i]);

        score += w;
        if (w > most) {
            most = w;
            f->run.rare = (unsigned char)i;
        }
    }
    if (score > f->best_score) {
        f->best_score = score;
        f->best = f->run;
    }
    f->run.n = 0;
}

static void
add(struct finder *f, uint32_t c, bool icase)
{
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

    if (c == 0 || c > 0x7f || (icase && letter)) {
        flush(f);
        return;
    }
    if (f->run.n == GATE_BYTES)
        flush(f);
    f->run.text[f->run.n++] = (char)c;
}

/* [.] is a way to write a dot. */
static void
add_set(struct finder *f, const struct re_set *set, bool icase)
{
    const struct set_item *item = set->unions->items;

    if (!set->negated && set->unions->next == NULL && item != NULL && item->next == NULL &&
        item->kind == SET_RANGE && item->lo == item->hi)
        add(f, item->lo, icase);
    else
        flush(f);
}

static void walk(struct finder *f, const struct re_node *n, bool icase);

static void
walk_group(struct finder *f, const struct re_node *n, bool icase)
{
    switch (n->group) {
    case GROUP_PLAIN:
    case GROUP_CAPTURE:
    case GROUP_ATOMIC: walk(f, n->child, icase); break;
    case GROUP_CASE: walk(f, n->child, n->icase); break;
    case GROUP_AHEAD:
    case GROUP_NOT_AHEAD:
    case GROUP_BEHIND:
    case GROUP_NOT_BEHIND: break; /* takes no text */
    }
}

static void
walk(struct finder *f, const struct re_node *n, bool icase)
{
    switch (n->type) {
    case RE_CHAR: add(f, n->code, icase); break;
    case RE_SET: add_set(f, n->set, icase); break;
    case RE_CAT:
        for (const struct re_node *c = n->child; c != NULL; c = c->next)
            walk(f, c, icase);
        break;
    case RE_GROUP: walk_group(f, n, icase); break;
    case RE_REPEAT:
        if (n->min > 0)
            walk(f, n->child, icase);
        flush(f);
        break;
    case RE_ASSERT:
        if (n->letter == 'R' || n->letter == 'X')
            flush(f);
        break;
    case RE_ANY:
    case RE_SHORT:
    case RE_ALT:
    case RE_BACKREF:
    case RE_CALL:
    case RE_COND: flush(f); break;
    }
}

void
regex_gate_find(const struct re_tree *tree, bool icase, struct regex_gate *gate)
{
    struct finder f = { 0 };

    walk(&f, tree->root, icase);
    flush(&f);
    *gate = f.best;
}

bool
regex_gate_open(const struct regex_gate *gate, struct slice subject)
{
    const char *p = subject.p, *end;

    if (gate->n == 0)
        return true;
    if (subject.n < gate->n)
        return false;
    /* Where the rare byte may stand. */
    p += gate->rare;
    end = subject.p + subject.n - (gate->n - gate->rare - 1u);
    while (p < end) {
        p = memchr(p, gate->text[gate->rare], (size_t)(end - p));
        if (p == NULL)
            return false;
        if (memcmp(p - gate->rare, gate->text, gate->n) == 0)
            return true;
        p++;
    }
    return false;
}
