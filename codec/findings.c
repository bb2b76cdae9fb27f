/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/base/buf.h"
#include "codec/option.h"

#include <stdlib.h>

/* Room that warnings leave to errors. */
#define FOR_ERRORS 100

void
findings_add(struct findings *f, enum finding_level level, struct config_pos pos, const char *hint,
             const char *fmt, ...)
{
    struct buf text = { 0 };
    va_list ap;

    if (level == FINDING_ERROR)
        f->errors++;
    if (f->n >= FINDINGS_MAX - (level == FINDING_ERROR ? 0 : FOR_ERRORS)) {
        f->dropped++;
        return;
    }
    if (f->n == f->cap) {
        f->cap = f->cap > 0 ? 2 * f->cap : 8;
        f->at = xrealloc(f->at, f->cap * sizeof *f->at);
    }
    va_start(ap, fmt);
    buf_vprintf(&text, fmt, ap);
    va_end(ap);
    f->at[f->n++] = (struct finding){ .level = level,
                                      .pos = pos,
                                      .text = xstrdup(buf_cstr(&text)),
                                      .hint = hint != NULL ? xstrdup(hint) : NULL };
    buf_fini(&text);
}

void
findings_fini(struct findings *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free(f->at[i].text);
        free(f->at[i].hint);
    }
    free(f->at);
    *f = (struct findings){ 0 };
}

const char *
findings_reason(const struct findings *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->at[i].level == FINDING_ERROR)
            return f->at[i].entry ? "Unable to configure plugins: (ConfigurationError) Something "
                                    "is wrong with your configuration."
                                  : f->at[i].text;
    return NULL;
}
