/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PART (256u << 10)

int
text_file_read(const char *path, size_t limit, struct buf *out, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t start = out->n;
    ssize_t n;

    if (fd < 0)
        return err_errno(err, "%s", path);
    while ((n = read(fd, buf_reserve(out, PART), PART)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            err_errno(err, "%s", path);
            break;
        }
        out->n += (size_t)n;
        if (out->n - start > limit) {
            n = err_set(err, ERR_LIMIT, "%s: over %zu bytes", path, limit);
            break;
        }
    }
    close(fd);
    return n < 0 ? -1 : 0;
}
