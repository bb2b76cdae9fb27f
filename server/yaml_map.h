/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A YAML file to flat keys: nested maps join with dots, dotted keys stay as they are. libyaml stays
 * inside. For logstash.yml, headrig.yml and pipelines.yml. */
#ifndef SERVER_YAML_MAP_H
#define SERVER_YAML_MAP_H

#include "codec/base/arena.h"
#include "codec/base/error.h"

/* entry: index of the map in a top-level list, 0 for a plain map. A list value arrives joined by
 * commas. line from 1. */
typedef void yaml_entry_fn(void *arg, size_t entry, struct slice key, struct slice value,
                           unsigned line);

enum yaml_shape { YAML_MAP, YAML_LIST_OF_MAPS };

/* 0; -1 with *err: "path:line: what". An empty file is an empty map. At most 1 MiB. *missing: there
 * is no such file (0 is returned). */
int yaml_read(const char *path, enum yaml_shape shape, yaml_entry_fn *fn, void *arg, bool *missing,
              struct err *err);

#endif
