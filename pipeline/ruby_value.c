/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/ruby_value.h"

#include "codec/base/error.h"
#include "codec/ruby_text.h"
#include "pipeline/decimal.h"

static void
inspect_text(struct slice s, struct buf *out)
{
    buf_byte(out, '"');
    ruby_text_escape(s, out);
    buf_byte(out, '"');
}

static void
inspect_container(struct arena *a, struct value *v, struct buf *out)
{
    bool object = v->type == V_OBJECT;

    buf_byte(out, object ? '{' : '[');
    for (uint32_t i = 0, n = value_count(a, v); i < n; i++) {
        struct value *kid = value_at(a, v, i);

        if (i > 0)
            buf_append(out, SLICE(", "));
        if (object) {
            inspect_text(value_key(a, kid), out);
            buf_append(out, SLICE(" => "));
        }
        ruby_value_inspect(a, kid, out);
    }
    buf_byte(out, object ? '}' : ']');
}

void
ruby_value_inspect(struct arena *a, struct value *v, struct buf *out)
{
    if (v->type == V_STRING)
        inspect_text(value_text(a, v), out);
    else if (v->type == V_NULL)
        buf_append(out, SLICE("nil"));
    else
        ruby_value_print(a, v, out);
}

static void
print_decimal(struct slice digits, struct buf *out)
{
    struct decimal d;

    if (decimal_parse(digits, &d))
        decimal_print_ruby(&d, out);
    else /* an exponent beyond 32 bits */
        buf_append(out, digits);
}

void
ruby_value_print(struct arena *a, struct value *v, struct buf *out)
{
    struct slice s;

    switch ((enum value_type)v->type) {
    case V_NULL: return;
    case V_STRING: buf_append(out, value_text(a, v)); return;
    case V_BOOL:
    case V_INT:
    case V_BIGINT: buf_append(out, value_raw_text(v)); return;
    case V_DOUBLE: ruby_text_double(value_to_double(v), out); return;
    case V_DECIMAL: print_decimal(value_raw_text(v), out); return;
    case V_TIMESTAMP:
        s = value_raw_text(v);
        buf_append(out, (struct slice){ s.p + 1, s.n - 2 });
        return;
    case V_ARRAY:
    case V_OBJECT: inspect_container(a, v, out); return;
    }
    UNREACHABLE("value type");
}

struct slice
ruby_value_text(struct arena *a, struct value *v, struct buf *scratch)
{
    if (v->type == V_STRING)
        return value_text(a, v);
    buf_clear(scratch);
    ruby_value_print(a, v, scratch);
    return buf_slice(scratch);
}
