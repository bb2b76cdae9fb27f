/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/http_fields.h"

#include "codec/base/buf.h"

#include <sys/utsname.h>

static bool
has_field(const struct opt_hash *own, const char *name)
{
    for (size_t i = 0; i < own->n; i++)
        if (slice_eq_nocase(own->at[i].key, slice_of(name)))
            return true;
    return false;
}

static void
put(struct buf *out, struct slice name, struct slice value)
{
    buf_append(out, name);
    buf_append(out, SLICE(": "));
    buf_append(out, value);
    buf_append(out, SLICE("\r\n"));
}

void
http_field_put(struct buf *out, const struct opt_hash *own, const char *name, struct slice value)
{
    if (!has_field(own, name))
        put(out, slice_of(name), value);
}

void
http_fields_own(struct buf *out, const struct opt_hash *own)
{
    for (size_t i = 0; i < own->n; i++)
        put(out, own->at[i].key, own->at[i].value.text);
}

/* Every byte that HTTP allows in a name. */
static bool
is_token(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c <= ' ' || c == 0x7F || strchr("()<>@,;:\\\"/[]?={}", c) != NULL)
            return false;
    }
    return s.n > 0;
}

int
http_fields_check(const struct opt_hash *own, struct err *err)
{
    for (size_t i = 0; i < own->n; i++) {
        struct slice value = own->at[i].value.text;

        if (!is_token(own->at[i].key))
            return err_set(err, ERR_CONFIG, "\"%.*s\" is no name of a header",
                           SLICE_ARGS(own->at[i].key));
        if (slice_find_byte(value, '\n', 0) != SIZE_MAX ||
            slice_find_byte(value, '\r', 0) != SIZE_MAX ||
            slice_find_byte(value, '\0', 0) != SIZE_MAX)
            return err_set(err, ERR_CONFIG, "the value of header %.*s has a line end in it",
                           SLICE_ARGS(own->at[i].key));
    }
    return 0;
}

/* What would end the part or the brackets becomes a dot. */
static void
put_part(struct buf *out, const char *text, bool dashes)
{
    for (; *text != '\0'; text++)
        buf_byte(out, *text <= ' ' || strchr("();", *text) != NULL || (!dashes && *text == '-')
                          ? '.'
                          : *text);
}

void
http_user_agent(struct buf *out, const char *client)
{
    struct utsname os;

    buf_clear(out);
    buf_append(out, SLICE("Headrig/" HEADRIG_VERSION " (OS="));
    if (uname(&os) == 0) {
        put_part(out, os.sysname, false);
        buf_byte(out, '-');
        put_part(out, os.release, true);
        buf_byte(out, '-');
        put_part(out, os.machine, false);
    }
    buf_printf(out, ") %s", client);
}
