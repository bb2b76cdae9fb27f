/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A certificate's subject as text. */
#include "server/net/tls.h"
#include "server/net/tls_priv.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

static const struct {
    const char *name;
    struct slice subject; /* DER of the Name's content */
    const char *want;
} subjects[] = {
    { "empty", SLICE_INIT(""), "" },
    { "one",
      SLICE_INIT("\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03"
                 "abc"),
      "CN=abc" },
    { "last comes first",
      SLICE_INIT("\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02"
                 "NL"
                 "\x31\x0a\x30\x08\x06\x03\x55\x04\x0a\x0c\x01"
                 "A"),
      "O=A,C=NL" },
    { "several in one",
      SLICE_INIT("\x31\x14\x30\x08\x06\x03\x55\x04\x03\x0c\x01"
                 "a"
                 "\x30\x08\x06\x03\x55\x04\x0b\x0c\x01"
                 "b"),
      "CN=a+OU=b" },
    { "specials", SLICE_INIT("\x31\x12\x30\x10\x06\x03\x55\x04\x03\x0c\x09,=+<>#;\"\\"),
      "CN=\\,\\=\\+\\<\\>\\#\\;\\\"\\\\" },
    { "blanks at both ends", SLICE_INIT("\x31\x0e\x30\x0c\x06\x03\x55\x04\x03\x0c\x05 a b "),
      "CN=\\ a b\\ " },
    { "only blanks", SLICE_INIT("\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02  "), "CN=\\ \\ " },
    { "NUL and newline", SLICE_INIT("\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03\0\n."),
      "CN=\\00\\0A." },
    { "UTF-8 stays", SLICE_INIT("\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04\xc3\xa9\xc3\xa9"),
      "CN=\xc3\xa9\xc3\xa9" },
    { "bad UTF-8", SLICE_INIT("\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04\xc3(\xed\xa0"),
      "CN=\\C3(\\ED\\A0" },
    { "Latin-1", SLICE_INIT("\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x14\x01\xe9"), "CN=\xc3\xa9" },
    { "two-byte characters", SLICE_INIT("\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x1e\x04\0A\x20\xac"),
      "CN=A\xe2\x82\xac" },
    { "a keyword RFC 2253 lacks",
      SLICE_INIT("\x31\x14\x30\x12\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01\x16\x05"
                 "a@b.c"),
      "1.2.840.113549.1.9.1=#16056140622e63" },
    { "no string", SLICE_INIT("\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x02\x01\x05"), "CN=#020105" },
    { "length past the end",
      SLICE_INIT("\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x7f"
                 "abc"),
      "" },
    { "no set", SLICE_INIT("\x30\x02\x05\x00"), "" },
};

/* A version 3 certificate with that subject and nothing after it. Lengths below 128. */
static struct slice
certificate_of(struct slice subject, char *out)
{
    static const char before[] = "\xa0\x03\x02\x01\x02"
                                 "\x02\x01\x01"
                                 "\x30\x00"
                                 "\x30\x00"
                                 "\x30\x00";
    size_t fixed = sizeof before - 1, tbs = fixed + 2 + subject.n;

    out[0] = 0x30;
    out[1] = (char)(tbs + 2);
    out[2] = 0x30;
    out[3] = (char)tbs;
    memcpy(out + 4, before, fixed);
    out[4 + fixed] = 0x30;
    out[5 + fixed] = (char)subject.n;
    memcpy(out + 6 + fixed, subject.p, subject.n);
    return (struct slice){ out, 4 + tbs };
}

START_TEST(subject_in_rfc_2253)
{
    char der[128], got[TLS_SUBJECT_MAX];

    tls_subject_print(certificate_of(subjects[_i].subject, der), got, sizeof got);
    ck_assert_msg(strcmp(got, subjects[_i].want) == 0, "%s: got \"%s\", want \"%s\"",
                  subjects[_i].name, got, subjects[_i].want);
}
END_TEST

/* At every byte of a certificate, and with every size of the output. */
START_TEST(subject_cut_anywhere)
{
    char der[128], got[64];
    struct slice whole = certificate_of(subjects[4].subject, der);

    for (size_t n = 0; n < whole.n; n++) {
        char *copy = malloc(n + 1);

        memcpy(copy, whole.p, n);
        tls_subject_print((struct slice){ copy, n }, got, sizeof got);
        ck_assert_str_eq(got, "");
        free(copy);
    }
    for (size_t max = 1; max < sizeof got; max++) {
        tls_subject_print(whole, got, max);
        ck_assert_uint_lt(strlen(got), max);
        ck_assert_int_eq(strncmp(got, subjects[4].want, strlen(got)), 0);
        ck_assert(strlen(got) < 4 || strlen(got) % 2 == 1); /* no half escape */
    }
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, subject_in_rfc_2253, 0, (int)COUNT(subjects));
    tcase_add_test(tc, subject_cut_anywhere);
}

UNIT_MAIN("tls_subject")
