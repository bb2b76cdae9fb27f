/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values as Ruby prints them: to_s and inspect (filters.md 2), for filters whose original is Ruby
 * code. Templates have another form, value_render(). Pure; addresses what it prints. */
#ifndef PIPELINE_RUBY_VALUE_H
#define PIPELINE_RUBY_VALUE_H

#include "codec/value.h"

/* to_s: text itself, 1.0e+20, 0.15e1 (decimal), nothing for null, ["a", 1], {"k" => nil}. */
void ruby_value_print(struct arena *a, struct value *v, struct buf *out);
/* The same as a slice: of the value itself where it is text already, else of *scratch, which is
 * overwritten. */
struct slice ruby_value_text(struct arena *a, struct value *v, struct buf *scratch);
/* inspect: text quoted and escaped, nil for null. */
void ruby_value_inspect(struct arena *a, struct value *v, struct buf *out);

#endif
