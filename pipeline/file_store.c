/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline/file_store.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Few: one for each database and each set of rules. */
struct file_share {
    struct file_store *store; /* NULL: alone */
    struct file_share *next;
    const struct file_kind *kind;
    struct stat file;
    void *value;
    size_t users;
};

struct file_store {
    pthread_mutex_t lock;
    struct file_share *first;
    bool owned;
};

struct file_store *
file_store_new(void)
{
    struct file_store *s = xcalloc(1, sizeof *s);

    pthread_mutex_init(&s->lock, NULL);
    s->owned = true;
    return s;
}

/* With the lock, which it gives back. */
static void
unlock_or_free(struct file_store *s)
{
    bool last = !s->owned && s->first == NULL;

    pthread_mutex_unlock(&s->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void
file_store_drop(struct file_store **s)
{
    if (*s == NULL)
        return;
    pthread_mutex_lock(&(*s)->lock);
    (*s)->owned = false;
    unlock_or_free(*s);
    *s = NULL;
}

size_t
file_store_count(struct file_store *s)
{
    size_t n = 0;

    pthread_mutex_lock(&s->lock);
    for (const struct file_share *f = s->first; f != NULL; f = f->next)
        n++;
    pthread_mutex_unlock(&s->lock);
    return n;
}

static bool
is_same(const struct stat *x, const struct stat *y)
{
    return x->st_ino == y->st_ino && x->st_dev == y->st_dev && x->st_size == y->st_size &&
           x->st_mtim.tv_sec == y->st_mtim.tv_sec && x->st_mtim.tv_nsec == y->st_mtim.tv_nsec;
}

/* Looked at before it is read: a change in between makes it another file for whoever looks next. */
static struct file_share *
load(const char *path, const struct file_kind *kind, const struct stat *file, struct err *err)
{
    void *value = kind->load(path, err);
    struct file_share *f;

    if (value == NULL)
        return NULL;
    f = xcalloc(1, sizeof *f);
    *f = (struct file_share){ .kind = kind, .file = *file, .value = value, .users = 1 };
    return f;
}

static struct file_share *
take_locked(struct file_store *s, const char *path, const struct file_kind *kind,
            const struct stat *file, struct err *err)
{
    struct file_share *f = s->first;

    while (f != NULL && !(f->kind == kind && is_same(&f->file, file)))
        f = f->next;
    if (f != NULL) {
        f->users++;
        return f;
    }
    f = load(path, kind, file, err);
    if (f == NULL)
        return NULL;
    f->store = s;
    f->next = s->first;
    s->first = f;
    return f;
}

struct file_share *
file_store_take(struct file_store *s, const char *path, const struct file_kind *kind,
                struct err *err)
{
    struct file_share *f;
    struct stat file;

    if (stat(path, &file) != 0) {
        err_errno(err, "%s", path);
        return NULL;
    }
    if (s == NULL)
        return load(path, kind, &file, err);
    pthread_mutex_lock(&s->lock);
    f = take_locked(s, path, kind, &file, err);
    pthread_mutex_unlock(&s->lock);
    return f;
}

const void *
file_share_value(const struct file_share *f)
{
    return f->value;
}

static void
free_share(struct file_share *f)
{
    f->kind->unload(f->value);
    free(f);
}

static void
give_locked(struct file_store *s, struct file_share *f)
{
    struct file_share **at = &s->first;

    if (--f->users > 0)
        return;
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    free_share(f);
}

void
file_share_give(struct file_share **f)
{
    struct file_store *s;

    if (*f == NULL)
        return;
    s = (*f)->store;
    if (s == NULL) {
        free_share(*f);
    } else {
        pthread_mutex_lock(&s->lock);
        give_locked(s, *f);
        unlock_or_free(s);
    }
    *f = NULL;
}
