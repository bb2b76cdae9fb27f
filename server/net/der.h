/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DER, element by element: what a certificate's subject and an encrypted key need of it. Pure;
 * every length is checked against what is there. False: not what was asked for. */
#ifndef SERVER_NET_DER_H
#define SERVER_NET_DER_H

#include "codec/base/slice.h"

#define DER_INTEGER   0x02
#define DER_OCTETS    0x04
#define DER_OID       0x06
#define DER_UTF8      0x0c
#define DER_PRINTABLE 0x13
#define DER_T61       0x14
#define DER_IA5       0x16
#define DER_UNIVERSAL 0x1c
#define DER_BMP       0x1e
#define DER_SEQUENCE  0x30
#define DER_SET       0x31

struct der {
    unsigned char tag;
    struct slice value;
    struct slice whole; /* with tag and length */
};

bool der_take(struct slice *s, struct der *e);
/* An element of that tag. */
bool der_take_tagged(struct slice *s, unsigned char tag, struct slice *value);
/* An INTEGER from 0 to most. */
bool der_take_number(struct slice *s, size_t most, size_t *n);

#endif
