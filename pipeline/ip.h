/* SPDX-License-Identifier: GPL-3.0-or-later */
/* IP addresses and networks from text, and sets of networks. Pure. */
#ifndef PIPELINE_IP_H
#define PIPELINE_IP_H

#include "codec/base/error.h"
#include "codec/base/slice.h"

struct ip {
    uint8_t at[16]; /* network order; of IPv4 the first four, the others 0 */
    bool v6;
};

/* From the first to the last address, both of one family. */
struct ip_range {
    struct ip from, to;
};

#define IP_TEXT 46

/* The whole text, as inet_pton: no leading zeros, blanks, ports or zones. */
bool ip_parse(struct slice text, struct ip *out);
/* An address, alone or with /prefix or /mask behind it; bits of the host may be set. */
bool ip_range_parse(struct slice text, struct ip_range *out);
/* prefix bits of the address stay, the others become 0 in from, 1 in to. */
struct ip_range ip_range_of(const struct ip *address, unsigned prefix);
bool ip_range_has(const struct ip_range *outer, const struct ip_range *inner);
/* 192.0.2.1; 2001:db8:0:0:0:0:0:1, all eight groups as Java prints them. Returns the length. */
size_t ip_print(const struct ip *address, char out[IP_TEXT]);

/* Many networks, asked in logarithmic time. Built once. */
struct ip_set {
    struct ip_range *at;
    size_t n, cap;
};

void ip_set_add(struct ip_set *set, const struct ip_range *range);
void ip_set_finish(struct ip_set *set); /* sorts; after the last add, before the first question */
bool ip_set_has(const struct ip_set *set, const struct ip_range *range);
void ip_set_fini(struct ip_set *set);

#endif
