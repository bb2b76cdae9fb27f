/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which pipelines there are to run: from -e, from -f, or from pipelines.yml
 * (reference/runtime.md 4, 5). Reads files; main thread. */
#ifndef SERVER_PIPELINE_SPECS_H
#define SERVER_PIPELINE_SPECS_H

#include "pipeline/config_files.h"
#include "pipeline/plan.h"
#include "server/settings.h"

struct pipeline_spec {
    struct plan_settings settings;
    struct config_files files;
};

struct pipeline_specs {
    struct arena arena;
    struct pipeline_spec *at;
    size_t n;
};

/* dir: where pipelines.yml may be. -1: a conflict, nothing to run, or a bad entry; *err has all
 * that could be said in one message. */
int pipeline_specs_read(const struct settings *s, const char *dir, const struct log *log,
                        struct pipeline_specs *out, struct err *err);
void pipeline_specs_free(struct pipeline_specs *p);

#endif
