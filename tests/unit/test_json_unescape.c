/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/json_unescape.h"
#include "tests/unit/unit.h"

#define MOST 200

static const struct {
    const char *in, *want;
} table[] = {
    { "", "" },
    { "plain", "plain" },
    { "\\\"", "\"" },
    { "\\\\", "\\" },
    { "\\\\\\\"", "\\\"" },
    { "\\/\\b\\f\\n\\r\\t", "/\b\f\n\r\t" },
    { "\\u0041\\u00e9\\u20ac", "A\xc3\xa9\xe2\x82\xac" },
    { "\\ud83d\\ude00", "\xf0\x9f\x98\x80" },
    { "\\ud83d", "\xef\xbf\xbd" },
    { "\\ud83d\\u0041", "\xef\xbf\xbd"
                        "A" },
    { "a\\\\n", "a\\n" },
};

/* At each distance from the ends of blocks of 64 bytes. */
START_TEST(an_escape_stands_anywhere)
{
    for (size_t before = 0; before < 140; before++) {
        char in[MOST], want[MOST], out[MOST + JSON_UNESCAPE_ROOM];
        size_t n = strlen(table[_i].in), m = strlen(table[_i].want);

        memset(in, 'x', sizeof in);
        memset(want, 'x', sizeof want);
        memcpy(in + before, table[_i].in, n);
        memcpy(want + before, table[_i].want, m);
        for (size_t behind = 0; behind < 3; behind++) {
            struct slice text = { in, before + n + behind };
            struct slice expected = { want, before + m + behind };

            ck_assert_slice(((struct slice){ out, json_unescape(text, out) }), expected);
            ck_assert_slice(((struct slice){ out, json_unescape_scalar(text, out) }), expected);
        }
    }
}
END_TEST

/* Pieces in an order that nobody chose, so that runs of backslashes end where blocks do. */
START_TEST(both_forms_agree)
{
    static const char *const pieces[] = {
        "a", "bc", "\\\\", "\\\"", "\\n", "\\/", "\\u00e9", "{}"
    };
    uint32_t state = 12345;

    for (int round = 0; round < 20000; round++) {
        char in[MOST], x[MOST + JSON_UNESCAPE_ROOM], y[MOST + JSON_UNESCAPE_ROOM];
        struct slice text = { in, 0 };
        size_t n;

        for (;;) {
            const char *piece;

            state = state * 1664525u + 1013904223u;
            piece = pieces[(state >> 24) % COUNT(pieces)];
            if (text.n + strlen(piece) > MOST || (state >> 8) % 97 == 0)
                break;
            memcpy(in + text.n, piece, strlen(piece));
            text.n += strlen(piece);
        }
        n = json_unescape_scalar(text, y);
        ck_assert_slice(((struct slice){ x, json_unescape(text, x) }), ((struct slice){ y, n }));
    }
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, an_escape_stands_anywhere, 0, (int)COUNT(table));
    tcase_add_test(tc, both_forms_agree);
}

UNIT_MAIN("json_unescape")
