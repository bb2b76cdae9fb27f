/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/option_notes.h"

#include "codec/base/log.h"

void
option_warn(const struct plugin_context *ctx, const char *text)
{
    if (ctx->findings != NULL)
        findings_add(ctx->findings, FINDING_WARN, ctx->pos, NULL, "%s", text);
    else
        log_warn(ctx->log, "%s", text);
}

void
option_inform(const struct plugin_context *ctx, const char *text)
{
    if (ctx->findings != NULL)
        findings_add(ctx->findings, FINDING_INFO, ctx->pos, NULL, "%s", text);
    else
        log_info(ctx->log, "%s", text);
}

static const struct opt_pair *
find(const struct plugin_context *ctx, const char *name)
{
    for (size_t i = 0; ctx->given != NULL && i < ctx->given->n; i++)
        if (slice_eq(ctx->given->options[i].key, slice_of(name)))
            return &ctx->given->options[i];
    return NULL;
}

void
option_refuse(const struct plugin_context *ctx, const char *name, const char *hint, const char *why)
{
    const struct opt_pair *o = find(ctx, name);

    ASSERT(ctx->given != NULL);
    findings_add(ctx->findings, FINDING_ERROR, o != NULL ? o->pos : ctx->pos, hint,
                 "Unable to configure plugins: (ConfigurationError) The setting `%s` in plugin "
                 "`%.*s` is not supported. %s",
                 name, SLICE_ARGS(ctx->given->name), why);
}

bool
option_is_given(const struct plugin_context *ctx, const char *name)
{
    return find(ctx, name) != NULL;
}
