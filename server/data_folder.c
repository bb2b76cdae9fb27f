/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/data_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int
make_folder(const char *path, struct err *err)
{
    char partial[4096];
    size_t n = strlen(path);

    if (n >= sizeof partial)
        return err_set(err, ERR_CONFIG, "path.data: %zu characters are too many", n);
    memcpy(partial, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (partial[i] != '/' && partial[i] != '\0')
            continue;
        partial[i] = '\0';
        if (mkdir(partial, 0750) < 0 && errno != EEXIST)
            return err_errno(err, "path.data: %s cannot be made", partial);
        if (i < n)
            partial[i] = '/';
    }
    return 0;
}

static int
take_lock(struct data_folder *d, const char *path, struct err *err)
{
    char name[4200], pid[24] = "";
    ssize_t n;

    snprintf(name, sizeof name, "%s/.lock", path);
    d->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (d->lock < 0)
        return err_errno(err, "path.data: %s", name);
    if (flock(d->lock, LOCK_EX | LOCK_NB) < 0) {
        n = read(d->lock, pid, sizeof pid - 1);
        close(d->lock);
        d->lock = -1;
        return err_set(err, ERR_IO,
                       "Logstash could not be started because there is already another instance "
                       "using the configured data directory %s (process %s). If you wish to run "
                       "multiple instances, you must change the \"path.data\" setting.",
                       path, n > 0 ? pid : "unknown");
    }
    n = snprintf(pid, sizeof pid, "%d", (int)getpid());
    if (ftruncate(d->lock, 0) < 0 || write(d->lock, pid, (size_t)n) != n)
        return err_errno(err, "path.data: %s", name);
    return 0;
}

/* Made once, kept for good. */
static int
read_id(struct data_folder *d, const char *path, struct err *err)
{
    char name[4200];
    struct rng rng;
    int fd;

    snprintf(name, sizeof name, "%s/uuid", path);
    fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return err_errno(err, "path.data: %s", name);
    if (read(fd, d->id, UUID_TEXT) != UUID_TEXT) {
        if (rng_seed(&rng, err) < 0) {
            close(fd);
            return -1;
        }
        uuid4_print(&rng, d->id);
        if (pwrite(fd, d->id, UUID_TEXT, 0) != UUID_TEXT) {
            err_errno(err, "path.data: %s", name);
            close(fd);
            return -1;
        }
    }
    close(fd);
    return 0;
}

int
data_folder_open(struct data_folder *d, const char *path, struct err *err)
{
    *d = (struct data_folder){ .lock = -1 };
    if (make_folder(path, err) < 0 || take_lock(d, path, err) < 0)
        return -1;
    if (read_id(d, path, err) < 0) {
        data_folder_close(d);
        return -1;
    }
    return 0;
}

void
data_folder_close(struct data_folder *d)
{
    if (d->lock >= 0)
        close(d->lock);
    d->lock = -1;
}
