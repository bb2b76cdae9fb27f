/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The AES-GCM provider of this build against NIST's vectors. Without a provider only the refusals
 * are left to test. */
#include "server/net/tls_aes.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdio.h>

/* "The Galois/Counter Mode of Operation" (McGrew, Viega), test cases 1 to 4, 7, 8, 13 to 16; those
 * with a 12-byte IV. Hexadecimal. */
#define LONG_KEY "feffe9928665731c6d6a8f9467308308"
#define LONG_IV  "cafebabefacedbaddecaf888"
#define ZEROS_16 "00000000000000000000000000000000"
#define ZEROS_12 "000000000000000000000000"
#define LONG_PLAIN                                                     \
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" \
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define LONG_AAD "feedfacedeadbeeffeedfacedeadbeefabaddad2"

static const struct {
    const char *name, *key, *iv, *aad, *plain, *sealed, *tag;
} vectors[] = {
    { "128, nothing", ZEROS_16, ZEROS_12, "", "", "", "58e2fccefa7e3061367f1d57a4e7455a" },
    { "128, one block", ZEROS_16, ZEROS_12, "", ZEROS_16, "0388dace60b6a392f328c2b971b2fe78",
      "ab6e47d42cec13bdf53a67b21257bddf" },
    { "128, whole blocks", LONG_KEY, LONG_IV, "", LONG_PLAIN "1aafd255",
      "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
      "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
      "4d5c2af327cd64a62cf35abd2ba6fab4" },
    { "128, aad and a broken block", LONG_KEY, LONG_IV, LONG_AAD, LONG_PLAIN,
      "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
      "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
      "5bc94fbc3221a5db94fae95ae7121a47" },
    { "192, nothing", ZEROS_16 "0000000000000000", ZEROS_12, "", "", "",
      "cd33b28ac773f74ba00ed1f312572435" },
    { "192, one block", ZEROS_16 "0000000000000000", ZEROS_12, "", ZEROS_16,
      "98e7247c07f0fe411c267e4384b0f600", "2ff58d80033927ab8ef4d4587514f0fb" },
    { "256, nothing", ZEROS_16 ZEROS_16, ZEROS_12, "", "", "", "530f8afbc74536b9a963b4f1c4cb738b" },
    { "256, one block", ZEROS_16 ZEROS_16, ZEROS_12, "", ZEROS_16,
      "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919" },
    { "256, whole blocks", LONG_KEY LONG_KEY, LONG_IV, "", LONG_PLAIN "1aafd255",
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
      "b094dac5d93471bdec1a502270e3cc6c" },
    { "256, aad and a broken block", LONG_KEY LONG_KEY, LONG_IV, LONG_AAD, LONG_PLAIN,
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
      "76fc6ece0f4e1768cddf8853bb2d551b" },
};

struct bytes {
    unsigned char at[80];
    size_t n;
};

static struct bytes
unhex(const char *text)
{
    struct bytes b = { .n = strlen(text) / 2 };

    for (size_t i = 0; i < b.n; i++) {
        unsigned v;

        ck_assert_int_eq(sscanf(text + 2 * i, "%2x", &v), 1);
        b.at[i] = (unsigned char)v;
    }
    return b;
}

static bool
has_provider(void)
{
    return strcmp(tls_aes_name(), "none") != 0;
}

START_TEST(device_passes_its_own_test)
{
    struct err err = { 0 };

    ck_assert_msg(tls_aes_start(&err) == 0, "%s", err.msg);
    ck_assert_int_eq(tls_aes_device() > 0, has_provider());
    tls_aes_stop();
    tls_aes_thread_fini();
}
END_TEST

/* Also in place: TLS 1.3 opens a record over itself. */
static void
check_vector(size_t i)
{
    struct bytes key = unhex(vectors[i].key), iv = unhex(vectors[i].iv),
                 aad = unhex(vectors[i].aad);
    struct bytes plain = unhex(vectors[i].plain), sealed = unhex(vectors[i].sealed);
    struct bytes tag = unhex(vectors[i].tag);
    unsigned char out[80] = { 0 }, got[AES_GCM_TAG];
    struct aes_gcm m = { key.at, key.n, iv.at, aad.at, aad.n, plain.at, out, plain.n };

    ck_assert_msg(tls_aes_seal(&m, got), "%s", vectors[i].name);
    ck_assert_msg(memcmp(out, sealed.at, sealed.n) == 0, "%s: sealed", vectors[i].name);
    ck_assert_msg(memcmp(got, tag.at, sizeof got) == 0, "%s: tag", vectors[i].name);
    m.in = out;
    ck_assert_msg(tls_aes_open(&m, got), "%s", vectors[i].name);
    ck_assert_msg(memcmp(out, plain.at, plain.n) == 0, "%s: opened", vectors[i].name);
}

START_TEST(nist_vector)
{
    if (has_provider())
        check_vector((size_t)_i);
    tls_aes_thread_fini();
}
END_TEST

/* Any bit of the tag, a bit of the text, a bit of the aad: refused, and nothing to read. */
START_TEST(one_wrong_bit_opens_nothing)
{
    struct bytes key = unhex(LONG_KEY), iv = unhex(LONG_IV), aad = unhex(LONG_AAD);
    struct bytes sealed = unhex(vectors[3].sealed), tag = unhex(vectors[3].tag);
    static const unsigned char nothing[80];
    unsigned char out[80];
    struct aes_gcm m = { key.at, key.n, iv.at, aad.at, aad.n, sealed.at, out, sealed.n };

    for (unsigned bit = 0; has_provider() && bit < AES_GCM_TAG * 8 + 2; bit++) {
        unsigned char *at = bit < AES_GCM_TAG * 8    ? &tag.at[bit / 8]
                            : bit == AES_GCM_TAG * 8 ? &sealed.at[59]
                                                     : &aad.at[0];
        unsigned char mask = (unsigned char)(1u << bit % 8);

        memset(out, 0xaa, sizeof out);
        *at ^= mask;
        ck_assert_msg(!tls_aes_open(&m, tag.at), "bit %u", bit);
        ck_assert_msg(memcmp(out, nothing, sealed.n) == 0, "bit %u leaves plaintext", bit);
        *at ^= mask;
    }
    ck_assert_int_eq(tls_aes_open(&m, tag.at), has_provider());
    tls_aes_thread_fini();
}
END_TEST

START_TEST(a_key_of_another_size_is_refused)
{
    static const size_t sizes[] = { 0, 8, 15, 17, 40 };
    unsigned char key[64] = { 0 }, out[16], tag[AES_GCM_TAG];

    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct aes_gcm m = { key, sizes[i], key, key, 0, key, out, sizeof out };

        ck_assert(!tls_aes_seal(&m, tag));
    }
    tls_aes_thread_fini();
}
END_TEST

static void *
many_vectors(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < 200; i++)
        check_vector(i % COUNT(vectors));
    tls_aes_thread_fini();
    return NULL;
}

START_TEST(four_threads_do_not_meet)
{
    pthread_t threads[4];

    if (!has_provider())
        return;
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_create(&threads[i], NULL, many_vectors, NULL);
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_join(threads[i], NULL);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, device_passes_its_own_test);
    tcase_add_loop_test(tc, nist_vector, 0, (int)COUNT(vectors));
    tcase_add_test(tc, one_wrong_bit_opens_nothing);
    tcase_add_test(tc, a_key_of_another_size_is_refused);
    tcase_add_test(tc, four_threads_do_not_meet);
}

UNIT_MAIN("tls_aes")
