/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/batch.h"
#include "codec/json_scan.h"
#include "codec/json_write.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <time.h>

static struct batch *batch;

/* An event whose data is this object. */
static struct event *
event_of(const char *json)
{
    struct event *ev = batch_add(batch);
    size_t n = strlen(json);
    char *text = arena_block(&batch->arena, n);
    struct err err = { 0 };

    memcpy(text, json, n);
    ck_assert_msg(json_scan_object(&batch->arena, text, n, JSON_DEPTH, &ev->data, &err) == 0, "%s",
                  err.msg);
    return ev;
}

static struct fieldref
ref(const char *text)
{
    struct fieldref r;
    struct err err = { 0 };

    ck_assert_msg(fieldref_compile(&batch->arena, slice_of(text), ESCAPE_NONE, &r, &err) == 0, "%s",
                  err.msg);
    return r;
}

static const char *
json_of(const struct event *ev)
{
    static struct buf out;

    buf_clear(&out);
    value_write(&ev->data, &out);
    return buf_cstr(&out);
}

static void
setup(void)
{
    batch = batch_new(NULL);
}

static void
teardown(void)
{
    batch_recycle(&batch);
}

START_TEST(an_untouched_event_leaves_as_it_came)
{
    const char *json = "{\"a\":1.50,\"b\":{\"c\":[1, 2,{\"d\":\"\\u00e9\\n\"}]},\"e\":null}";

    ck_assert_str_eq(json_of(event_of(json)), json);
}
END_TEST

/* Its quotes are put around when it leaves; what needs escapes gets them. */
START_TEST(a_piece_of_a_text_is_a_text)
{
    static const char *const pieces[] = { "caf\xc3\xa9", "", "a \"b\"", "0123456789", "\xff" };
    struct event *ev = event_of("{\"x\":1}"), *other = batch_add(batch);
    struct fieldref x = ref("x"), y = ref("[y][z]");

    for (size_t i = 0; i < COUNT(pieces); i++) {
        struct slice piece = slice_of(pieces[i]);
        struct buf want = { 0 };

        ck_assert_int_eq(event_set(ev, &x, value_str_alias(&batch->arena, piece), NULL), 0);
        ck_assert_int_eq(event_set(ev, &y, value_copy(&batch->arena, event_get(ev, &x)), NULL), 0);
        ck_assert_slice(value_text(&batch->arena, event_get(ev, &y)), piece);
        ck_assert(value_equal(&batch->arena, event_get(ev, &x), event_get(ev, &y)));
        json_write_string(piece, &want);
        ck_assert_str_eq(json_of(ev), arena_printf(&batch->arena, "{\"x\":%.*s,\"y\":{\"z\":%.*s}}",
                                                   (int)want.n, want.p, (int)want.n, want.p)
                                          .p);
        other->data = value_import(&batch->arena, &ev->data);
        ck_assert_str_eq(json_of(other), arena_cstr(&batch->arena, slice_of(json_of(ev))));
        buf_fini(&want);
    }
}
END_TEST

/* A sender chooses the keys, and a loop waits: comparing each with each would take minutes. */
START_TEST(equal_keys_among_very_many)
{
    enum { KEYS = 300000 };
    struct buf text = { 0 };
    struct event *ev;
    clock_t began;

    buf_printf(&text, "{\"a\":{\"x\":1,\"x\":2");
    for (int i = 0; i < KEYS; i++)
        buf_printf(&text, ",\"k%07d\":1", i);
    buf_printf(&text, "}}");
    ev = event_of(buf_cstr(&text));
    began = clock();
    value_unique_keys(&batch->arena, &ev->data);
    ck_assert_int_lt((clock() - began) / CLOCKS_PER_SEC, 10);
    ck_assert_uint_eq(value_count(&batch->arena, value_at(&batch->arena, &ev->data, 0)), KEYS + 1);
    ck_assert_int_eq(strncmp(json_of(ev), "{\"a\":{\"x\":2,\"k0000000\":1,", 25), 0);
    buf_fini(&text);
}
END_TEST

/* Where a member was last says nothing for sure about the next event. */
START_TEST(members_are_found_in_any_order)
{
    static const char *const events[] = { "{\"a\":0,\"b\":1,\"c\":2}", "{\"b\":1,\"a\":0}",
                                          "{\"c\":2,\"d\":3}", "{}",
                                          "{\"c\":2,\"d\":3,\"a\":0,\"b\":1}" };
    static const char *const names[] = { "a", "b", "c", "d" };
    struct fieldref at[COUNT(names)];

    for (size_t i = 0; i < COUNT(names); i++)
        at[i] = ref(names[i]);
    for (size_t e = 0; e < COUNT(events); e++) {
        struct event *ev = event_of(events[e]);

        for (size_t i = 0; i < COUNT(names); i++) {
            struct value *v = event_get(ev, &at[i]);

            ck_assert_int_eq(v != NULL, strstr(events[e], names[i]) != NULL);
            ck_assert(v == NULL || value_to_int(v) == (int64_t)i);
        }
        event_remove(ev, &at[0]);
        ck_assert_ptr_null(event_get(ev, &at[0]));
    }
}
END_TEST

/* Looking is no change, also when it turns opaque into indexed and decodes a string. */
START_TEST(reading_changes_nothing)
{
    const char *json = "{\"b\":{\"c\":[1, 2,{\"d\":\"x\\ny\"}]},\"k\\u0065y\":1}";
    struct event *ev = event_of(json);
    struct fieldref d = ref("[b][c][-1][d]"), key = ref("key");
    struct value *v = event_get(ev, &d);

    ck_assert_ptr_nonnull(v);
    ck_assert_slice(value_text(&batch->arena, v), SLICE("x\ny"));
    ck_assert_ptr_nonnull(event_get(ev, &key));
    ck_assert_str_eq(json_of(ev), json);
}
END_TEST

START_TEST(a_change_deep_down_is_written)
{
    struct event *ev = event_of("{\"a\":{\"b\":{\"c\":1,\"d\":2}},\"z\":\"q\"}");
    struct fieldref c = ref("[a][b][c]"), n = ref("[a][new][x]"), d = ref("[a][b][d]");

    ck_assert_int_eq(event_set_str(ev, &c, SLICE("quote \" and \x01")), 0);
    ck_assert_int_eq(event_set(ev, &n, value_int(&batch->arena, -5), NULL), 0);
    ck_assert(event_remove(ev, &d));
    ck_assert_str_eq(json_of(ev), "{\"a\":{\"b\":{\"c\":\"quote \\\" and \\u0001\"},"
                                  "\"new\":{\"x\":-5}},\"z\":\"q\"}");
}
END_TEST

START_TEST(bytes_that_are_no_utf8_are_repaired_when_written)
{
    struct event *ev = event_of("{}");
    struct fieldref a = ref("a");

    ck_assert_int_eq(event_set_str(ev, &a, SLICE("x\xff\xe2\x82y")), 0);
    ck_assert_str_eq(json_of(ev), "{\"a\":\"x\xef\xbf\xbd\xef\xbf\xbdy\"}");
}
END_TEST

/* Keys that need escapes, and long ones, are found again and written well. */
START_TEST(unusual_keys)
{
    struct event *ev = event_of("{\"t\\tb\":1}");
    struct arena *a = &batch->arena;
    char *longest = arena_bytes(a, 70000);
    struct slice key = { longest, 70000 };

    memset(longest, 'k', key.n);
    ck_assert_ptr_nonnull(value_get(a, &ev->data, SLICE("t\tb")));
    value_assign(value_put(a, &ev->data, SLICE("q\"")), value_int(a, 2));
    value_assign(value_put(a, &ev->data, key), value_int(a, 3));
    ck_assert_int_eq(value_to_int(value_get(a, &ev->data, SLICE("q\""))), 2);
    ck_assert_int_eq(value_to_int(value_get(a, &ev->data, key)), 3);
    ck_assert_int_eq(strncmp(json_of(ev), "{\"t\\tb\":1,\"q\\\"\":2,\"kkk", 22), 0);
    ck_assert(value_remove_key(a, &ev->data, key));
    ck_assert_str_eq(json_of(ev), "{\"t\\tb\":1,\"q\\\"\":2}");
}
END_TEST

static void
put_by_hand(struct arena *a, struct value *object, const char *quoted)
{
    struct value *slot = value_open(a, object), v = value_int(a, 7);

    slot->raw = v.raw;
    slot->len = v.len;
    slot->type = v.type;
    slot->flags = v.flags;
    slot->key = quoted + 1;
    slot->key_len = (uint16_t)(strlen(quoted) - 2);
}

/* In an object of its own, in a copy, and beside many others, so that most groups of names are
 * taken and few are. */
START_TEST(members_are_found_however_they_came)
{
    struct arena *a = &batch->arena;
    struct event *from = event_of("{\"q\\\"\":1,\"plain\":2}");
    struct slice names[] = { SLICE("q\""), SLICE("plain"), SLICE("put"), SLICE("by hand"),
                             SLICE("") };
    struct event *ev = event_of(_i == 0 ? "{}" : "{\"x\":{\"y\":1},\"@timestamp\":2,\"host\":3}");
    struct value copy;

    for (size_t i = 0; i < COUNT(names); i++)
        ck_assert_ptr_null(value_get(a, &ev->data, names[i]));
    value_adopt(a, &ev->data, value_at(a, &from->data, 0));
    value_adopt(a, &ev->data, value_at(a, &from->data, 1));
    value_put(a, &ev->data, names[2]);
    put_by_hand(a, &ev->data, "\"by hand\"");
    value_put(a, &ev->data, names[4]);
    copy = value_copy(a, &ev->data);
    for (size_t i = 0; i < COUNT(names); i++) {
        ck_assert_ptr_nonnull(value_get(a, &ev->data, names[i]));
        ck_assert_ptr_nonnull(value_get(a, &copy, names[i]));
        ck_assert(value_remove_key(a, &ev->data, names[i]));
        ck_assert_ptr_null(value_get(a, &ev->data, names[i]));
        value_put(a, &ev->data, names[i]);
        ck_assert_ptr_nonnull(value_get(a, &ev->data, names[i]));
    }
    ck_assert_ptr_null(value_get(a, &ev->data, SLICE("absent")));
    copy = value_object(a);
    value_put(a, &copy, SLICE("\xff"));
    ck_assert_ptr_nonnull(value_get(a, &copy, SLICE("\xef\xbf\xbd")));
}
END_TEST

START_TEST(equal_keys_deep_down_become_one)
{
    struct event *ev = event_of("{\"a\":{\"x\":1,\"y\":{\"z\":1,\"z\":2},\"x\":3,\"x\":{\"w\":0,"
                                "\"w\":9}}}");

    value_unique_keys(&batch->arena, &ev->data);
    ck_assert_str_eq(json_of(ev), "{\"a\":{\"y\":{\"z\":2},\"x\":{\"w\":9}}}");
}
END_TEST

/* Where the last event had it says nothing of this one. */
START_TEST(members_are_found_wherever_each_event_has_them)
{
    struct fieldref a = ref("a"), b = ref("[b][c]");
    struct event *ev = event_of("{\"a\":1,\"b\":{\"c\":2}}");

    ck_assert_int_eq(value_to_int(event_get(ev, &a)), 1);
    ck_assert_int_eq(value_to_int(event_get(ev, &b)), 2);
    ev = event_of("{\"b\":{\"c\":3},\"x\":0,\"a\":4}");
    ck_assert_int_eq(value_to_int(event_get(ev, &a)), 4);
    ck_assert_int_eq(value_to_int(event_get(ev, &b)), 3);
    ck_assert(event_remove(ev, &b));
    ck_assert(event_remove(ev, &a));
    ck_assert_ptr_null(event_get(ev, &a));
    ck_assert_str_eq(json_of(ev), "{\"b\":{},\"x\":0}");
    ev = event_of("{}");
    ck_assert_ptr_null(event_get(ev, &a));
    for (int i = 0; i < 300; i++) {
        char name[16];
        size_t n = (size_t)snprintf(name, sizeof name, "k%d", i);

        value_put(&batch->arena, &ev->data, (struct slice){ name, n });
    }
    ck_assert_int_eq(event_set(ev, &a, value_int(&batch->arena, 5), NULL), 0);
    ck_assert_int_eq(value_to_int(event_get(ev, &a)), 5);
    ck_assert_int_eq(event_set(ev, &a, value_int(&batch->arena, 6), NULL), 0);
    ck_assert_uint_eq(value_count(&batch->arena, &ev->data), 301);
}
END_TEST

START_TEST(metadata_that_is_no_object_is_set_aside)
{
    struct event *ev = event_of("{\"@metadata\":5,\"@timestamp\":\"2024-05-01T12:00:00.000Z\"}");

    ck_assert_int_eq(event_construct(ev, (struct timestamp){ 0 }, NULL, true, NULL), 0);
    ck_assert_str_eq(json_of(ev), "{\"@timestamp\":\"2024-05-01T12:00:00.000Z\",\"_@metadata\":5,"
                                  "\"@version\":\"1\",\"tags\":[\"_metadataparsefailure\"]}");
    ev = event_of("{\"@metadata\":5}");
    ck_assert_int_eq(event_construct(ev, (struct timestamp){ 0 }, NULL, false, NULL), -1);
}
END_TEST

START_TEST(a_clone_shares_nothing_that_can_change)
{
    struct event *ev = event_of("{\"a\":{\"b\":1}}"), *copy;
    struct fieldref b = ref("[a][b]");

    event_get(ev, &b);
    copy = event_clone(ev);
    event_set(copy, &b, value_int(&batch->arena, 2), NULL);
    ck_assert_str_eq(json_of(ev), "{\"a\":{\"b\":1}}");
    ck_assert_str_eq(json_of(copy), "{\"a\":{\"b\":2}}");
    ck_assert_uint_eq(batch->spawned_n, 1);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, an_untouched_event_leaves_as_it_came);
    tcase_add_test(tc, a_piece_of_a_text_is_a_text);
    tcase_add_test(tc, equal_keys_among_very_many);
    tcase_add_test(tc, members_are_found_in_any_order);
    tcase_add_test(tc, reading_changes_nothing);
    tcase_add_test(tc, a_change_deep_down_is_written);
    tcase_add_test(tc, bytes_that_are_no_utf8_are_repaired_when_written);
    tcase_add_test(tc, unusual_keys);
    tcase_add_loop_test(tc, members_are_found_however_they_came, 0, 2);
    tcase_add_test(tc, equal_keys_deep_down_become_one);
    tcase_add_test(tc, members_are_found_wherever_each_event_has_them);
    tcase_add_test(tc, metadata_that_is_no_object_is_set_aside);
    tcase_add_test(tc, a_clone_shares_nothing_that_can_change);
}

UNIT_MAIN("event")
