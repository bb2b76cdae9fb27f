/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events to lines of a bulk request (output-elasticsearch.md 3.2 to 3.5), on workers.
 *
 * One writer an output, shared: const but for what the first contact with the cluster decides,
 * which is atomic. */
#ifndef SINKS_ES_WRITE_H
#define SINKS_ES_WRITE_H

#include "sinks/es_conf.h"
#include "sinks/log_burst.h"

#include <stdatomic.h>

struct es_writer {
    const struct es_conf *conf;
    const struct log *log;
    atomic_bool uses_alias;   /* ILM: all goes to ilm_rollover_alias */
    atomic_uint major;        /* of the cluster; 0: not known yet */
    _Atomic uint64_t refused; /* events that never became an item */
    _Atomic size_t body_hint; /* bytes of the last body, for the next */
    struct log_burst burst;
};

void es_writer_init(struct es_writer *w, const struct es_conf *conf, const struct log *log);
/* One item at the end of the view; or a WARN line and nothing. item.aux is the action. */
void es_write(struct es_writer *w, struct view *v, struct event *ev);
/* After the last event. */
void es_write_end(struct es_writer *w, struct view *v);
void es_view_fini(struct view *v); /* sink_type.view_fini */

#endif
