/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A regular expression of the Ruby dialect as a tree: what regex_parse.c reads and
 * regex_translate.c writes for PCRE2.
 *
 * Flags are resolved while parsing: an RE_ANY knows whether it matches a newline, white space of
 * the extended form is gone, (?i) is a group of its own. All nodes live in the caller's arena and
 * alias the pattern's text; const after parsing. Rules: reference/grok-regex.md 4 and 5. */
#ifndef PIPELINE_REGEX_TREE_H
#define PIPELINE_REGEX_TREE_H

#include "codec/base/arena.h"
#include "codec/base/error.h"

/* Groups inside groups; a pattern set nests about 15. Every recursion over a tree has this bound.
 */
#define REGEX_DEPTH 200
#define REGEX_BYTES ((size_t)1 << 20)
/* PCRE2's; Ruby allows 100,000. */
#define REGEX_REPEAT 65535u
#define REGEX_GROUPS 10000u
#define REGEX_REFS   1000u

#define REGEX_MAX_CHAR 0x10ffffu
#define REPEAT_FOREVER UINT32_MAX

enum re_type {
    RE_CHAR,    /* one code point */
    RE_ANY,     /* the dot */
    RE_SHORT,   /* \w \d \s \h and their negations */
    RE_SET,     /* [...] and \p{...} */
    RE_ASSERT,  /* ^ $ \A \Z \z \G \b \B \K, and \R \X: letter says which */
    RE_CAT,     /* children one after the other; none: empty */
    RE_ALT,     /* children are the branches */
    RE_GROUP,   /* one child */
    RE_REPEAT,  /* one child */
    RE_BACKREF, /* numbers of the groups that may be meant, last first */
    RE_CALL,
    RE_COND /* group, then one or two children */
};

enum re_group {
    GROUP_PLAIN,   /* no capture */
    GROUP_CAPTURE, /* number says which */
    GROUP_ATOMIC,
    GROUP_AHEAD,
    GROUP_NOT_AHEAD,
    GROUP_BEHIND,
    GROUP_NOT_BEHIND,
    GROUP_CASE /* (?i: or (?-i: by icase */
};

enum re_greed { GREED_MAX, GREED_MIN, GREED_POSSESSIVE };

/* What \w, \d and \s mean, and with REGEX_ASCII also POSIX brackets and \b. */
enum re_charset { CHARSET_DEFAULT, CHARSET_UNICODE, CHARSET_ASCII };

enum set_kind { SET_RANGE, SET_SHORT, SET_POSIX, SET_PROP, SET_NESTED };

struct re_set;

struct set_item {
    struct set_item *next;
    enum set_kind kind;
    bool negated;     /* SET_SHORT, SET_POSIX, SET_PROP */
    uint32_t lo, hi;  /* SET_RANGE; both 0..REGEX_MAX_CHAR */
    char letter;      /* SET_SHORT: w, d, s or h */
    const char *body; /* SET_POSIX: row of its table; SET_PROP: PCRE2's name, NUL-terminated */
    struct re_set *set;
};

/* An intersection of unions; mostly of one. */
struct re_set {
    bool negated;
    struct set_union {
        struct set_union *next; /* && */
        struct set_item *items, **tail;
    } * unions;
};

struct re_node {
    enum re_type type;
    uint32_t pos; /* byte offset in the pattern, for messages */
    struct re_node *child, *next;
    union {
        uint32_t code; /* RE_CHAR */
        bool newline;  /* RE_ANY: matches it too */
        struct {
            char letter;
            bool negated;
        };                  /* RE_SHORT, RE_ASSERT */
        struct re_set *set; /* RE_SET */
        struct {
            enum re_group group;
            uint32_t number;
            bool icase;
        };
        struct {
            uint32_t min, max;
            enum re_greed greed;
            char until; /* of a lazy dot: the character that must come next; 0: not known */
        };
        struct {
            uint32_t *numbers;
            uint32_t count;
            uint32_t level;
        }; /* RE_BACKREF, CALL, COND */
    };
    /* RE_BACKREF, RE_CALL, RE_COND before they are resolved: by name, or by number if empty. */
    struct slice name;
    enum re_charset charset; /* of RE_SHORT, RE_ASSERT, RE_SET */
    bool fence;              /* of RE_REPEAT and some groups: regex_fence.h */
};

struct re_tree {
    struct re_node *root;
    uint32_t groups;     /* that capture */
    struct slice *names; /* [0] to [groups]; empty for a group without name, and for [0] */
    bool named;          /* there are named groups, so plain parentheses do not capture */
    bool icase;          /* somewhere */
    bool non_ascii;      /* a character above 0x7f is written somewhere */
};

struct re_flags {
    bool icase, newline, extended;
    enum re_charset charset;
};

/* -1: err->msg names what and where, err->pos is the byte offset. The pattern must live as long
 * as the tree. */
int regex_parse(struct arena *arena, struct slice pattern, struct re_flags flags,
                struct re_tree *tree, struct err *err) __attribute__((warn_unused_result));

#endif
