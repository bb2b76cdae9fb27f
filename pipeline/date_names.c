/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The names are those of the Unicode locale data as Java gives them in the middle of a date, from
 * the long to the short form. A variant is a name as it is, in lower or in upper case; variants
 * are found by their first byte, the longest first. */
#include "pipeline/date_names.h"

#include "pipeline/text_case.h"

#include <stdlib.h>

#define VARIANTS 256 /* (12 + 12) * 3 is the most there is */

/* Names that differ from those of the language have rows behind it, with all regions they are used
 * in. kinds: in the order of enum date_name_kind, each list as often through as there are forms. */
static const struct locale {
    const char *tags; /* separated by blanks; a language alone stands for all other regions */
    const char *kinds[4];
} locales[] = {
    { "en",
      { "January|February|March|April|May|June|July|August|September|October|November|December|Jan|"
        "Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec",
        "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Mon|Tue|Wed|Thu|Fri|Sat|Sun",
        "AM|PM", "BC|AD|BCE|CE" } },
    { "en-CA",
      { "January|February|March|April|May|June|July|August|September|October|November|December|Jan."
        "|Feb.|Mar.|Apr.|May|Jun.|Jul.|Aug.|Sep.|Oct.|Nov.|Dec.",
        "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Mon.|Tue.|Wed.|Thu.|Fri.|Sat.|"
        "Sun.",
        "a.m.|p.m.", "BC|AD|BCE|CE" } },
    { "en-AU",
      { "January|February|March|April|May|June|July|August|September|October|November|December|Jan|"
        "Feb|Mar|Apr|May|June|July|Aug|Sept|Oct|Nov|Dec",
        "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Mon|Tue|Wed|Thu|Fri|Sat|Sun",
        "am|pm", "BC|AD|BCE|CE" } },
    { "en-GB",
      { "January|February|March|April|May|June|July|August|September|October|November|December|Jan|"
        "Feb|Mar|Apr|May|Jun|Jul|Aug|Sept|Oct|Nov|Dec",
        "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Mon|Tue|Wed|Thu|Fri|Sat|Sun",
        "am|pm", "BC|AD|BCE|CE" } },
    { "en-IE",
      { "January|February|March|April|May|June|July|August|September|October|November|December|Jan|"
        "Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec",
        "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Mon|Tue|Wed|Thu|Fri|Sat|Sun",
        "a.m.|p.m.", "BC|AD|BCE|CE" } },
    { "de",
      { "Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember|Jan.|"
        "Feb.|März|Apr.|Mai|Juni|Juli|Aug.|Sept.|Okt.|Nov.|Dez.",
        "Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag|Mo.|Di.|Mi.|Do.|Fr.|Sa.|So.",
        "AM|PM", "v. Chr.|n. Chr." } },
    { "de-AT de-IT",
      { "Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember|Jän.|"
        "Feb.|März|Apr.|Mai|Juni|Juli|Aug.|Sep.|Okt.|Nov.|Dez.",
        "Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag|Mo.|Di.|Mi.|Do.|Fr.|Sa.|So.",
        "AM|PM", "v. Chr.|n. Chr." } },
    { "fr",
      { "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|janv."
        "|févr.|mars|avr.|mai|juin|juil.|août|sept.|oct.|nov.|déc.",
        "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lun.|mar.|mer.|jeu.|ven.|sam.|dim.",
        "AM|PM", "av. J.-C.|ap. J.-C." } },
    { "fr-MA",
      { "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|jan.|"
        "fév.|mar.|avr.|mai|jui.|juil.|août|sept.|oct.|nov.|déc.",
        "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lun.|mar.|mer.|jeu.|ven.|sam.|dim.",
        "a.m.|p.m.", "av. J.-C.|ap. J.-C." } },
    { "fr-CM",
      { "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|janv."
        "|févr.|mars|avr.|mai|juin|juil.|août|sept.|oct.|nov.|déc.",
        "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lun.|mar.|mer.|jeu.|ven.|sam.|dim.",
        "matin|soir", "av. J.-C.|ap. J.-C." } },
    { "fr-CA",
      { "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|janv."
        "|févr.|mars|avr.|mai|juin|juill.|août|sept.|oct.|nov.|déc.",
        "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lun.|mar.|mer.|jeu.|ven.|sam.|dim.",
        "a.m.|p.m.", "av. J.-C.|ap. J.-C." } },
    { "es",
      { "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|"
        "ene|feb|mar|abr|may|jun|jul|ago|sept|oct|nov|dic",
        "lunes|martes|miércoles|jueves|viernes|sábado|domingo|lun|mar|mié|jue|vie|sáb|dom",
        "a. m.|p. m.", "a. C.|d. C." } },
    { "es-419 es-AR es-BO es-BR es-BZ es-CL es-CO es-CR es-CU es-DO es-EC es-GT es-HN es-MX es-NI "
      "es-PA es-PR es-SV es-US",
      { "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|"
        "ene.|feb.|mar.|abr.|may.|jun.|jul.|ago.|sep.|oct.|nov.|dic.",
        "lunes|martes|miércoles|jueves|viernes|sábado|domingo|lun|mar|mié|jue|vie|sáb|dom",
        "a. m.|p. m.", "a. C.|d. C." } },
    { "es-PY es-VE",
      { "enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|"
        "ene.|feb.|mar.|abr.|may.|jun.|jul.|ago.|sept.|oct.|nov.|dic.",
        "lunes|martes|miércoles|jueves|viernes|sábado|domingo|lun|mar|mié|jue|vie|sáb|dom",
        "a. m.|p. m.", "a. C.|d. C." } },
    { "es-PE es-UY",
      { "enero|febrero|marzo|abril|mayo|junio|julio|agosto|setiembre|octubre|noviembre|diciembre|"
        "ene.|feb.|mar.|abr.|may.|jun.|jul.|ago.|set.|oct.|nov.|dic.",
        "lunes|martes|miércoles|jueves|viernes|sábado|domingo|lun|mar|mié|jue|vie|sáb|dom",
        "a. m.|p. m.", "a. C.|d. C." } },
    { "it",
      { "gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|"
        "dicembre|gen|feb|mar|apr|mag|giu|lug|ago|set|ott|nov|dic",
        "lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|lun|mar|mer|gio|ven|sab|dom",
        "AM|PM", "a.C.|d.C." } },
    { "pt",
      { "janeiro|fevereiro|março|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro|"
        "jan.|fev.|mar.|abr.|mai.|jun.|jul.|ago.|set.|out.|nov.|dez.",
        "segunda-feira|terça-feira|quarta-feira|quinta-feira|sexta-feira|sábado|domingo|seg.|ter.|"
        "qua.|qui.|sex.|sáb.|dom.",
        "AM|PM", "a.C.|d.C." } },
    { "pt-AO pt-CH pt-CV pt-GQ pt-GW pt-LU pt-MO pt-MZ pt-PT pt-ST pt-TL",
      { "janeiro|fevereiro|março|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro|"
        "jan.|fev.|mar.|abr.|mai.|jun.|jul.|ago.|set.|out.|nov.|dez.",
        "segunda-feira|terça-feira|quarta-feira|quinta-feira|sexta-feira|sábado|domingo|segunda|"
        "terça|quarta|quinta|sexta|sábado|domingo",
        "da manhã|da tarde", "a.C.|d.C." } },
    { "nl",
      { "januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december|"
        "jan.|feb.|mrt.|apr.|mei|jun.|jul.|aug.|sep.|okt.|nov.|dec.",
        "maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|ma|di|wo|do|vr|za|zo",
        "a.m.|p.m.", "v.Chr.|n.Chr." } },
    { "sv",
      { "januari|februari|mars|april|maj|juni|juli|augusti|september|oktober|november|december|jan."
        "|feb.|mars|apr.|maj|juni|juli|aug.|sep.|okt.|nov.|dec.",
        "måndag|tisdag|onsdag|torsdag|fredag|lördag|söndag|mån|tis|ons|tors|fre|lör|sön", "fm|em",
        "f.Kr.|e.Kr." } },
    { "da",
      { "januar|februar|marts|april|maj|juni|juli|august|september|oktober|november|december|jan.|"
        "feb.|mar.|apr.|maj|jun.|jul.|aug.|sep.|okt.|nov.|dec.",
        "mandag|tirsdag|onsdag|torsdag|fredag|lørdag|søndag|man.|tir.|ons.|tor.|fre.|lør.|søn.",
        "AM|PM", "f.Kr.|e.Kr." } },
    { "nb",
      { "januar|februar|mars|april|mai|juni|juli|august|september|oktober|november|desember|jan.|"
        "feb.|mar.|apr.|mai|jun.|jul.|aug.|sep.|okt.|nov.|des.",
        "mandag|tirsdag|onsdag|torsdag|fredag|lørdag|søndag|man.|tir.|ons.|tor.|fre.|lør.|søn.",
        "a.m.|p.m.", "f.Kr.|e.Kr." } },
    { "no",
      { "januar|februar|mars|april|mai|juni|juli|august|september|oktober|november|desember|jan.|"
        "feb.|mar.|apr.|mai|jun.|jul.|aug.|sep.|okt.|nov.|des.",
        "mandag|tirsdag|onsdag|torsdag|fredag|lørdag|søndag|man.|tir.|ons.|tor.|fre.|lør.|søn.",
        "a.m.|p.m.", "f.Kr.|e.Kr." } },
    { "fi",
      { "tammikuuta|helmikuuta|maaliskuuta|huhtikuuta|toukokuuta|kesäkuuta|heinäkuuta|elokuuta|"
        "syyskuuta|lokakuuta|marraskuuta|joulukuuta|tammik.|helmik.|maalisk.|huhtik.|toukok.|kesäk."
        "|heinäk.|elok.|syysk.|lokak.|marrask.|jouluk.",
        "maanantaina|tiistaina|keskiviikkona|torstaina|perjantaina|lauantaina|sunnuntaina|ma|ti|ke|"
        "to|pe|la|su",
        "ap.|ip.", "eKr.|jKr." } },
    { "pl",
      { "stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|"
        "listopada|grudnia|sty|lut|mar|kwi|maj|cze|lip|sie|wrz|paź|lis|gru",
        "poniedziałek|wtorek|środa|czwartek|piątek|sobota|niedziela|pon.|wt.|śr.|czw.|pt.|sob.|"
        "niedz.",
        "AM|PM", "p.n.e.|n.e." } },
    { "cs",
      { "ledna|února|března|dubna|května|června|července|srpna|září|října|listopadu|prosince|led|"
        "úno|bře|dub|kvě|čvn|čvc|srp|zář|říj|lis|pro",
        "pondělí|úterý|středa|čtvrtek|pátek|sobota|neděle|po|út|st|čt|pá|so|ne", "dop.|odp.",
        "př. n. l.|n. l." } },
    { "ru",
      { "января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря|янв.|"
        "февр.|мар.|апр.|мая|июн.|июл.|авг.|сент.|окт.|нояб.|дек.",
        "понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|пн|вт|ср|чт|пт|сб|вс",
        "AM|PM", "до н. э.|н. э." } },
};

/* How many names make a form. */
static const int forms[] = { [DATE_MONTH] = 12, [DATE_DAY] = 7, [DATE_HALF] = 2, [DATE_ERA] = 2 };

struct variant {
    struct slice text;
    int value;
};

struct date_names {
    uint16_t first[257]; /* where the variants that begin with a byte start */
    struct variant at[VARIANTS];
};

/* ---- the table ---- */

static bool
has_tag(const struct locale *l, struct slice tag)
{
    struct slice tags = slice_of(l->tags), one;

    while (slice_split(&tags, ' ', &one))
        if (slice_eq_nocase(one, tag))
            return true;
    return false;
}

static const struct locale *
find_tag(struct slice tag)
{
    for (size_t i = 0; i < COUNT(locales); i++)
        if (has_tag(&locales[i], tag))
            return &locales[i];
    return NULL;
}

/* "de-AT", "de_AT.UTF-8", "de". A tag of language and region that has no row is like its language;
 * with a script in it, it may have other letters, so it is unknown. */
static const struct locale *
find_locale(struct slice name)
{
    char tag[16];
    size_t n = 0, dash;
    const struct locale *l;

    for (; n < name.n && n < sizeof tag && name.p[n] != '.'; n++)
        tag[n] = (char)(name.p[n] == '_' ? '-' : name.p[n]);
    l = find_tag((struct slice){ tag, n });
    dash = slice_find_byte((struct slice){ tag, n }, '-', 0);
    if (l != NULL || dash == SIZE_MAX || n - dash - 1 > 3)
        return l;
    return find_tag((struct slice){ tag, dash });
}

int
date_locale_check(struct slice locale, struct err *err)
{
    struct buf known = { 0 };

    if (find_locale(locale) != NULL)
        return 0;
    for (size_t i = 0; i < COUNT(locales); i++)
        if (strchr(locales[i].tags, '-') == NULL)
            buf_printf(&known, "%s%s", known.n > 0 ? " " : "", locales[i].tags);
    err_set(err, ERR_CONFIG, "locale \"%.*s\" is not supported; known are: %s", SLICE_ARGS(locale),
            buf_cstr(&known));
    buf_fini(&known);
    return -1;
}

/* ---- compiling ---- */

static bool
is_known(const struct date_names *names, size_t n, struct slice text)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq(names->at[i].text, text))
            return true;
    return false;
}

static void
add(struct date_names *names, size_t *n, struct arena *a, struct slice text, int value)
{
    if (text.n == 0 || is_known(names, *n, text))
        return;
    ASSERT(*n < VARIANTS);
    names->at[(*n)++] = (struct variant){ arena_copy(a, text), value };
}

static void
add_variants(struct date_names *names, size_t *n, struct arena *a, struct slice name, int value)
{
    static const enum text_case cases[] = { CASE_LOWER, CASE_UPPER };
    struct buf text = { 0 };

    add(names, n, a, name, value);
    for (size_t i = 0; i < COUNT(cases); i++) {
        buf_clear(&text);
        text_case_print(name, cases[i], &text);
        add(names, n, a, buf_slice(&text), value);
    }
    buf_fini(&text);
}

static int
by_first_byte_then_length(const void *x, const void *y)
{
    const struct variant *a = x, *b = y;
    int first = (unsigned char)a->text.p[0] - (unsigned char)b->text.p[0];

    return first != 0 ? first : (a->text.n < b->text.n) - (a->text.n > b->text.n);
}

const struct date_names *
date_names_compile(struct arena *a, struct slice locale, enum date_name_kind kind)
{
    const struct locale *l = find_locale(locale);
    struct date_names *names = arena_calloc(a, 1, sizeof *names);
    struct slice rest, name;
    size_t n = 0;

    ASSERT(l != NULL);
    rest = slice_of(l->kinds[kind]);
    for (int i = 0; slice_split(&rest, '|', &name); i++)
        add_variants(names, &n, a, name, i % forms[kind]);
    qsort(names->at, n, sizeof names->at[0], by_first_byte_then_length);
    for (unsigned byte = 0, i = 0; byte <= 256; byte++) {
        while (i < n && (unsigned char)names->at[i].text.p[0] < byte)
            i++;
        names->first[byte] = (uint16_t)i;
    }
    return names;
}

bool
date_names_take(const struct date_names *names, struct slice *s, int *value)
{
    unsigned char byte;

    if (s->n == 0)
        return false;
    byte = (unsigned char)s->p[0];
    for (unsigned i = names->first[byte]; i < names->first[byte + 1]; i++) {
        const struct variant *v = &names->at[i];

        /* The last byte rules out most: longer ones come first. */
        if (v->text.n <= s->n && v->text.p[v->text.n - 1] == s->p[v->text.n - 1] &&
            memcmp(v->text.p, s->p, v->text.n) == 0) {
            *value = v->value;
            *s = (struct slice){ s->p + v->text.n, s->n - v->text.n };
            return true;
        }
    }
    return false;
}
