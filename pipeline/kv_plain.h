/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Key-value pairs whose separators are plain characters: what the expression of kv_scan.h finds,
 * found in one pass. The expression itself takes exponential time for backslashes and quadratic
 * time for long words and brackets without an end, and senders choose both.
 *
 * Const once compiled, any number of workers; allocates nothing. */
#ifndef PIPELINE_KV_PLAIN_H
#define PIPELINE_KV_PLAIN_H

#include "pipeline/kv_scan.h"

/* False: the bodies are more than ASCII characters and ranges, or a backslash separates. */
bool kv_plain_compile(const struct kv_syntax *syntax, struct kv_plain *out);
/* As kv_scan_text; the text is UTF-8. */
enum regex_result kv_plain_text(const struct kv_plain *k, struct slice text, uint64_t deadline_ms,
                                struct kv_pairs *out);

#endif
