/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/charset.h"

#include "codec/ruby_text.h"
#include "codec/utf8.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

/* Ruby's name and iconv's; NULL: the same. Sets that iconv lacks are left out: a configuration
 * that names them is refused with the list. */
#define SETS(X)                          \
    X("UTF-8", NULL)                     \
    X("ASCII-8BIT", NULL)                \
    X("BINARY", NULL)                    \
    X("US-ASCII", NULL)                  \
    X("ASCII", NULL)                     \
    X("ANSI_X3.4-1968", NULL)            \
    X("646", "US-ASCII")                 \
    X("CP65001", "UTF-8")                \
    X("UTF8-MAC", "UTF-8")               \
    X("UTF-8-MAC", "UTF-8")              \
    X("Big5", NULL)                      \
    X("CP950", NULL)                     \
    X("Big5-HKSCS", NULL)                \
    X("Big5-HKSCS:2008", "BIG5-HKSCS")   \
    X("CP949", NULL)                     \
    X("EUC-JP", NULL)                    \
    X("eucJP", "EUC-JP")                 \
    X("eucJP-ms", "EUC-JP-MS")           \
    X("euc-jp-ms", "EUC-JP-MS")          \
    X("EUC-KR", NULL)                    \
    X("eucKR", "EUC-KR")                 \
    X("EUC-TW", NULL)                    \
    X("eucTW", "EUC-TW")                 \
    X("EUC-CN", NULL)                    \
    X("eucCN", "EUC-CN")                 \
    X("GB2312", NULL)                    \
    X("GB18030", NULL)                   \
    X("GBK", NULL)                       \
    X("CP936", "GBK")                    \
    X("ISO-8859-1", NULL)                \
    X("ISO8859-1", NULL)                 \
    X("ISO-8859-2", NULL)                \
    X("ISO8859-2", NULL)                 \
    X("ISO-8859-3", NULL)                \
    X("ISO8859-3", NULL)                 \
    X("ISO-8859-4", NULL)                \
    X("ISO8859-4", NULL)                 \
    X("ISO-8859-5", NULL)                \
    X("ISO8859-5", NULL)                 \
    X("ISO-8859-6", NULL)                \
    X("ISO8859-6", NULL)                 \
    X("ISO-8859-7", NULL)                \
    X("ISO8859-7", NULL)                 \
    X("ISO-8859-8", NULL)                \
    X("ISO8859-8", NULL)                 \
    X("ISO-8859-9", NULL)                \
    X("ISO8859-9", NULL)                 \
    X("ISO-8859-10", NULL)               \
    X("ISO8859-10", NULL)                \
    X("ISO-8859-11", NULL)               \
    X("ISO8859-11", NULL)                \
    X("ISO-8859-13", NULL)               \
    X("ISO8859-13", NULL)                \
    X("ISO-8859-14", NULL)               \
    X("ISO8859-14", NULL)                \
    X("ISO-8859-15", NULL)               \
    X("ISO8859-15", NULL)                \
    X("ISO-8859-16", NULL)               \
    X("ISO8859-16", NULL)                \
    X("KOI8-R", NULL)                    \
    X("CP878", "KOI8-R")                 \
    X("KOI8-U", NULL)                    \
    X("Shift_JIS", NULL)                 \
    X("SJIS", "CP932")                   \
    X("Windows-31J", "CP932")            \
    X("CP932", NULL)                     \
    X("csWindows31J", "CP932")           \
    X("PCK", "CP932")                    \
    X("UTF-16", NULL)                    \
    X("UTF-16BE", NULL)                  \
    X("UCS-2BE", "UTF-16BE")             \
    X("UTF-16LE", NULL)                  \
    X("UTF-32", NULL)                    \
    X("UTF-32BE", NULL)                  \
    X("UCS-4BE", "UTF-32BE")             \
    X("UTF-32LE", NULL)                  \
    X("UCS-4LE", "UTF-32LE")             \
    X("UTF-7", NULL)                     \
    X("CP65000", "UTF-7")                \
    X("Windows-1250", "CP1250")          \
    X("CP1250", NULL)                    \
    X("Windows-1251", "CP1251")          \
    X("CP1251", NULL)                    \
    X("Windows-1252", "CP1252")          \
    X("CP1252", NULL)                    \
    X("Windows-1253", "CP1253")          \
    X("CP1253", NULL)                    \
    X("Windows-1254", "CP1254")          \
    X("CP1254", NULL)                    \
    X("Windows-1255", "CP1255")          \
    X("CP1255", NULL)                    \
    X("Windows-1256", "CP1256")          \
    X("CP1256", NULL)                    \
    X("Windows-1257", "CP1257")          \
    X("CP1257", NULL)                    \
    X("Windows-1258", "CP1258")          \
    X("CP1258", NULL)                    \
    X("Windows-874", "CP874")            \
    X("CP874", NULL)                     \
    X("TIS-620", NULL)                   \
    X("IBM037", NULL)                    \
    X("ebcdic-cp-us", "IBM037")          \
    X("IBM437", NULL)                    \
    X("CP437", NULL)                     \
    X("IBM737", "CP737")                 \
    X("CP737", NULL)                     \
    X("IBM775", "CP775")                 \
    X("CP775", NULL)                     \
    X("IBM850", NULL)                    \
    X("CP850", NULL)                     \
    X("IBM852", NULL)                    \
    X("CP852", NULL)                     \
    X("IBM855", NULL)                    \
    X("CP855", NULL)                     \
    X("IBM857", NULL)                    \
    X("CP857", NULL)                     \
    X("IBM860", NULL)                    \
    X("CP860", NULL)                     \
    X("IBM861", NULL)                    \
    X("CP861", NULL)                     \
    X("IBM862", NULL)                    \
    X("CP862", NULL)                     \
    X("IBM863", NULL)                    \
    X("CP863", NULL)                     \
    X("IBM864", NULL)                    \
    X("CP864", NULL)                     \
    X("IBM865", NULL)                    \
    X("CP865", NULL)                     \
    X("IBM866", NULL)                    \
    X("CP866", NULL)                     \
    X("IBM869", NULL)                    \
    X("CP869", NULL)                     \
    X("macCenEuro", "MAC-CENTRALEUROPE") \
    X("macCyrillic", "MAC-CYRILLIC")     \
    X("macRoman", "MACINTOSH")           \
    X("ISO-2022-JP", NULL)               \
    X("ISO2022-JP", "ISO-2022-JP")       \
    X("ISO-2022-JP-2", NULL)             \
    X("ISO2022-JP2", "ISO-2022-JP-2")

#define NAME(ruby, system)   ruby,
#define SYSTEM(ruby, system) system,

const char *const charset_names[] = { SETS(NAME) NULL };
static const char *const system_names[] = { SETS(SYSTEM) NULL };

enum { SET_UTF8, SET_BINARY, SET_BINARY_ALIAS };

struct charset_converter {
    iconv_t cd; /* (iconv_t)-1: not opened */
    struct buf out;
};

static iconv_t
open_set(int set)
{
    const char *name = system_names[set];

    return iconv_open("UTF-8", name == NULL ? charset_names[set] : name);
}

int
charset_check(int set, struct err *err)
{
    iconv_t cd;

    if (set <= SET_BINARY_ALIAS)
        return 0;
    cd = open_set(set);
    if (cd == (iconv_t)-1)
        return err_set(err, ERR_CONFIG, "charset %s: this system cannot convert it",
                       charset_names[set]);
    iconv_close(cd);
    return 0;
}

static void
convert_binary(struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] < 0x80)
            buf_byte(out, text.p[i]);
        else
            buf_append(out, SLICE("\xEF\xBF\xBD"));
    }
}

/* from NULL: what the converter still holds back, a letter that might have got an accent. False: a
 * byte that means nothing is next. */
static bool
convert_piece(iconv_t cd, char **from, size_t *left, struct buf *out)
{
    size_t room = *left * 2 + 16, before = room, got;
    char *to = buf_reserve(out, room);

    got = iconv(cd, from, left, &to, &room);
    out->n += before - room;
    return got != (size_t)-1 || errno == E2BIG;
}

/* Bad and cut sequences become U+FFFD, a byte at a time. */
static void
convert_iconv(iconv_t cd, struct slice text, struct buf *out)
{
    char *from = (char *)(uintptr_t)text.p;
    size_t left = text.n, none = 0;

    iconv(cd, NULL, NULL, NULL, NULL);
    while (left > 0) {
        if (convert_piece(cd, &from, &left, out))
            continue;
        convert_piece(cd, NULL, &none, out);
        buf_append(out, SLICE("\xEF\xBF\xBD"));
        from++;
        left--;
    }
    convert_piece(cd, NULL, &none, out);
}

bool
charset_convert(struct charset_converter **c, int set, struct slice text, struct slice *out)
{
    *out = text;
    if (set == SET_UTF8 && utf8_valid(text))
        return false;
    if (*c == NULL) {
        *c = xcalloc(1, sizeof **c);
        (*c)->cd = (iconv_t)-1;
    }
    buf_clear(&(*c)->out);
    if (set == SET_UTF8) {
        ruby_text_escape(text, &(*c)->out);
    } else if (set <= SET_BINARY_ALIAS) {
        convert_binary(text, &(*c)->out);
    } else {
        if ((*c)->cd == (iconv_t)-1)
            (*c)->cd = open_set(set);
        ASSERT((*c)->cd != (iconv_t)-1); /* charset_check() opened it at start */
        convert_iconv((*c)->cd, text, &(*c)->out);
    }
    *out = buf_slice(&(*c)->out);
    return set == SET_UTF8;
}

void
charset_free(struct charset_converter **c)
{
    if (*c == NULL)
        return;
    if ((*c)->cd != (iconv_t)-1)
        iconv_close((*c)->cd);
    buf_fini(&(*c)->out);
    free(*c);
    *c = NULL;
}
