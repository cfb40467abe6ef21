/* What the tests of the spool share: a directory, records to put in, and waiting for an entry. */
#pragma once

#include "testing_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool/spool.h"

enum { TEST_PATH_BYTES = 256, TEST_NAMES_MAX = 64 };

/* A directory that goes with the test. */
struct place {
    char path[TEST_PATH_BYTES];
};

static inline struct place place_make(void)
{
    /* In memory where there is some: each test syncs hundreds of times. */
    struct place place;
    assert_true(testing_directory_in("/dev/shm", place.path));
    return place;
}

/* The names in DIR/spool that end so, sorted; returns how many. */
static inline size_t place_names(const struct place *place, const char *suffix,
                                 char names[TEST_NAMES_MAX][TEST_PATH_BYTES])
{
    char path[2 * TEST_PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/spool", place->path);
    DIR *directory = opendir(path);
    size_t count = 0;
    const struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        const size_t len = strlen(entry->d_name);
        if (len >= strlen(suffix) && strcmp(entry->d_name + len - strlen(suffix), suffix) == 0 &&
            entry->d_name[0] != '.') {
            assert_true(count < TEST_NAMES_MAX);
            (void)snprintf(names[count++], TEST_PATH_BYTES, "%s", entry->d_name);
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    qsort(names, count, TEST_PATH_BYTES, (int (*)(const void *, const void *))(void *)strcmp);
    return count;
}

static inline void place_remove(const struct place *place)
{
    char names[TEST_NAMES_MAX][TEST_PATH_BYTES];
    char path[3 * TEST_PATH_BYTES];
    const size_t count = place_names(place, "", names);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(path, sizeof path, "%s/spool/%s", place->path, names[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof path, "%s/spool", place->path);
    (void)rmdir(path);
    (void)rmdir(place->path);
}

/* The content of DIR/spool/name. */
static inline struct buf place_read(const struct place *place, const char *name)
{
    char path[3 * TEST_PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/spool/%s", place->path, name);
    struct buf text;
    buf_init(&text, 64 << 20);
    const int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    char chunk[4096];
    ssize_t len;
    while ((len = read(fd, chunk, sizeof chunk)) > 0) {
        buf_append(&text, chunk, (size_t)len);
    }
    (void)close(fd);
    return text;
}

static inline void place_write(const struct place *place, const char *name, struct str text)
{
    char path[3 * TEST_PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/spool", place->path);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof path, "%s/spool/%s", place->path, name);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.data, text.len), text.len);
    (void)close(fd);
}

/* ---- spools ---- */

static inline struct spool *spool_at_size(const struct place *place, int64_t bytes_max,
                                          int64_t segment_bytes_max)
{
    const struct spool_config config = {.directory = place->path,
                                        .bytes_max = bytes_max,
                                        .segment_bytes_max = segment_bytes_max,
                                        .queue_items = 4096};
    struct spool *spool = spool_new(&config);
    assert_non_null(spool);
    return spool;
}

/* Opened; what was found is to be nothing. */
static inline struct spool *spool_at(const struct place *place)
{
    struct spool *spool = spool_at_size(place, 64 << 20, 1 << 20);
    struct spool_found found;
    struct err err;
    assert_int_equal(spool_open(spool, &found, &err), OK);
    assert_int_equal(found.torn_bytes, 0);
    assert_int_equal(found.damaged_bytes, 0);
    return spool;
}

/* A record that differs from others by its number; texts live in `room`. */
struct room {
    char body[128];
    char contact[32];
};

static inline struct spool_record record_number(struct room *room, unsigned number)
{
    (void)snprintf(room->body, sizeof room->body, "{\"email\":\"p%u@example.com\",\"n\":%u}",
                   number, number);
    (void)snprintf(room->contact, sizeof room->contact, "p%u@example.com", number);
    const struct str contact = str_from(room->contact);
    struct spool_record record = {
        .has_client_id = true,
        .received_at_us = 1700000000000000 + (int64_t)number * 1000,
        .fingerprint = sha256_of(str_from(room->body)),
        .contact = spool_digest_of(&contact, 1),
        .form = STR_LITERAL("guide"),
        .path = STR_LITERAL("/v1/forms/guide/submissions"),
        .content_type = STR_LITERAL("application/json"),
        .body = str_from(room->body),
    };
    record.id.bytes[0] = 1;
    memcpy(record.id.bytes + 8, &number, sizeof number);
    return record;
}

/* An entry that a test waits for. */
struct waiter {
    struct spool_entry entry;
    struct room room;
    pthread_mutex_t lock;
    pthread_cond_t is_over;
    bool is_done;
};

static inline void waiter_done(struct spool_entry *entry)
{
    struct waiter *waiter = entry->context;
    (void)pthread_mutex_lock(&waiter->lock);
    waiter->is_done = true;
    (void)pthread_cond_signal(&waiter->is_over);
    (void)pthread_mutex_unlock(&waiter->lock);
}

static inline void waiter_begin(struct waiter *waiter)
{
    (void)pthread_mutex_init(&waiter->lock, NULL);
    (void)pthread_cond_init(&waiter->is_over, NULL);
    waiter->is_done = false;
    waiter->entry.done = waiter_done;
    waiter->entry.context = waiter;
}

static inline enum spool_outcome waiter_end(struct waiter *waiter)
{
    (void)pthread_mutex_lock(&waiter->lock);
    while (!waiter->is_done) {
        (void)pthread_cond_wait(&waiter->is_over, &waiter->lock);
    }
    (void)pthread_mutex_unlock(&waiter->lock);
    (void)pthread_cond_destroy(&waiter->is_over);
    (void)pthread_mutex_destroy(&waiter->lock);
    return waiter->entry.outcome;
}

/* Puts one in and waits; `*record` is as the spool left it. */
static inline enum spool_outcome put_record(struct spool *spool, struct spool_record *record)
{
    struct waiter waiter = {.entry = {.record = *record}};
    waiter_begin(&waiter);
    assert_true(spool_submit(spool, &waiter.entry));
    const enum spool_outcome outcome = waiter_end(&waiter);
    *record = waiter.entry.record;
    return outcome;
}

static inline enum spool_outcome put_number(struct spool *spool, unsigned number)
{
    struct room room;
    struct spool_record record = record_number(&room, number);
    return put_record(spool, &record);
}

static inline uint64_t waiting_in(struct spool *spool)
{
    struct spool_stats stats;
    spool_stats(spool, &stats);
    return stats.waiting;
}

/* Reads and drains all that waits; checks that it is the numbers from `first` to `last`. */
static inline void drain_numbers(struct spool *spool, unsigned first, unsigned last)
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 2 * SPOOL_READ_BYTES_MAX);
    static struct spool_record records[SPOOL_READ_RECORDS_MAX];
    unsigned number = first;
    for (;;) {
        size_t count = 0;
        struct err err;
        assert_int_equal(spool_read(spool, &buf, records, &count, &err), OK);
        if (count == 0) {
            break;
        }
        for (size_t i = 0; i < count; i++, number++) {
            struct room room;
            const struct spool_record wanted = record_number(&room, number);
            assert_true(uuid_eq(records[i].id, wanted.id));
            assert_true(str_eq(records[i].body, wanted.body));
            assert_int_equal(records[i].received_at_us, wanted.received_at_us);
        }
        assert_int_equal(spool_drained(spool, records, count, &err), OK);
    }
    assert_int_equal(number, last + 1);
    assert_int_equal(waiting_in(spool), 0);
}
