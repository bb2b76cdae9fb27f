/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An agent under the rules of a small file. */
#include "codec/utf8.h"
#include "pipeline/useragent_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char text[] = "user_agent_parsers:\n"
                           "- regex: '(Fox)/(\\d+)(?:\\.(\\d+))?'\n"
                           "  family_replacement: 'A $1'\n"
                           "- regex: '^.{0,9}?([Bb]ot|[A-Z]+pider)[/ ](\\w+)'\n"
                           "os_parsers:\n"
                           "- regex: '(Nix|Sys) ?(\\d*)_?(\\d*)'\n"
                           "  os_v1_replacement: '$3'\n"
                           "device_parsers:\n"
                           "- regex: '([a-z]+) ([a-z]*) Build'\n"
                           "  regex_flag: 'i'\n"
                           "  device_replacement: '$1 $2 $9$'\n";

/* Of a program of one purpose and one thread: made at the first input. */
static struct useragent_rules *rules;
static struct useragent_scratch scratch;

static void
load(void)
{
    char path[] = "/tmp/headrig_fuzz_XXXXXX.yaml";
    struct err err = { 0 };
    int fd = mkstemps(path, 5);

    if (fd < 0 || write(fd, text, sizeof text - 1) != (ssize_t)sizeof text - 1)
        abort();
    close(fd);
    rules = useragent_rules_load(path, &err);
    unlink(path);
    if (rules == NULL) {
        fprintf(stderr, "%s\n", err.msg);
        abort();
    }
    useragent_scratch_init(&scratch, rules);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct useragent got;

    if (rules == NULL)
        load();
    useragent_parse(rules, &scratch, (struct slice){ (const char *)data, size }, &got);
    for (unsigned i = 0; i < 4; i++)
        ASSERT(utf8_valid(got.agent.part[i]) && utf8_valid(got.os.part[i]));
    ASSERT(utf8_valid(got.agent.family) && utf8_valid(got.os.family) && utf8_valid(got.device));
    ASSERT(got.agent.family.n > 0 && got.os.family.n > 0);
    return 0;
}
