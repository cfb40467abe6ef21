/*
 * Who touches what:
 *   - the writer thread alone appends, and works on spool->work and spool->text;
 *   - the one thread that drains reads and notes what is drained; it alone writes refused records;
 *   - the index and the counters are shared, under the lock; the files have a lock of their own.
 *
 * A record is found in the index from the moment it is durable until it is drained. Between being
 * queued and being durable it is the writer's: twins of one group are told apart there.
 */
#include "spool/spool.h"

#include <assert.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "spool/spool_index.h"
#include "spool/spool_refused.h"

enum {
    GROUP_ITEMS_MAX = 512,
    GROUP_BYTES_MAX = 4 << 20, /* of the records that share one sync */
};

static const char folder_name[] = "spool";

/* An entry of the group that is being written. */
struct work {
    struct spool_entry *entry;
    const struct work *twin; /* the one before it in the group that it repeats */
    bool has_key[SPOOL_KEY_COUNT_];
    struct spool_digest keys[SPOOL_KEY_COUNT_];
};

struct spool {
    struct spool_config config;
    char *directory; /* owned */
    int parent_fd;
    struct spool_files files;
    struct spool_refused refused;
    struct queue queue;
    pthread_t thread;
    bool is_started;
    _Atomic bool is_open;
    _Atomic uint64_t waiting;

    /* the writer's */
    struct work work[GROUP_ITEMS_MAX];
    struct buf text;
    uint64_t next_sequence;

    pthread_mutex_t lock; /* guards the rest */
    struct spool_index index;
    bool is_reserved;   /* the writer counts on the room it has asked the index for */
    uint64_t published; /* up to there it is durable, and found */
    uint64_t drained;
    int64_t oldest_at_us;
    uint64_t kept_total;
    uint64_t noted_total;
    uint64_t refused_total;
};

/* ---- finding ---- */

static const enum spool_key repeat_keys[] = {SPOOL_KEY_IDEMPOTENCY, SPOOL_KEY_ID};

bool spool_is_open(const struct spool *spool)
{
    return atomic_load_explicit(&spool->is_open, memory_order_acquire);
}

bool spool_is_empty(const struct spool *spool)
{
    return !spool_is_open(spool) ||
           atomic_load_explicit(&spool->waiting, memory_order_acquire) == 0;
}

bool spool_concerns(struct spool *spool, const struct spool_record *record)
{
    if (spool_is_empty(spool)) {
        return false;
    }
    bool is_found = false;
    for (int k = 0; k < SPOOL_KEY_COUNT_ && !is_found; k++) {
        struct spool_digest key;
        if (spool_record_key(record, (enum spool_key)k, &key)) {
            (void)pthread_mutex_lock(&spool->lock);
            is_found = spool_index_find(&spool->index, &key, spool->drained) != NULL;
            (void)pthread_mutex_unlock(&spool->lock);
        }
    }
    return is_found;
}

/* ---- a group ---- */

static bool is_same_content(const struct spool_digest *a, const struct spool_digest *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static void answer(struct spool_entry *entry, enum spool_key key, bool is_same, struct uuid id,
                   int64_t received_at_us)
{
    entry->outcome = is_same ? SPOOL_REPEATED : SPOOL_DIFFERS;
    entry->key = key;
    if (is_same) {
        entry->record.id = id;
        entry->record.received_at_us = received_at_us;
    }
}

/* True: something that is on disk already, or an earlier one of this group, answers for it. */
static bool is_repeat(struct spool *spool, struct work *work)
{
    struct spool_entry *entry = work->entry;
    for (size_t k = 0; k < ARRAY_LEN(repeat_keys); k++) {
        const enum spool_key key = repeat_keys[k];
        if (!work->has_key[key]) {
            continue;
        }
        const struct spool_digest content = spool_record_content(&entry->record, key);
        (void)pthread_mutex_lock(&spool->lock);
        const struct spool_slot *slot =
            spool_index_find(&spool->index, &work->keys[key], spool->drained);
        if (slot != NULL) {
            answer(entry, key, is_same_content(&slot->content, &content), slot->id,
                   slot->received_at_us);
        }
        (void)pthread_mutex_unlock(&spool->lock);
        if (slot != NULL) {
            return true;
        }
        for (const struct work *other = spool->work; other < work; other++) {
            if (other->entry->outcome == SPOOL_KEPT && other->has_key[key] &&
                is_same_content(&other->keys[key], &work->keys[key])) {
                const struct spool_digest others = spool_record_content(&other->entry->record, key);
                answer(entry, key, is_same_content(&others, &content), other->entry->record.id,
                       other->entry->record.received_at_us);
                work->twin = other;
                return true;
            }
        }
    }
    return false;
}

/* Adds the record to what will be written, or says why not. */
static enum spool_outcome place(struct spool *spool, struct spool_entry *entry, int64_t bytes)
{
    const size_t before = spool->text.len;
    entry->record.sequence = spool->next_sequence;
    if (!spool_record_write(&spool->text, &entry->record, &spool->files.salt)) {
        spool->text.len = before; /* the others of the group are not to suffer */
        spool->text.failed = false;
        return SPOOL_FAILED;
    }
    if (bytes + (int64_t)spool->text.len > spool->config.bytes_max) {
        spool->text.len = before;
        return SPOOL_FULL;
    }
    spool->next_sequence++;
    return SPOOL_KEPT;
}

/* Decides about each entry; returns how many are to be written. */
static size_t prepare(struct spool *spool, size_t count)
{
    const int64_t bytes = spool_files_bytes(&spool->files) + spool_refused_bytes(&spool->refused);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct work *work = &spool->work[i];
        work->twin = NULL;
        for (int k = 0; k < SPOOL_KEY_COUNT_; k++) {
            work->has_key[k] =
                spool_record_key(&work->entry->record, (enum spool_key)k, &work->keys[k]);
        }
        if (!is_repeat(spool, work)) {
            work->entry->outcome = place(spool, work->entry, bytes);
            kept += work->entry->outcome == SPOOL_KEPT ? 1 : 0;
        }
    }
    return kept;
}

/* They are durable: from now on they are found. */
static void publish(struct spool *spool, size_t count, size_t kept)
{
    (void)pthread_mutex_lock(&spool->lock);
    spool->is_reserved = false;
    spool->published = spool->next_sequence - 1;
    for (size_t i = 0; i < count; i++) {
        const struct spool_entry *entry = spool->work[i].entry;
        if (entry->outcome == SPOOL_KEPT) {
            spool_index_add(&spool->index, &entry->record);
            if (spool->oldest_at_us == TIME_NONE) {
                spool->oldest_at_us = entry->record.received_at_us;
            }
        }
    }
    spool->kept_total += kept;
    atomic_fetch_add(&spool->waiting, kept);
    (void)pthread_mutex_unlock(&spool->lock);
}

static bool reserve(struct spool *spool, size_t count)
{
    (void)pthread_mutex_lock(&spool->lock);
    const bool has_room = spool_index_reserve(&spool->index, count, spool->drained);
    spool->is_reserved = has_room;
    (void)pthread_mutex_unlock(&spool->lock);
    return has_room;
}

/* What was to be written is not on disk, and so nothing that repeats it is. */
static void fail(struct spool *spool, size_t count)
{
    (void)pthread_mutex_lock(&spool->lock);
    spool->is_reserved = false;
    (void)pthread_mutex_unlock(&spool->lock);
    for (size_t i = 0; i < count; i++) {
        const struct work *work = &spool->work[i];
        if (work->entry->outcome == SPOOL_KEPT || work->twin != NULL) {
            work->entry->outcome = SPOOL_FAILED;
        }
    }
}

static void write_group(struct spool *spool, size_t count)
{
    buf_clear(&spool->text);
    const uint64_t first = spool->next_sequence;
    const size_t kept = prepare(spool, count);
    if (kept > 0) {
        struct err err;
        const bool is_written = reserve(spool, kept) &&
                                spool_files_append(&spool->files, buf_str(&spool->text), first,
                                                   spool->next_sequence - 1, &err) == OK;
        if (is_written) {
            publish(spool, count, kept);
        } else {
            fail(spool, count);
        }
    }
    for (size_t i = 0; i < count; i++) {
        spool->work[i].entry->done(spool->work[i].entry);
    }
}

static void *writer_main(void *argument)
{
    struct spool *spool = argument;
    for (;;) {
        struct queue_node *node = queue_drain(&spool->queue, GROUP_ITEMS_MAX, GROUP_BYTES_MAX,
                                              /* timeout_us= */ -1);
        if (node == NULL) {
            return NULL;
        }
        size_t count = 0;
        for (; node != NULL; node = node->next) {
            spool->work[count++].entry = CONTAINER_OF(node, struct spool_entry, node);
        }
        write_group(spool, count);
    }
}

bool spool_submit(struct spool *spool, struct spool_entry *entry)
{
    if (!spool_is_open(spool)) {
        return false;
    }
    entry->node.bytes = spool_record_bytes_max(&entry->record);
    return queue_push(&spool->queue, &entry->node);
}

/* ---- opening and closing ---- */

static bool note_waiting(void *context, const struct spool_record *record)
{
    struct spool *spool = context;
    if (!spool_index_reserve(&spool->index, 1, /* drained= */ 0)) {
        return false;
    }
    spool_index_add(&spool->index, record);
    if (spool->oldest_at_us == TIME_NONE) {
        spool->oldest_at_us = record->received_at_us;
    }
    atomic_fetch_add(&spool->waiting, 1);
    return true;
}

/* A refused record waits again, unless it does anyway: a crash came between refusing and noting. */
static bool take_refused(void *context, const struct spool_record *refused)
{
    struct spool *spool = context;
    struct spool_digest key;
    struct spool_record record = *refused;
    record.reason = (struct str){0};
    record.sequence = spool->next_sequence;
    if (spool_record_key(&record, SPOOL_KEY_ID, &key) &&
        spool_index_find(&spool->index, &key, spool->drained) != NULL) {
        return true;
    }
    struct err err;
    buf_clear(&spool->text);
    if (!spool_record_write(&spool->text, &record, &spool->files.salt) ||
        spool_files_append(&spool->files, buf_str(&spool->text), record.sequence, record.sequence,
                           &err) != OK) {
        return false;
    }
    spool->next_sequence++;
    return note_waiting(spool, &record);
}

static enum err_code open_parts(struct spool *spool, struct spool_found *ret_found,
                                struct err *reterr)
{
    const struct spool_visitor visitor = {note_waiting, spool};
    const struct spool_visitor refused_visitor = {take_refused, spool};
    enum err_code code = file_open_directory(spool->directory, &spool->parent_fd, reterr);
    if (code != OK) {
        return code;
    }
    code = spool_files_open(&spool->files, spool->parent_fd, folder_name,
                            spool->config.segment_bytes_max, &visitor, ret_found, reterr);
    if (code == OK) {
        spool->drained = spool->files.drained;
        spool->next_sequence = spool->files.last + 1;
        code = spool_refused_take(&spool->refused, spool->files.directory_fd, &refused_visitor,
                                  ret_found, reterr);
        spool->published = spool->next_sequence - 1;
    }
    if (code != OK) {
        spool_files_close(&spool->files);
    }
    return code;
}

enum err_code spool_open(struct spool *spool, struct spool_found *ret_found, struct err *reterr)
{
    assert(!spool->is_started);
    spool->oldest_at_us = TIME_NONE;
    enum err_code code = open_parts(spool, ret_found, reterr);
    if (code == OK && pthread_create(&spool->thread, NULL, writer_main, spool) != 0) {
        spool_files_close(&spool->files);
        code = err_set(reterr, ERR_NOMEM, "Cannot start the spool's thread.");
    }
    if (code != OK) {
        if (spool->parent_fd >= 0) {
            (void)close(spool->parent_fd);
            spool->parent_fd = -1;
        }
        spool_index_done(&spool->index);
        atomic_store(&spool->waiting, 0);
        return code;
    }
    spool->is_started = true;
    atomic_store_explicit(&spool->is_open, true, memory_order_release);
    return OK;
}

struct spool *spool_new(const struct spool_config *config)
{
    struct spool *spool = mem_alloc(sizeof *spool);
    const size_t size = strlen(config->directory) + 1;
    char *directory = mem_alloc(size);
    if (spool == NULL || directory == NULL) {
        mem_free(spool);
        mem_free(directory);
        return NULL;
    }
    memcpy(directory, config->directory, size);
    spool->config = *config;
    spool->config.directory = directory;
    spool->directory = directory;
    spool->parent_fd = -1;
    spool->oldest_at_us = TIME_NONE;
    spool_refused_init(&spool->refused);
    buf_init(&spool->text, 2 * GROUP_BYTES_MAX);
    queue_init(&spool->queue, config->queue_items);
    (void)pthread_mutex_init(&spool->lock, NULL);
    return spool;
}

void spool_close(struct spool *spool)
{
    if (spool == NULL || !spool->is_started) {
        return;
    }
    queue_close(&spool->queue);
    (void)pthread_join(spool->thread, NULL);
    spool->is_started = false;
    atomic_store(&spool->is_open, false);
    spool_refused_close(&spool->refused);
    spool_files_close(&spool->files);
    (void)close(spool->parent_fd);
    spool->parent_fd = -1;
}

void spool_free(struct spool *spool)
{
    if (spool == NULL) {
        return;
    }
    spool_close(spool);
    spool_index_done(&spool->index);
    queue_done(&spool->queue);
    (void)pthread_mutex_destroy(&spool->lock);
    buf_done(&spool->text);
    mem_free(spool->directory);
    mem_free(spool);
}

void spool_stats(struct spool *spool, struct spool_stats *ret_stats)
{
    const bool is_open = spool_is_open(spool);
    *ret_stats = (struct spool_stats){
        .is_open = is_open, .bytes_max = spool->config.bytes_max, .oldest_at_us = TIME_NONE};
    if (!is_open) {
        return;
    }
    ret_stats->bytes = spool_files_bytes(&spool->files) + spool_refused_bytes(&spool->refused);
    ret_stats->refused = spool_refused_count(&spool->refused);
    (void)pthread_mutex_lock(&spool->lock);
    ret_stats->waiting = atomic_load(&spool->waiting);
    ret_stats->oldest_at_us = spool->oldest_at_us;
    ret_stats->kept_total = spool->kept_total;
    ret_stats->refused_total = spool->refused_total;
    ret_stats->drained_total = spool->noted_total - spool->refused_total;
    (void)pthread_mutex_unlock(&spool->lock);
}

/* ---- draining ---- */

enum err_code spool_read(struct spool *spool, struct buf *buf,
                         struct spool_record records[static SPOOL_READ_RECORDS_MAX],
                         size_t *ret_count, struct err *reterr)
{
    size_t count = 0;
    const enum err_code code = spool_files_read(&spool->files, buf, records, &count, reterr);
    if (code != OK) {
        return code;
    }
    (void)pthread_mutex_lock(&spool->lock);
    while (count > 0 && records[count - 1].sequence > spool->published) {
        count--; /* its writer is about to say so */
    }
    if (count > 0) {
        spool->oldest_at_us = records[0].received_at_us;
    }
    (void)pthread_mutex_unlock(&spool->lock);
    *ret_count = count;
    return OK;
}

enum err_code spool_drained(struct spool *spool, const struct spool_record *records, size_t count,
                            struct err *reterr)
{
    assert(count > 0);
    const enum err_code code = spool_files_drained(&spool->files, &records[count - 1], reterr);
    if (code != OK) {
        return code;
    }
    (void)pthread_mutex_lock(&spool->lock);
    spool->drained = records[count - 1].sequence;
    spool->noted_total += count;
    const uint64_t waiting = atomic_fetch_sub(&spool->waiting, count);
    assert(waiting >= count);
    if (waiting == count) {
        spool->oldest_at_us = TIME_NONE;
        if (!spool->is_reserved) {
            spool_index_done(&spool->index);
        }
    }
    (void)pthread_mutex_unlock(&spool->lock);
    return OK;
}

enum err_code spool_refuse(struct spool *spool, const struct spool_record *record,
                           const char *reason, struct err *reterr)
{
    struct spool_record refused = *record;
    refused.reason = str_from(reason);
    const enum err_code code = spool_refused_add(&spool->refused, spool->files.directory_fd,
                                                 &spool->files.salt, &refused, reterr);
    if (code == OK) {
        (void)pthread_mutex_lock(&spool->lock);
        spool->refused_total++;
        (void)pthread_mutex_unlock(&spool->lock);
    }
    return code;
}

/* ---- from outside ---- */

static bool count_waiting(void *context, const struct spool_record *record)
{
    struct spool_stats *stats = context;
    stats->waiting++;
    if (stats->oldest_at_us == TIME_NONE) {
        stats->oldest_at_us = record->received_at_us;
    }
    return true;
}

static bool count_refused(void *context, const struct spool_record *record)
{
    (void)record;
    ((struct spool_stats *)context)->refused++;
    return true;
}

enum err_code spool_inspect(const char *directory, struct spool_stats *ret_stats,
                            struct spool_found *ret_found, struct err *reterr)
{
    struct spool_stats stats = {.oldest_at_us = TIME_NONE};
    const struct spool_visitor waiting = {count_waiting, &stats};
    const struct spool_visitor refused = {count_refused, &stats};
    int parent_fd;
    enum err_code code = file_open_directory(directory, &parent_fd, reterr);
    if (code != OK) {
        return code;
    }
    int64_t refused_bytes = 0;
    code = spool_files_inspect(parent_fd, folder_name, &waiting, &stats.bytes, ret_found, reterr);
    code = code != OK
               ? code
               : spool_refused_inspect(parent_fd, folder_name, &refused, &refused_bytes, reterr);
    (void)close(parent_fd);
    stats.bytes += refused_bytes;
    if (code == OK) {
        *ret_stats = stats;
    }
    return code;
}
