/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter syslog_pri: facility and severity from the number in front of a syslog line
 * (filters.md 28). */
#include "pipeline/ecs.h"
#include "pipeline/filter.h"
#include "pipeline/ruby_value.h"

/* User-level notice, where there is no number. */
#define DEFAULT_PRIORITY 13

struct conf {
    struct fieldref syslog_pri_field_name;
    bool use_labels;
    struct opt_list facility_labels, severity_labels;
    int ecs_compatibility;
    struct fieldref facility_code, facility_name, severity_code, severity_name;
};

static const struct option options[] = {
    OPT_BOOL(struct conf, use_labels, .dflt = "true", .help = "names beside the numbers"),
    OPT_LIST(struct conf, facility_labels,
             .dflt = "kernel,user-level,mail,daemon,security/authorization,syslogd,line printer,"
                     "network news,uucp,clock,security/authorization,ftp,ntp,log audit,log alert,"
                     "clock,local0,local1,local2,local3,local4,local5,local6,local7",
             .help = "names of the facilities, from 0"),
    OPT_LIST(struct conf, severity_labels,
             .dflt = "emergency,alert,critical,error,warning,notice,informational,debug",
             .help = "names of the severities, from 0"),
    OPT_FIELDREF(struct conf, syslog_pri_field_name,
                 .help = "field with the number; default: syslog_pri, with ECS "
                         "[log][syslog][priority]"),
    OPT_ECS(struct conf),
    OPT_END,
};

static int
prepare(void *conf, const struct plugin_context *ctx, struct err *err)
{
    struct conf *c = conf;
    bool ecs = ecs_is_on(c->ecs_compatibility, ctx);
    const struct {
        struct fieldref *ref;
        struct slice name[2];
    } fields[] = {
        { &c->syslog_pri_field_name,
          { SLICE_INIT("syslog_pri"), SLICE_INIT("[log][syslog][priority]") } },
        { &c->facility_code,
          { SLICE_INIT("syslog_facility_code"), SLICE_INIT("[log][syslog][facility][code]") } },
        { &c->facility_name,
          { SLICE_INIT("syslog_facility"), SLICE_INIT("[log][syslog][facility][name]") } },
        { &c->severity_code,
          { SLICE_INIT("syslog_severity_code"), SLICE_INIT("[log][syslog][severity][code]") } },
        { &c->severity_name,
          { SLICE_INIT("syslog_severity"), SLICE_INIT("[log][syslog][severity][name]") } },
    };

    for (size_t i = 0; i < COUNT(fields); i++)
        if (fields[i].ref->text.p == NULL &&
            fieldref_compile(ctx->arena, fields[i].name[ecs], ctx->escape, fields[i].ref, err) < 0)
            return -1;
    return 0;
}

/* Ruby's to_i: what is a number at the front, else 0. Nothing legal comes near the limit. */
static int64_t
lenient_integer(struct slice s)
{
    int64_t n = 0;
    bool negative = false;
    size_t i = 0;

    s = slice_trim(s);
    if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+'))
        negative = s.p[i++] == '-';
    for (; i < s.n && n < INT64_MAX / 20; i++) {
        if (s.p[i] == '_' && i > 0 && i + 1 < s.n && s.p[i - 1] != '_')
            continue;
        if (s.p[i] < '0' || s.p[i] > '9')
            break;
        n = n * 10 + (s.p[i] - '0');
    }
    return negative ? -n : n;
}

static int64_t
priority_of(struct arena *a, struct value *v)
{
    struct buf text = { 0 };
    int64_t n;

    if (v != NULL && v->type == V_ARRAY)
        v = value_count(a, v) > 0 ? value_at(a, v, 0) : NULL;
    if (v == NULL || v->type == V_NULL)
        return DEFAULT_PRIORITY;
    if (v->type == V_INT)
        return value_to_int(v);
    n = lenient_integer(ruby_value_text(a, v, &text));
    buf_fini(&text);
    return n;
}

/* Negative numbers count from the end, as indexes do in Ruby. */
static int
set_label(struct event *ev, const struct fieldref *at, const struct opt_list *labels, int64_t i)
{
    if (i < 0)
        i += (int64_t)labels->n;
    if (i < 0 || i >= (int64_t)labels->n)
        return event_set(ev, at, value_null(), NULL);
    return event_set_str(ev, at, labels->at[i]);
}

static enum verdict
apply(const void *conf, void *local, struct event *ev)
{
    const struct conf *c = conf;
    struct arena *a = event_arena(ev);
    int64_t priority = priority_of(a, event_get(ev, &c->syslog_pri_field_name));
    int64_t severity = priority & 7, facility = (priority - severity) / 8;

    (void)local;
    if (event_set(ev, &c->severity_code, value_int(a, severity), NULL) < 0 ||
        event_set(ev, &c->facility_code, value_int(a, facility), NULL) < 0)
        return EVENT_FAILED;
    if (!c->use_labels)
        return EVENT_KEEP;
    if (facility >= (int64_t)c->facility_labels.n) {
        event_tag(ev, SLICE("_syslogpriparsefailure"));
        return EVENT_KEEP;
    }
    if (set_label(ev, &c->severity_name, &c->severity_labels, severity) < 0 ||
        set_label(ev, &c->facility_name, &c->facility_labels, facility) < 0)
        return EVENT_FAILED;
    return EVENT_KEEP;
}

const struct filter_type filter_syslog_pri = {
    .name = "syslog_pri",
    .conf_size = sizeof(struct conf),
    .options = options,
    .prepare = prepare,
    .apply = apply,
};
