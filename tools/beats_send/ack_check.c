/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tools/beats_send/ack_check.h"

#include "codec/lj_encode.h"

#include <inttypes.h>

static struct ack_window *
window_at(struct ack_check *c, unsigned i)
{
    return &c->windows[(c->front + i) % ACK_IN_FLIGHT];
}

bool
ack_check_add(struct ack_check *c, struct ack_window w)
{
    if (c->n == ACK_IN_FLIGHT)
        return false;
    *window_at(c, c->n++) = w;
    return true;
}

void
ack_check_sent(struct ack_check *c)
{
    for (unsigned i = 0; i < c->n; i++) {
        if (!window_at(c, i)->sent) {
            window_at(c, i)->sent = true;
            return;
        }
    }
}

static enum ack_seen
done(struct ack_check *c, const struct ack_window *w, struct err *err)
{
    if (!w->sent)
        return err_set(err, ERR_PROTOCOL, "ACK %" PRIu32 " before its window was sent", w->last);
    c->front = (c->front + 1) % ACK_IN_FLIGHT;
    c->n--;
    c->partial = 0;
    return ACK_DONE;
}

static enum ack_seen
judge(struct ack_check *c, char version, uint32_t seq, struct err *err)
{
    const struct ack_window *w = window_at(c, 0);
    uint32_t at = seq - w->first, most = w->last - w->first; /* also across 2^32 */
    bool back;

    if (c->n == 0)
        return seq == 0
                   ? ACK_STRAY
                   : err_set(err, ERR_PROTOCOL, "ACK %" PRIu32 " with no window in flight", seq);
    if (seq == w->last && version == w->version)
        return done(c, w, err);
    if (seq == 0)
        return w->version == '1' ? ACK_STRAY : ACK_ALIVE;
    if (version != w->version)
        return err_set(err, ERR_BAD_VERSION, "ACK of version %c for a window of version %c",
                       version, w->version);
    if (w->last == 0 || at > most)
        return err_set(err, ERR_RANGE, "ACK %" PRIu32 " beyond the window of %" PRIu32 "..%" PRIu32,
                       seq, w->first, w->last);
    back = at + 1 < c->partial;
    if (!back)
        c->partial = at + 1;
    return back ? ACK_BACK : ACK_PART;
}

enum ack_seen
ack_check_next(struct ack_check *c, struct slice *in, struct err *err)
{
    uint32_t seq;
    char version;

    switch (lj_take_ack(in, &version, &seq, err)) {
    case 0: return ACK_MORE;
    case 1: return judge(c, version, seq, err);
    default: return ACK_BROKEN;
    }
}
