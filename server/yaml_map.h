/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A YAML file to flat keys: nested maps join with dots, dotted keys stay as they are. libyaml stays
 * inside. For logstash.yml, headrig.yml and pipelines.yml. */
#ifndef SERVER_YAML_MAP_H
#define SERVER_YAML_MAP_H

#include "codec/base/arena.h"
#include "codec/base/error.h"

/* Keys, values and calls are as in Logstash, whose maps keep the last of two equal keys: what stood
 * under the first, a whole map perhaps, counts as not written. Two spellings of one key (dotted and
 * nested) both arrive, the later one last. */
struct yaml_taker {
    /* map: index of the map in a top-level list, 0 for a plain map. A list value arrives joined by
     * commas. line from 1. After the whole file has been read. */
    void (*entry)(void *arg, size_t map, struct slice key, struct slice value, unsigned line);
    /* The key is given twice; what the later line says counts. */
    void (*twice)(void *arg, struct slice key, unsigned line, unsigned later);
    void *arg;
};

enum yaml_shape { YAML_MAP, YAML_LIST_OF_MAPS };

/* 0; -1 with *err: "path:line: what". An empty file is an empty map. At most 1 MiB. *missing: there
 * is no such file (0 is returned). */
int yaml_read(const char *path, enum yaml_shape shape, const struct yaml_taker *taker,
              bool *missing, struct err *err);

#endif
