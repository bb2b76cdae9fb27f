/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/json_write.h"
#include "codec/lj_decode.h"
#include "codec/lj_encode.h"
#include "tests/unit/unit.h"

#include <stdio.h>

/* ---- a window as a loop hands it over ---- */

struct setup {
    struct budget budget;
    struct budget_share share;
    struct lj_limits limits;
    struct lj_decoder *decoder;
    struct window *window;
    struct lj_acks acks;
    struct lj_found found;
    struct err err;
    struct batch *batch;
};

static void
setup_init(struct setup *s, size_t memory)
{
    *s = (struct setup){ .limits = lj_default_limits };
    budget_init(&s->budget, memory);
    budget_join(&s->budget, &s->share);
    s->decoder = lj_decoder_new();
}

static void
setup_fini(struct setup *s)
{
    window_free(&s->window);
    lj_decoder_free(&s->decoder);
    lj_acks_fini(&s->acks);
    ck_assert_int_eq(s->share.used, 0);
    ck_assert_int_eq(s->budget.used, 0);
    budget_leave(&s->share);
    arena_thread_trim();
}

static void
give_window(struct setup *s, const struct buf *frames)
{
    struct window_block *b;

    window_free(&s->window);
    s->window = window_new(&s->share);
    b = window_block(s->window, frames->n);
    memcpy(b->data, frames->p, frames->n);
    window_part(s->window, (struct slice){ b->data, frames->n });
}

static void
start(struct setup *s)
{
    lj_decode_start(s->decoder, s->window, &s->limits, LJ_QUARANTINE);
}

static enum decoded
next(struct setup *s)
{
    return lj_decode(s->decoder, &s->acks, &s->batch, &s->found, &s->err);
}

static void
put_events(struct buf *frames, uint32_t n, unsigned text)
{
    struct buf json = { 0 };

    for (uint32_t i = 1; i <= n; i++) {
        buf_clear(&json);
        buf_printf(&json, "{\"n\":%u,\"text\":\"%*s\"}", i, (int)text, "x");
        lj_put_json(frames, '2', i, buf_slice(&json));
    }
    buf_fini(&json);
}

static void
put_compressed(struct buf *out, uint32_t n, unsigned text)
{
    struct buf frames = { 0 };

    put_events(&frames, n, text);
    lj_put_compressed(out, '2', buf_slice(&frames), 6, NULL);
    buf_fini(&frames);
}

static int64_t
number_of(struct batch *b, uint32_t i)
{
    return value_to_int(value_get(&b->arena, &b->events[i]->data, SLICE("n")));
}

/* ---- lists of ACKs ---- */

START_TEST(acks_in_order_and_moved)
{
    struct lj_acks acks = { 0 }, taken;

    for (uint32_t i = 0; i < 100; i++)
        lj_acks_add(&acks, (struct lj_ack){ .seq = i, .version = '2' });
    taken = lj_acks_take(&acks);
    ck_assert_uint_eq(acks.n, 0);
    ck_assert_ptr_null(acks.more);
    for (uint32_t i = 0; i < 100; i++)
        ck_assert_uint_eq(lj_acks_at(&taken, i).seq, i);
    lj_acks_fini(&taken);
    lj_acks_fini(&acks);
}
END_TEST

/* ---- who owns the bytes ---- */

START_TEST(compressed_window_needs_its_blocks_no_more)
{
    struct buf frames = { 0 };
    struct setup s;

    setup_init(&s, 64 << 20);
    lj_put_window(&frames, '2', 20);
    put_compressed(&frames, 20, 100);
    give_window(&s, &frames);
    start(&s);
    ck_assert_int_eq(next(&s), DECODED_BATCH);
    ck_assert_uint_eq(s.batch->n, 20);
    ck_assert_int_eq(number_of(s.batch, 19), 20);
    ck_assert_ptr_null(s.window->blocks);
    ck_assert_uint_eq(s.window->bytes, 0);
    ck_assert_int_eq(s.budget.parts[BUDGET_BATCH], (int64_t)s.batch->arena.bytes);
    ck_assert_uint_eq(s.acks.n, 1);
    ck_assert_uint_eq(s.acks.first.seq, 20);
    batch_recycle(&s.batch);
    ck_assert_int_eq(next(&s), DECODED_END);
    ck_assert_uint_eq(s.found.events, 20);
    ck_assert_uint_eq(s.found.left, 0);
    ck_assert_uint_gt(s.found.inflated, 20 * 100);
    buf_fini(&frames);
    setup_fini(&s);
}
END_TEST

START_TEST(plain_events_alias_the_window)
{
    struct buf frames = { 0 };
    struct setup s;
    const struct value *v;

    setup_init(&s, 64 << 20);
    lj_put_window(&frames, '2', 2);
    put_events(&frames, 1, 10);
    put_compressed(&frames, 1, 10);
    give_window(&s, &frames);
    start(&s);
    ck_assert_int_eq(next(&s), DECODED_BATCH);
    ck_assert_ptr_nonnull(s.window->blocks);
    v = value_get(&s.batch->arena, &s.batch->events[0]->data, SLICE("text"));
    ck_assert(v->raw > s.window->blocks->data &&
              v->raw < s.window->blocks->data + s.window->blocks->n + s.window->blocks->cap);
    batch_recycle(&s.batch);
    ck_assert_int_eq(next(&s), DECODED_END);
    buf_fini(&frames);
    setup_fini(&s);
}
END_TEST

/* ---- room ---- */

START_TEST(room_that_was_reserved_is_spent_and_given_back)
{
    struct buf frames = { 0 };
    struct setup s;

    setup_init(&s, 64 << 20);
    lj_put_window(&frames, '2', 100);
    put_compressed(&frames, 100, 400);
    give_window(&s, &frames);
    ck_assert(budget_reserve(&s.share, BUDGET_BATCH, 5 << 20));
    s.window->room = 5 << 20;
    start(&s);
    ck_assert_int_eq(next(&s), DECODED_BATCH);
    ck_assert_int_eq(s.budget.parts[BUDGET_BATCH],
                     (int64_t)(s.batch->arena.bytes + s.window->room));
    batch_recycle(&s.batch);
    ck_assert_int_eq(next(&s), DECODED_END);
    ck_assert_uint_eq(s.window->room, 0);
    ck_assert_int_eq(s.budget.parts[BUDGET_BATCH], 0);
    buf_fini(&frames);
    setup_fini(&s);
}
END_TEST

START_TEST(guess_too_small_grows_while_there_is_room)
{
    struct buf frames = { 0 };
    struct setup s;

    setup_init(&s, 64 << 20);
    lj_put_window(&frames, '2', 2000);
    put_compressed(&frames, 2000, 400);
    give_window(&s, &frames);
    ck_assert(budget_reserve(&s.share, BUDGET_BATCH, 2000));
    s.window->room = 2000;
    start(&s);
    ck_assert_int_eq(next(&s), DECODED_BATCH);
    ck_assert_uint_eq(s.batch->n, 2000);
    batch_recycle(&s.batch);
    ck_assert_int_eq(next(&s), DECODED_END);
    buf_fini(&frames);
    setup_fini(&s);
}
END_TEST

/* What its events will be encoded to is known as soon as they are inflated. */
START_TEST(no_room_for_views_puts_the_window_back)
{
    struct buf frames = { 0 };
    struct setup s;
    size_t held;

    setup_init(&s, 16 << 20);
    lj_put_window(&frames, '2', 2000);
    put_compressed(&frames, 2000, 400);
    give_window(&s, &frames);
    s.window->encoded = 2.0;
    held = (size_t)6 << 20; /* of 7 that outputs may hold before workers stop */
    budget_charge(&s.share, BUDGET_VIEW, held);
    start(&s);
    ck_assert_int_eq(next(&s), DECODED_ROOM);
    ck_assert_uint_gt(s.window->guess, 800000);
    ck_assert_uint_eq(s.window->text, 0);
    ck_assert_int_eq(s.budget.parts[BUDGET_BATCH], 0);
    ck_assert_int_eq(s.share.views, (int64_t)held);

    budget_release(&s.share, BUDGET_VIEW, held);
    start(&s);
    ck_assert_int_eq(next(&s), DECODED_BATCH);
    ck_assert_uint_gt(s.window->text, 2000 * 400);
    ck_assert_uint_ge(s.window->view_room, 2 * (s.window->text + 2000 * WINDOW_EVENT));
    ck_assert_int_eq(s.share.views, (int64_t)s.window->view_room);
    batch_recycle(&s.batch);
    ck_assert_int_eq(next(&s), DECODED_END);
    buf_fini(&frames);
    setup_fini(&s);
}
END_TEST

/* Of many frames not each costs a try. */
START_TEST(no_room_for_the_first_of_two_doubles_the_guess)
{
    struct buf frames = { 0 };
    struct setup s;
    size_t held = (size_t)6 << 20;

    setup_init(&s, 16 << 20);
    lj_put_window(&frames, '2', 2000);
    put_compressed(&frames, 2000, 400);
    lj_put_window(&frames, '2', 1);
    put_compressed(&frames, 1, 10);
    give_window(&s, &frames);
    s.window->encoded = 2.0;
    s.window->guess = 1500000;
    budget_charge(&s.share, BUDGET_VIEW, held);
    start(&s);
    ck_assert_int_eq(next(&s), DECODED_ROOM);
    ck_assert_uint_eq(s.window->guess, 3000000);
    budget_release(&s.share, BUDGET_VIEW, held);
    start(&s);
    ck_assert_int_eq(next(&s), DECODED_BATCH);
    ck_assert_uint_eq(s.batch->n, 2001);
    batch_recycle(&s.batch);
    ck_assert_int_eq(next(&s), DECODED_END);
    buf_fini(&frames);
    setup_fini(&s);
}
END_TEST

/* Two C frames: the first one fits, its window is complete, and is put back all the same. */
START_TEST(no_room_puts_the_window_back_as_it_was)
{
    struct buf frames = { 0 };
    struct setup s;
    size_t bytes, used;

    setup_init(&s, 16 << 20);
    lj_put_window(&frames, '2', 1);
    put_compressed(&frames, 1, 10);
    lj_put_window(&frames, '2', 2000);
    put_compressed(&frames, 2000, 400);
    give_window(&s, &frames);
    bytes = s.window->bytes;
    used = (size_t)s.share.used;
    budget_charge(&s.budget.common, BUDGET_CONN, (size_t)s.budget.limit - used - 200000);
    start(&s);
    ck_assert_int_eq(next(&s), DECODED_ROOM);
    ck_assert_uint_gt(s.window->guess, 100000);
    ck_assert_uint_eq(s.window->room, 0);
    ck_assert_uint_eq(s.window->bytes, bytes);
    ck_assert_uint_eq(s.window->parts_n, 1);
    ck_assert_uint_eq(s.acks.n, 0);
    ck_assert_uint_eq(s.found.events, 0);
    ck_assert_uint_eq((size_t)s.share.used, used);

    budget_release(&s.budget.common, BUDGET_CONN, (size_t)s.budget.limit - used - 200000);
    start(&s);
    ck_assert_int_eq(next(&s), DECODED_BATCH);
    ck_assert_uint_eq(s.batch->n, 2001);
    ck_assert_uint_eq(s.acks.n, 2);
    batch_recycle(&s.batch);
    ck_assert_int_eq(next(&s), DECODED_END);
    buf_fini(&frames);
    setup_fini(&s);
}
END_TEST

START_TEST(window_beyond_an_eighth_of_memory_is_refused_with_both_numbers)
{
    struct buf frames = { 0 };
    struct setup s;
    char text[200];

    setup_init(&s, 1 << 20);
    lj_put_window(&frames, '2', 1000);
    put_compressed(&frames, 1000, 400);
    give_window(&s, &frames);
    start(&s);
    ck_assert_int_eq(next(&s), DECODED_BAD);
    ck_assert_int_eq(s.err.code, ERR_DECOMPRESSED_TOO_LARGE);
    snprintf(text, sizeof text,
             "window of %zu bytes inflates to more than %zu bytes; both together may be 131072, "
             "memory.limit / 8",
             frames.n, 131072 - frames.n);
    ck_assert_str_eq(s.err.msg, text);
    ck_assert_uint_eq(s.err.pos, 6);
    buf_fini(&frames);
    setup_fini(&s);
}
END_TEST

/* ---- more events than a batch holds ---- */

static void
check_batches(struct setup *s, uint32_t events)
{
    uint32_t seen = 0;
    struct batch *all[3];
    unsigned n = 0;

    start(s);
    while (next(s) == DECODED_BATCH) {
        ck_assert_uint_le(s->batch->n, BATCH_EVENTS);
        all[n++] = s->batch;
        if (n == 2) { /* the first batch may go while the others live */
            ck_assert_uint_eq(all[0]->n, BATCH_EVENTS);
            batch_recycle(&all[0]);
        }
        for (uint32_t i = 0; i < s->batch->n; i++)
            ck_assert_int_eq(number_of(s->batch, i), ++seen);
    }
    ck_assert_uint_eq(seen, events);
    ck_assert_uint_eq(s->found.events, events);
    ck_assert_uint_eq(s->acks.n, 1);
    ck_assert_uint_eq(s->acks.first.seq, events);
    for (unsigned i = 0; i < n; i++)
        batch_recycle(&all[i]);
}

START_TEST(large_windows_are_several_batches)
{
    static const uint32_t sizes[] = { BATCH_EVENTS, BATCH_EVENTS + 1, 2 * BATCH_EVENTS + 7 };

    for (unsigned i = 0; i < COUNT(sizes); i++) {
        for (unsigned compressed = 0; compressed < 2; compressed++) {
            struct buf frames = { 0 };
            struct setup s;

            setup_init(&s, 512 << 20);
            s.limits.window_events = 200000;
            lj_put_window(&frames, '2', sizes[i]);
            if (compressed)
                put_compressed(&frames, sizes[i], 3);
            else
                put_events(&frames, sizes[i], 3);
            give_window(&s, &frames);
            check_batches(&s, sizes[i]);
            buf_fini(&frames);
            setup_fini(&s);
        }
    }
}
END_TEST

/* Nodes of tiny events are many times their text: they are bounded, too. */
START_TEST(tiny_events_do_not_wait_for_a_full_batch)
{
    const uint32_t events = 40000;
    struct buf frames = { 0 };
    struct setup s;
    uint32_t seen = 0;
    unsigned batches = 0;

    setup_init(&s, 16 << 20);
    s.limits.window_events = events;
    lj_put_window(&frames, '2', events);
    put_compressed(&frames, events, 3);
    give_window(&s, &frames);
    start(&s);
    while (next(&s) == DECODED_BATCH) {
        ck_assert_uint_le(s.batch->arena.bytes, 3 * budget_window_max(&s.budget));
        for (uint32_t i = 0; i < s.batch->n; i++)
            ck_assert_int_eq(number_of(s.batch, i), ++seen);
        batch_recycle(&s.batch);
        batches++;
    }
    ck_assert_uint_gt(batches, 2);
    ck_assert_uint_eq(seen, events);
    ck_assert_uint_eq(s.acks.n, 1);
    ck_assert_uint_eq(s.acks.first.seq, events);
    buf_fini(&frames);
    setup_fini(&s);
}
END_TEST

/* ---- errors ---- */

START_TEST(complete_windows_before_an_error_go_on)
{
    struct buf frames = { 0 };
    struct setup s;

    setup_init(&s, 64 << 20);
    lj_put_window(&frames, '2', 2);
    put_events(&frames, 2, 1);
    lj_put_window(&frames, '1', 2);
    put_events(&frames, 1, 1);
    buf_append(&frames, SLICE("2C\0\0\0\3zzz"));
    give_window(&s, &frames);
    start(&s);
    ck_assert_int_eq(next(&s), DECODED_BATCH);
    ck_assert_uint_eq(s.batch->n, 2);
    ck_assert_uint_eq(s.acks.n, 1);
    ck_assert_int_eq(s.acks.first.version, '2');
    batch_recycle(&s.batch);
    ck_assert_int_eq(next(&s), DECODED_BAD);
    ck_assert_int_eq(s.err.code, ERR_BAD_ZLIB);
    ck_assert_str_eq(s.err.msg, "C frame of 3 bytes that is no whole zlib stream");
    ck_assert_uint_eq(s.err.pos, frames.n - 9);
    ck_assert_uint_eq(s.found.events, 2);
    buf_fini(&frames);
    setup_fini(&s);
}
END_TEST

START_TEST(bad_event_under_close_names_itself)
{
    struct buf frames = { 0 };
    struct setup s;

    setup_init(&s, 64 << 20);
    lj_put_window(&frames, '2', 1);
    lj_put_json(&frames, '2', 17, SLICE("{\"a\":tru}"));
    give_window(&s, &frames);
    lj_decode_start(s.decoder, s.window, &s.limits, LJ_CLOSE);
    ck_assert_int_eq(next(&s), DECODED_BAD);
    ck_assert_str_eq(s.err.msg, "event 17: 't' instead of a value at byte 5");
    ck_assert_uint_eq(s.found.bad[LJ_BAD_JSON], 1);
    buf_fini(&frames);
    setup_fini(&s);
}
END_TEST

/* ---- events ---- */

static void
check_event(const char *name, const struct buf *frames, const char *want, uint32_t run_index)
{
    struct buf got = { 0 };
    struct setup s;

    setup_init(&s, 64 << 20);
    give_window(&s, frames);
    start(&s);
    ck_assert_int_eq(next(&s), DECODED_BATCH);
    value_write(&s.batch->events[0]->data, &got);
    ck_assert_msg(strcmp(buf_cstr(&got), want) == 0, "%s: %s", name, got.p);
    ck_assert_uint_eq(s.batch->events[0]->run_index, run_index);
    batch_recycle(&s.batch);
    ck_assert_int_eq(next(&s), DECODED_END);
    buf_fini(&got);
    setup_fini(&s);
}

static const struct {
    const char *name;
    struct slice payload;
    const char *want;
    uint32_t run_index;
} payloads[] = {
    { "good", SLICE_INIT("{\"a\":[1,{\"b\":null}]}"), "{\"a\":[1,{\"b\":null}]}", 0 },
    { "equal keys", SLICE_INIT("{\"a\":1,\"b\":2,\"a\":3}"), "{\"b\":2,\"a\":3}", 0 },
    { "line ends", SLICE_INIT("{\"a\":\n1}"), "{\"a\": 1}", 0 },
    { "no JSON, line ends kept", SLICE_INIT("{\n\"a\":}"),
      "{\"message\":\"{\\n\\\"a\\\":}\",\"tags\":[\"_jsonparsefailure\"]}", LJ_EVENT_BAD },
    { "bad UTF-8, each part once",
      SLICE_INIT("\xf0\x9f\x98\xff\xe2\x82"
                 "a"),
      "{\"message\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
      "a\",\"tags\":[\"_jsonparsefailure\"]}",
      LJ_EVENT_BAD },
    { "byte order mark and NUL stay", SLICE_INIT("\xef\xbb\xbf\0"),
      "{\"message\":\"\xef\xbb\xbf\\u0000\",\"tags\":[\"_jsonparsefailure\"]}", LJ_EVENT_BAD },
};

START_TEST(event_from_json)
{
    struct buf frames = { 0 };

    lj_put_window(&frames, '2', 1);
    lj_put_json(&frames, '2', 1, payloads[_i].payload);
    check_event(payloads[_i].name, &frames, payloads[_i].want, payloads[_i].run_index);
    buf_fini(&frames);
}
END_TEST

START_TEST(event_from_pairs)
{
    struct slice pairs[] = { SLICE_INIT("a\"b"),     SLICE_INIT("1"), SLICE_INIT("x"),
                             SLICE_INIT("\xff"),     SLICE_INIT("x"), SLICE_INIT("last\n"),
                             SLICE_INIT("\xc3"),     SLICE_INIT(""),  SLICE_INIT(""),
                             SLICE_INIT("empty key") };
    struct buf frames = { 0 };

    lj_put_window(&frames, '1', 1);
    lj_put_data(&frames, '1', 1, pairs, 5);
    check_event("pairs", &frames,
                "{\"a\\\"b\":\"1\",\"x\":\"last\\n\",\"\xef\xbf\xbd\":\"\",\"\":\"empty key\"}", 0);
    buf_fini(&frames);
}
END_TEST

/* As many as the limit, all equal but two: done in no time. */
START_TEST(many_pairs_with_one_key)
{
    static struct slice pairs[2 * 65536];
    struct buf frames = { 0 };
    struct setup s;
    struct value *v;

    for (unsigned i = 0; i < COUNT(pairs); i++)
        pairs[i] = i % 2 == 0 ? SLICE("key") : SLICE("v");
    pairs[2] = SLICE("other");
    pairs[COUNT(pairs) - 1] = SLICE("last");
    setup_init(&s, 512 << 20);
    lj_put_window(&frames, '1', 1);
    lj_put_data(&frames, '1', 1, pairs, 65536);
    give_window(&s, &frames);
    start(&s);
    ck_assert_int_eq(next(&s), DECODED_BATCH);
    v = &s.batch->events[0]->data;
    ck_assert_uint_eq(value_count(&s.batch->arena, v), 2);
    ck_assert_slice(value_text(&s.batch->arena, value_get(&s.batch->arena, v, SLICE("key"))),
                    SLICE("last"));
    batch_recycle(&s.batch);
    ck_assert_int_eq(next(&s), DECODED_END);
    buf_fini(&frames);
    setup_fini(&s);
}
END_TEST

START_TEST(window_that_goes_on_where_another_stopped)
{
    struct buf frames = { 0 };
    struct setup s;

    setup_init(&s, 64 << 20);
    put_compressed(&frames, 2, 1);
    give_window(&s, &frames);
    s.window->left = 3;
    s.window->version = '1';
    start(&s);
    ck_assert_int_eq(next(&s), DECODED_BATCH);
    batch_recycle(&s.batch);
    ck_assert_int_eq(next(&s), DECODED_END);
    ck_assert_uint_eq(s.found.left, 1);
    ck_assert_int_eq(s.found.version, '1');
    ck_assert_uint_eq(s.acks.n, 0);
    buf_fini(&frames);
    setup_fini(&s);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, acks_in_order_and_moved);
    tcase_add_test(tc, compressed_window_needs_its_blocks_no_more);
    tcase_add_test(tc, plain_events_alias_the_window);
    tcase_add_test(tc, room_that_was_reserved_is_spent_and_given_back);
    tcase_add_test(tc, guess_too_small_grows_while_there_is_room);
    tcase_add_test(tc, no_room_for_views_puts_the_window_back);
    tcase_add_test(tc, no_room_for_the_first_of_two_doubles_the_guess);
    tcase_add_test(tc, no_room_puts_the_window_back_as_it_was);
    tcase_add_test(tc, window_beyond_an_eighth_of_memory_is_refused_with_both_numbers);
    tcase_add_test(tc, large_windows_are_several_batches);
    tcase_add_test(tc, tiny_events_do_not_wait_for_a_full_batch);
    tcase_add_test(tc, complete_windows_before_an_error_go_on);
    tcase_add_test(tc, bad_event_under_close_names_itself);
    tcase_add_loop_test(tc, event_from_json, 0, (int)COUNT(payloads));
    tcase_add_test(tc, event_from_pairs);
    tcase_add_test(tc, many_pairs_with_one_key);
    tcase_add_test(tc, window_that_goes_on_where_another_stopped);
}

UNIT_MAIN("lj_decode")
