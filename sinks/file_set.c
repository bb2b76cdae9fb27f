/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sinks/file_set.h"

#include "codec/base/hash.h"
#include "codec/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The sender chooses the paths, so the set is bounded; beyond it the longest unused file goes. */
#define OPEN_MAX 256
#define BUCKETS  512

struct file {
    struct file *same_bucket;
    struct file *newer, *older; /* by last use */
    uint64_t generation;
    dev_t device;
    ino_t inode;
    int fd;
    bool written; /* since the last cleaning */
    bool torn;    /* its last line has no end: a crash of ours, or somebody else's */
    char path[];
};

struct file_set {
    struct file_rules rules;
    struct file *bucket[BUCKETS];
    struct file *newest, *oldest;
    size_t count;
    uint64_t opened; /* generations given out */
    uint64_t next_clean_ms;
};

struct file_set *
file_set_new(const struct file_rules *rules)
{
    struct file_set *s = xcalloc(1, sizeof *s);

    s->rules = *rules;
    return s;
}

size_t
file_set_count(const struct file_set *s)
{
    return s->count;
}

static struct file **
slot_of(struct file_set *s, const char *path)
{
    struct file **at = &s->bucket[hash_bytes(slice_of(path), 0) % BUCKETS];

    while (*at != NULL && strcmp((*at)->path, path) != 0)
        at = &(*at)->same_bucket;
    return at;
}

static void
unlink_age(struct file_set *s, struct file *f)
{
    *(f->newer != NULL ? &f->newer->older : &s->newest) = f->older;
    *(f->older != NULL ? &f->older->newer : &s->oldest) = f->newer;
}

static void
link_newest(struct file_set *s, struct file *f)
{
    f->newer = NULL;
    f->older = s->newest;
    *(s->newest != NULL ? &s->newest->newer : &s->oldest) = f;
    s->newest = f;
}

static void
close_file(struct file_set *s, struct file *f)
{
    struct file **at = slot_of(s, f->path);

    *at = f->same_bucket;
    unlink_age(s, f);
    s->count--;
    close(f->fd);
    free(f);
}

void
file_set_free(struct file_set **at)
{
    struct file_set *s = *at;

    *at = NULL;
    if (s == NULL)
        return;
    while (s->newest != NULL)
        close_file(s, s->newest);
    free(s);
}

bool
file_set_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

/* ---- opening ---- */

#define SHOWN 512

static void
log_path(const struct file_set *s, const char *what, const char *key, const char *path)
{
    char shown[SHOWN];
    struct log_param param = LOG_TEXT(key, utf8_shown(slice_of(path), shown, sizeof shown));

    log_params(s->rules.log, LOG_INFO, &param, 1, "%s", what);
}

static int
make_directory(const struct file_set *s, const char *path)
{
    mode_t mode = s->rules.dir_mode < 0 ? 0777 : (mode_t)s->rules.dir_mode;

    if (mkdir(path, mode) < 0)
        return errno == EEXIST ? 0 : -1;
    log_path(s, "Creating directory", "directory", path);
    /* Exactly what the operator wrote: mkdir applied the umask. */
    return s->rules.dir_mode < 0 ? 0 : chmod(path, mode);
}

static int
make_directories(const struct file_set *s, const char *file)
{
    char *path = xstrdup(file);
    int got = 0;

    for (char *slash = strchr(path + 1, '/'); slash != NULL && got == 0;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!file_set_exists(path))
            got = make_directory(s, path);
        *slash = '/';
    }
    free(path);
    return got;
}

/* O_NONBLOCK is for named pipes: without a reader the opening fails, and a full one says EAGAIN,
 * where blocking would hold up the stop. Ordinary files do not know it. */
static int
open_path(struct file_set *s, const char *path)
{
    mode_t mode = s->rules.file_mode < 0 ? 0666 : (mode_t)s->rules.file_mode;
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    int fd = open(path, flags, mode);

    while (fd < 0 && (errno == EMFILE || errno == ENFILE) && s->oldest != NULL) {
        close_file(s, s->oldest);
        fd = open(path, flags, mode);
    }
    return fd;
}

static bool
ends_inside_line(const char *path, const struct stat *st)
{
    char last = '\n';
    int fd;

    if (!S_ISREG(st->st_mode) || st->st_size == 0)
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return false; /* may be written, not read: nobody can say */
    if (pread(fd, &last, 1, st->st_size - 1) != 1)
        last = '\n';
    close(fd);
    return last != '\n';
}

static struct file *
open_file(struct file_set *s, const char *path)
{
    size_t n = strlen(path) + 1;
    struct file *f, **at;
    struct stat st;
    int fd;

    while (s->count >= OPEN_MAX)
        close_file(s, s->oldest);
    if (make_directories(s, path) < 0 || (fd = open_path(s, path)) < 0)
        return NULL;
    if (fstat(fd, &st) < 0) {
        close(fd);
        return NULL;
    }
    log_path(s, "Opening file", "path", path);
    f = xcalloc(1, sizeof *f + n);
    memcpy(f->path, path, n);
    f->fd = fd;
    f->device = st.st_dev;
    f->inode = st.st_ino;
    f->generation = ++s->opened;
    f->torn = !s->rules.overwrite && ends_inside_line(path, &st);
    at = slot_of(s, path);
    *at = f;
    link_newest(s, f);
    s->count++;
    return f;
}

/* The open file, unless somebody deleted or replaced it: then the one that is there now. */
static struct file *
find_file(struct file_set *s, const char *path)
{
    struct file *f = *slot_of(s, path);
    struct stat st;

    if (f != NULL && (stat(path, &st) < 0 || st.st_dev != f->device || st.st_ino != f->inode)) {
        close_file(s, f);
        f = NULL;
    }
    if (f == NULL)
        return open_file(s, path);
    unlink_age(s, f);
    link_newest(s, f);
    return f;
}

/* ---- writing ---- */

/* What is cut stays a line of its own; the first of ours must not be lost with it. */
static int
end_torn_line(struct file *f, struct slice text)
{
    if (!f->torn || text.n == 0 || text.p[text.n - 1] != '\n')
        return 0;
    if (write(f->fd, "\n", 1) != 1)
        return -1;
    f->torn = false;
    return 0;
}

static int
write_rest(struct file *f, struct slice text, struct file_progress *progress)
{
    while (progress->written < text.n) {
        ssize_t n = write(f->fd, text.p + progress->written, text.n - progress->written);

        if (n >= 0)
            progress->written += (size_t)n;
        else if (errno != EINTR)
            return -1;
    }
    return 0;
}

/* After a failed fsync nobody knows which pages are lost: everything is written again. A pipe has
 * nothing to sync. */
static int
sync_file(const struct file_set *s, struct file *f, struct file_progress *progress)
{
    if (!s->rules.fsync || fdatasync(f->fd) == 0 || errno == EINVAL || errno == EROFS)
        return 0;
    progress->generation = 0;
    return -1;
}

int
file_set_write(struct file_set *s, const char *path, struct slice text,
               struct file_progress *progress)
{
    struct file *f = find_file(s, path);

    if (f == NULL)
        return -1;
    if (progress->generation != f->generation) { /* the first bytes went into another file */
        *progress = (struct file_progress){ 0, f->generation };
        if (s->rules.overwrite && ftruncate(f->fd, 0) < 0 && errno != EINVAL)
            return -1;
    }
    f->written = true;
    if (end_torn_line(f, text) < 0 || write_rest(f, text, progress) < 0 ||
        sync_file(s, f, progress) < 0)
        return -1;
    *progress = (struct file_progress){ 0 };
    return 0;
}

void
file_set_clean(struct file_set *s, uint64_t now_ms)
{
    char shown[SHOWN];

    if (now_ms < s->next_clean_ms)
        return;
    s->next_clean_ms = now_ms + s->rules.stale_ms;
    for (struct file *f = s->newest, *older; f != NULL; f = older) {
        older = f->older;
        if (f->written) {
            f->written = false;
            continue;
        }
        log_info(s->rules.log, "Closing file %s",
                 log_escape(slice_of(f->path), shown, sizeof shown));
        close_file(s, f);
    }
}
