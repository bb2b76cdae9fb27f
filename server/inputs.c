/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/inputs.h"

static const struct input_type *const inputs[] = {
#define INPUT(name) &input_##name,
#include "server/inputs.def"
#undef INPUT
    NULL,
};

const struct input_type *
input_find(struct slice name)
{
    for (const struct input_type *const *t = inputs; *t != NULL; t++)
        if (slice_eq(name, slice_of((*t)->name)) ||
            ((*t)->alias != NULL && slice_eq(name, slice_of((*t)->alias))))
            return *t;
    return NULL;
}

const struct input_type *const *
input_all(void)
{
    return inputs;
}
