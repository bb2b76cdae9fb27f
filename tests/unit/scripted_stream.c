/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/scripted_stream.h"

static struct scripted *
self(struct stream *s)
{
    return CONTAINER_OF(s, struct scripted, stream);
}

static ssize_t
give_bytes(struct scripted *s, const struct script_step *step, char *into, size_t n)
{
    size_t left = step->bytes.n - s->used;

    if (n > left)
        n = left;
    if (s->read_most > 0 && n > s->read_most)
        n = s->read_most;
    memcpy(into, step->bytes.p + s->used, n);
    s->used += n;
    if (s->used == step->bytes.n) {
        s->at++;
        s->used = 0;
    }
    return (ssize_t)n;
}

static ssize_t
on_read(struct stream *stream, char *into, size_t n, struct err *err)
{
    struct scripted *s = self(stream);

    s->reads++;
    if (s->at == s->steps_n)
        return s->open ? STREAM_AGAIN : STREAM_EOF;
    switch (s->steps[s->at].kind) {
    case SCRIPT_BYTES: return give_bytes(s, &s->steps[s->at], into, n);
    case SCRIPT_AGAIN: s->at++; return STREAM_AGAIN;
    case SCRIPT_EOF: return STREAM_EOF;
    case SCRIPT_ERROR: break;
    }
    err_set(err, ERR_IO, "scripted");
    return STREAM_ERROR;
}

static ssize_t
on_writev(struct stream *stream, const struct iovec *iov, size_t n, struct err *err)
{
    struct scripted *s = self(stream);
    size_t room = s->write_most > 0 ? s->write_most : SIZE_MAX, taken = 0;

    s->writes++;
    if (s->broken) {
        err_set(err, ERR_IO, "scripted");
        return STREAM_ERROR;
    }
    if (s->blocked)
        return STREAM_AGAIN;
    for (size_t i = 0; i < n && room > 0; i++) {
        size_t part = iov[i].iov_len < room ? iov[i].iov_len : room;

        buf_append(&s->written, (struct slice){ iov[i].iov_base, part });
        room -= part;
        taken += part;
    }
    return (ssize_t)taken;
}

static enum stream_status
countdown(unsigned *again)
{
    if (*again == 0)
        return STREAM_OK;
    --*again;
    return STREAM_AGAIN;
}

static enum stream_status
on_handshake(struct stream *stream, struct err *err)
{
    (void)err;
    return countdown(&self(stream)->handshake_again);
}

static enum stream_status
on_flush(struct stream *stream, struct err *err)
{
    (void)err;
    return countdown(&self(stream)->flush_again);
}

static enum stream_status
on_finish(struct stream *stream, struct err *err)
{
    self(stream)->finishes++;
    return on_flush(stream, err);
}

static unsigned
on_interest(const struct stream *stream, unsigned wish)
{
    (void)stream;
    return wish;
}

static bool
on_pending(const struct stream *stream)
{
    (void)stream;
    return false;
}

static void
on_free(struct stream *stream)
{
    struct scripted *s = self(stream);

    s->frees++;
    s->resets += stream->reset;
}

static const struct stream_ops ops = {
    .read = on_read,
    .writev = on_writev,
    .handshake = on_handshake,
    .flush = on_flush,
    .finish = on_finish,
    .interest = on_interest,
    .pending = on_pending,
    .free = on_free,
};

void
scripted_init(struct scripted *s, struct loop *loop, const struct script_step *steps, size_t n)
{
    *s = (struct scripted){ .stream = { .ops = &ops, .loop = loop, .fd = -1 },
                            .steps = steps,
                            .steps_n = n };
}

void
scripted_fini(struct scripted *s)
{
    buf_fini(&s->written);
}
