/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/unit.h"

#include "sinks/es_bulk.h"

/* The request: one letter an action. */
static enum es_action
sent(const void *request, uint32_t item)
{
    switch (((const char *)request)[item]) {
    case 'c': return ES_CREATE;
    case 'u': return ES_UPDATE;
    case 'd': return ES_DELETE;
    }
    return ES_INDEX;
}

#define OK_INDEX "{\"index\":{\"status\":201}}"

static const struct {
    const char *name;
    const char *request;
    const char *body;
    enum es_answer want;
    uint32_t returned;
    const char *message;
} answers[] = {
    { "all done", "ii", "{\"errors\":false,\"items\":[" OK_INDEX "," OK_INDEX "]}", ES_ALL_DONE, 2,
      NULL },
    { "blanks, other members, another order", "i",
      " { \"took\" : 3 ,\r\n\"x\":[{\"a\":\"]}\\\"\"},null],\"items\" : [ " OK_INDEX
      " ] , \"errors\" : false } ",
      ES_ALL_DONE, 1, NULL },
    { "each action under its own name", "icud",
      "{\"errors\":false,\"items\":[{\"index\":{}},{\"create\":{}},{\"update\":{}},{\"delete\":{}}]"
      "}",
      ES_ALL_DONE, 4, NULL },
    { "failures are not looked at without errors", "i",
      "{\"errors\":false,\"items\":[{\"index\":{\"status\":503}}]}", ES_ALL_DONE, 1, NULL },
    { "errors", "i", "{\"errors\":true,\"items\":[{\"index\":{\"status\":503}}]}", ES_ITEMS, 1,
      NULL },
    { "one item too few", "ii", "{\"errors\":false,\"items\":[" OK_INDEX "]}", ES_MISFIT, 1, NULL },
    { "one item too many", "i", "{\"errors\":true,\"items\":[" OK_INDEX "," OK_INDEX "]}",
      ES_MISFIT, 2, NULL },
    { "no items for some actions", "i", "{\"errors\":false,\"items\":[]}", ES_MISFIT, 0, NULL },
    { "another action", "i", "{\"errors\":false,\"items\":[{\"create\":{}}]}", ES_MISFIT, 1, NULL },
    { "another action among errors", "ic",
      "{\"errors\":true,\"items\":[{\"create\":{}},{\"index\":{}}]}", ES_MISFIT, 2, NULL },
    { "empty object", "i", "{}", ES_UNREADABLE, 0, "the answer has no errors" },
    { "errors is a text", "i", "{\"errors\":\"false\",\"items\":[" OK_INDEX "]}", ES_UNREADABLE, 0,
      "the answer has no errors" },
    { "items is an object", "i", "{\"errors\":false,\"items\":{}}", ES_UNREADABLE, 0,
      "the answer has no items" },
    { "items twice, the last one counts", "i",
      "{\"errors\":false,\"items\":[" OK_INDEX "],\"items\":null}", ES_UNREADABLE, 0,
      "the answer has no items" },
    { "items are missing", "i", "{\"errors\":false}", ES_UNREADABLE, 0, "the answer has no items" },
    { "a page of a proxy", "i", "<html>proxy</html>", ES_UNREADABLE, 0,
      "the answer is no JSON object, byte 0" },
    { "an array", "i", "[]", ES_UNREADABLE, 0, "the answer is no JSON object, byte 0" },
    { "nothing", "i", "", ES_UNREADABLE, 0, "the answer is no JSON object, byte 0" },
    { "cut in an item", "i", "{\"errors\":false,\"items\":[{\"index\":{\"st", ES_UNREADABLE, 0,
      "the answer is no JSON object, byte 38" },
    { "something behind it", "i", "{\"errors\":false,\"items\":[" OK_INDEX "]}x", ES_UNREADABLE, 0,
      "the answer is no JSON object, byte 51" },
    { "errors, but no JSON in the end", "i", "{\"errors\":true,\"items\":[{\"index\":{1:2}}]}",
      ES_UNREADABLE, 1, "the answer is no JSON: string or '}' expected near '1'" },
    { "two members in an item", "i", "{\"errors\":false,\"items\":[{\"index\":{},\"create\":{}}]}",
      ES_UNREADABLE, 0, "the answer is no JSON object, byte 36" },
};

START_TEST(an_answer_counts_only_if_it_fits)
{
    struct slice body = slice_of(answers[_i].body);
    struct es_items items;
    struct err err = { 0 };
    uint32_t returned = 99;
    enum es_answer got = es_answer_read(body, (uint32_t)strlen(answers[_i].request), sent,
                                        answers[_i].request, true, &returned, &items, &err);

    ck_assert_msg(got == answers[_i].want && returned == answers[_i].returned,
                  "%s: %d, %u items, \"%s\"", answers[_i].name, got, returned, err.msg);
    if (answers[_i].message != NULL)
        ck_assert_str_eq(err.msg, answers[_i].message);
    es_items_fini(&items);
}
END_TEST

START_TEST(an_answer_cut_anywhere_never_counts)
{
    struct slice body = SLICE("{\"took\":1,\"errors\":false,\"items\":[" OK_INDEX "]}");

    for (size_t n = 0; n < body.n; n++) {
        struct es_items items;
        struct err err = { 0 };
        uint32_t returned;

        ck_assert_int_eq(es_answer_read((struct slice){ body.p, n }, 1, sent, "i", true, &returned,
                                        &items, &err),
                         ES_UNREADABLE);
    }
}
END_TEST

START_TEST(an_own_filter_path_may_leave_the_items_out)
{
    struct es_items items;
    struct err err = { 0 };
    uint32_t returned;

    ck_assert_int_eq(es_answer_read(SLICE("{\"errors\":false}"), 5, sent, "iiiii", false, &returned,
                                    &items, &err),
                     ES_ALL_DONE);
    ck_assert_int_eq(es_answer_read(SLICE("{\"errors\":true}"), 5, sent, "iiiii", false, &returned,
                                    &items, &err),
                     ES_UNREADABLE);
}
END_TEST

START_TEST(items_tell_status_type_and_text)
{
    struct es_items items;
    struct err err = { 0 };
    uint32_t returned;

    ck_assert_int_eq(
        es_answer_read(
            SLICE("{\"errors\":true,\"items\":[" OK_INDEX ","
                  "{\"create\":{\"status\":400,\"error\":{\"type\":\"document_parsing_exception\","
                  "\"reason\":\"[1:5] failed to parse\",\"caused_by\":{\"type\":\"x\",\"reason\":"
                  "\"Duplicate field 'a'\"}}}},"
                  "{\"index\":{\"error\":{\"type\":7}}}]}"),
            3, sent, "ici", true, &returned, &items, &err),
        ES_ITEMS);
    ck_assert_uint_eq(items.n, 3);
    ck_assert_uint_eq(items.at[0].status, 201);
    ck_assert_ptr_null(items.at[0].text.p);
    ck_assert_uint_eq(items.at[1].status, 400);
    ck_assert_slice(items.at[1].type, SLICE("document_parsing_exception"));
    ck_assert(items.at[1].duplicate_keys);
    ck_assert_uint_eq(items.at[2].status, 0);
    ck_assert_uint_eq(items.at[2].type.n, 0);
    ck_assert(!items.at[2].duplicate_keys);
    ck_assert_slice(items.at[2].text, SLICE("{\"error\":{\"type\":7}}"));
    es_items_fini(&items);
}
END_TEST

static const struct {
    unsigned status;
    const char *type;
    enum es_outcome want;
} outcomes[] = {
    { 200, "", ES_DELIVERED },      { 201, "closed", ES_DELIVERED }, /* success comes first */
    { 202, "", ES_RETRY },                                           /* only 200 and 201 are */
    { 409, "closed", ES_CONFLICT }, { 403, "closed", ES_DROPPED },
    { 400, "closed", ES_DROPPED },  { 400, "other", ES_REFUSED },
    { 404, "", ES_REFUSED },        { 413, "", ES_REFUSED }, /* by the code given */
    { 401, "", ES_RETRY },          { 429, "", ES_RETRY },
    { 503, "close", ES_RETRY },     { 0, "", ES_RETRY },
};

START_TEST(the_first_matching_rule_decides)
{
    static const struct slice drop[] = { SLICE_INIT("closed") };
    static const int codes[] = { 413 };
    const struct es_outcome_rules rules = { drop, 1, codes, 1 };
    struct es_item item = { .status = outcomes[_i].status, .type = slice_of(outcomes[_i].type) };

    ck_assert_int_eq(es_outcome_of(&rules, &item), outcomes[_i].want);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, an_answer_counts_only_if_it_fits, 0, (int)COUNT(answers));
    tcase_add_test(tc, an_answer_cut_anywhere_never_counts);
    tcase_add_test(tc, an_own_filter_path_may_leave_the_items_out);
    tcase_add_test(tc, items_tell_status_type_and_text);
    tcase_add_loop_test(tc, the_first_matching_rule_decides, 0, (int)COUNT(outcomes));
}

UNIT_MAIN("es_bulk")
