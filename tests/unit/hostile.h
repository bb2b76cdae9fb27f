/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events that a sender makes up to hurt: each goes through a filter block, which has to end soon
 * and leave an event that is still legal JSON. */
#ifndef TESTS_UNIT_HOSTILE_H
#define TESTS_UNIT_HOSTILE_H

/* The field under attack is v, the block names it. */
void hostile_run(const char *config);

#endif
