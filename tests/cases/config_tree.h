/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A parsed configuration in the form that the cases use for trees. */
#ifndef TESTS_CASES_CONFIG_TREE_H
#define TESTS_CASES_CONFIG_TREE_H

#include "pipeline/config_parse.h"
#include "tests/cases/json_tree.h"

struct tree *config_tree(struct arena *a, const struct config *c);
struct tree *config_value_tree(struct arena *a, const struct opt_value *v);

#endif
