/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/line_pattern.h"

#include "codec/base/error.h"
#include "pipeline/grok.h"
#include "pipeline/regex.h"

#include <stdlib.h>

struct line_pattern {
    struct grok *grok;
    struct regex_scratch *scratch; /* of whoever matches; one at a time */
};

static int
load_folders(struct grok_patterns *patterns, const struct opt_list *dirs, struct err *err)
{
    for (size_t i = 0; i < dirs->n; i++) {
        char *path = xstrndup(dirs->at[i].p, dirs->at[i].n);
        int files = grok_patterns_load(patterns, path, "*", err);

        free(path);
        if (files < 0)
            return -1;
    }
    return 0;
}

static void
free_pattern(struct line_pattern *p)
{
    if (p == NULL)
        return;
    grok_free(p->grok);
    regex_scratch_free(p->scratch);
    free(p);
}

static struct line_pattern *
compile(struct slice text, const struct opt_list *dirs, struct err *err)
{
    struct grok_patterns *patterns = grok_patterns_new(GROK_LEGACY);
    struct line_pattern *p = xcalloc(1, sizeof *p);

    if (load_folders(patterns, dirs, err) == 0)
        p->grok = grok_new(patterns, text, true, err);
    grok_patterns_free(patterns);
    if (p->grok == NULL) {
        free_pattern(p);
        return NULL;
    }
    p->scratch = regex_scratch_new();
    return p;
}

static bool
matches(struct line_pattern *p, struct slice line)
{
    return regex_search(grok_regex(p->grok), p->scratch, line, 0) == REGEX_MATCH;
}

const struct line_patterns grok_line_patterns = {
    .compile = compile,
    .matches = matches,
    .free = free_pattern,
};
