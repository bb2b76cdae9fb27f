/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/ip.h"

#include "tests/unit/unit.h"

static const struct {
    const char *text;
    const char *from, *to; /* NULL: no network */
} networks[] = {
    { "10.1.2.3", "10.1.2.3", "10.1.2.3" },
    { "10.1.2.3/8", "10.0.0.0", "10.255.255.255" },
    { "10.1.2.3/255.255.0.0", "10.1.0.0", "10.1.255.255" },
    { "10.1.2.3/0", "0.0.0.0", "255.255.255.255" },
    { "10.1.2.3/31", "10.1.2.2", "10.1.2.3" },
    { "2001:db8::/33", "2001:db8:0:0:0:0:0:0", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff" },
    { "::1/ffff::", "0:0:0:0:0:0:0:0", "0:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
    { "::ffff:1.2.3.4", "0:0:0:0:0:ffff:102:304", "0:0:0:0:0:ffff:102:304" },
    { "10.1.2.3/33", NULL, NULL },
    { "10.1.2.3/-1", NULL, NULL },
    { "10.1.2.3/", NULL, NULL },
    { "10.1.2.3/+8", NULL, NULL },
    { "10.1.2.3/255.0.255.0", NULL, NULL },
    { "10.1.2.3/::", NULL, NULL },
    { "010.1.2.3", NULL, NULL },
    { "10.1.2", NULL, NULL },
    { " 10.1.2.3", NULL, NULL },
    { "fe80::1%eth0", NULL, NULL },
    { "2001:db8::/129", NULL, NULL },
    { "", NULL, NULL },
    { "/8", NULL, NULL },
};

START_TEST(network_from_text)
{
    struct ip_range range;
    char text[IP_TEXT];

    ck_assert_int_eq(ip_range_parse(slice_of(networks[_i].text), &range),
                     networks[_i].from != NULL);
    if (networks[_i].from == NULL)
        return;
    ck_assert_slice(((struct slice){ text, ip_print(&range.from, text) }),
                    slice_of(networks[_i].from));
    ck_assert_slice(((struct slice){ text, ip_print(&range.to, text) }), slice_of(networks[_i].to));
}
END_TEST

START_TEST(a_nul_ends_no_address)
{
    struct ip address;

    ck_assert(!ip_parse(SLICE("10.0.0.1\0"), &address));
}
END_TEST

static bool
has(const struct ip_set *set, const char *text)
{
    struct ip_range range;

    ck_assert(ip_range_parse(slice_of(text), &range));
    return ip_set_has(set, &range);
}

START_TEST(set_of_networks)
{
    static const char *const members[] = { "10.9.0.0/16",    "10.0.0.0/8", "192.168.1.0/24",
                                           "192.168.0.0/24", "10.0.0.0/8", "2001:db8::/32",
                                           "0.0.0.5" };
    struct ip_set set = { 0 };

    ck_assert(!has(&set, "10.0.0.1"));
    for (size_t i = 0; i < COUNT(members); i++) {
        struct ip_range range;

        ck_assert(ip_range_parse(slice_of(members[i]), &range));
        ip_set_add(&set, &range);
    }
    ip_set_finish(&set);
    ck_assert(has(&set, "10.0.0.0") && has(&set, "10.255.255.255") && has(&set, "10.9.1.1"));
    ck_assert(has(&set, "10.200.0.1")); /* behind the network inside */
    ck_assert(!has(&set, "9.255.255.255") && !has(&set, "11.0.0.0"));
    ck_assert(has(&set, "192.168.0.255") && has(&set, "192.168.1.0") && !has(&set, "192.168.2.0"));
    ck_assert(has(&set, "2001:db8:ffff::") && !has(&set, "2001:db9::"));
    ck_assert(has(&set, "0.0.0.5") && !has(&set, "::5"));
    ck_assert(has(&set, "10.1.0.0/16") && !has(&set, "10.0.0.0/7"));
    ip_set_fini(&set);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, network_from_text, 0, (int)COUNT(networks));
    tcase_add_test(tc, a_nul_ends_no_address);
    tcase_add_test(tc, set_of_networks);
}

UNIT_MAIN("ip")
