/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The filters without a test file of their own for it, under events made up to hurt. */
#include "tests/unit/hostile.h"
#include "tests/unit/unit.h"

static const char *const blocks[] = {
    "filter { mutate { rename => { 'v' => '[w][x]' } copy => { '[w][x]' => '[v][y]' } } }",
    "filter { mutate { convert => { 'v' => 'integer' } } }",
    "filter { mutate { convert => { 'v' => 'float' } } }",
    "filter { mutate { convert => { 'v' => 'boolean' } } }",
    "filter { mutate { convert => { 'v' => 'string' } strip => ['v'] } }",
    "filter { mutate { gsub => ['v', '[a-z]', '<\\0>'] } }",
    "filter { mutate { gsub => ['v', '%{v}', '%{v}'] } }",
    "filter { mutate { uppercase => ['v'] capitalize => ['v'] lowercase => ['v'] } }",
    "filter { mutate { split => { 'v' => '' } } }",
    "filter { mutate { split => { 'v' => ' ' } join => { 'v' => ',' } } }",
    "filter { mutate { merge => { 'v' => ['v', 'other'] } } }",
    "filter { mutate { replace => { '[v][a]' => '%{v}' } } }",
    "filter { json { source => 'v' } }",
    "filter { json { source => 'v' target => 't' } }",
    "filter { translate { source => 'v' dictionary => { 'a' => 'b' } } }",
    "filter { translate { source => 'v' exact => false dictionary => { 'aa' => 'b' 'a' => '' } } }",
    "filter { translate { source => 'v' regex => true dictionary => { '(a|b)+$' => 'b' } } }",
    "filter { translate { source => 'v' iterate_on => 'v' dictionary => { 'a' => 'b' } } }",
    "filter { translate { source => 'v' target => 't' iterate_on => 'other' "
    "dictionary => { 'x' => 'y' } } }",
    "filter { fingerprint { source => ['v'] } }",
    "filter { fingerprint { source => ['v', 'other'] concatenate_sources => true method => "
    "'MURMUR3_128' } }",
    "filter { fingerprint { concatenate_all_fields => true method => 'MURMUR3' } }",
    "filter { fingerprint { source => ['v'] method => 'IPV4_NETWORK' key => '8' } }",
    "filter { fingerprint { source => ['v'] method => 'PUNCTUATION' } }",
    "filter { urldecode { field => 'v' } }",
    "filter { urldecode { all_fields => true charset => 'ISO-8859-1' } }",
    "filter { uuid { target => '[v][id]' } }",
    "filter { de_dot { } }",
    "filter { de_dot { recursive => true } }",
    "filter { de_dot { recursive => true nested => true } }",
    "filter { de_dot { fields => ['v'] recursive => true nested => true } }",
    "filter { prune { whitelist_names => ['^v'] whitelist_values => { 'v' => 'a+b' } } }",
    "filter { prune { interpolate => true blacklist_names => ['%{v}'] } }",
    "filter { cidr { address => ['%{v}'] network => ['%{v}', '10.0.0.0/8'] } }",
    "filter { cidr { address_field => 'v' network => ['10.0.0.0/8'] } }",
    "filter { syslog_pri { syslog_pri_field_name => 'v' } }",
    "filter { truncate { length_bytes => 3 } }",
    "filter { clone { clones => ['a', 'b'] } }",
    "filter { split { field => 'v' } }",
    "filter { split { field => 'v' terminator => 'a' target => 't' } }",
    "filter { drop { percentage => 50 } }",
};

START_TEST(filter_survives)
{
    hostile_run(blocks[_i]);
}
END_TEST

static void
add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, filter_survives, 0, (int)COUNT(blocks));
}

UNIT_MAIN("filters_hostile")
