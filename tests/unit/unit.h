/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every unit test needs around Check: a main for one suite with one test case.
 *
 * Test files define `static void add_tests(TCase *tc)` and end with UNIT_MAIN("module"). Tests run
 * without forking, so that sanitizers see one process and report where it stopped. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include "codec/base/slice.h"

#include <check.h>
#include <stdlib.h>

#define ck_assert_slice(got, want)                                                            \
    do {                                                                                      \
        struct slice got_ = (got), want_ = (want);                                            \
        ck_assert_msg(slice_eq(got_, want_), "got \"%.*s\", want \"%.*s\"", SLICE_ARGS(got_), \
                      SLICE_ARGS(want_));                                                     \
    } while (0)

/* One process for all tests of a program, unless CK_FORK is in the environment. */
#define UNIT_MAIN(name)                                   \
    int main(void)                                        \
    {                                                     \
        Suite *suite = suite_create(name);                \
        TCase *tc = tcase_create(name);                   \
        SRunner *runner = srunner_create(suite);          \
        int failed;                                       \
        tcase_set_timeout(tc, 60);                        \
        add_tests(tc);                                    \
        suite_add_tcase(suite, tc);                       \
        if (getenv("CK_FORK") == NULL)                    \
            srunner_set_fork_status(runner, CK_NOFORK);   \
        srunner_run_all(runner, CK_NORMAL);               \
        failed = srunner_ntests_failed(runner);           \
        srunner_free(runner);                             \
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE; \
    }

#endif
