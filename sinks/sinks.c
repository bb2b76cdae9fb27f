/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/sinks.h"

#define SINK(n) extern const struct sink_type sink_##n;
#include "sinks/sinks.def"
#undef SINK

#define SINK(n) &sink_##n,
static const struct sink_type *const all[] = {
#include "sinks/sinks.def"
    NULL,
};
#undef SINK

const struct sink_type *const *
sink_all(void)
{
    return all;
}

const struct sink_type *
sink_find(struct slice name)
{
    for (size_t i = 0; all[i] != NULL; i++)
        if (slice_eq(slice_of(all[i]->name), name))
            return all[i];
    return NULL;
}
