#include "sla_status.h"

#include <stdio.h>

#include "base/json_write.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "commitment_standing.h"

/* What is left of a second is for the way to the reader. */
static const int64_t age_us_max = 850 * US_PER_MS;
/* When the next one is read if somebody looks: long before, so that nobody waits for it. */
static const int64_t renewal_age_us = 500 * US_PER_MS;

enum { QUERY_COUNTS, QUERY_BREACHED, QUERY_COMMITMENTS, ETAG_HASH_BYTES = 12 };

/* In the order of sla_status.sql. */
enum counts_column {
    COUNTS_NOW,
    COUNTS_NEXT_CHANGE_AT,
    COUNTS_RUNNING,
    COUNTS_DUE_SOON,
    COUNTS_BREACHED,
    COUNTS_MET_RATE,
    COUNTS_MEDIAN,
    COUNTS_WITHIN_HOUR,
    COUNTS_CLOSED,
};
enum breached_column {
    BREACHED_HANDOFF_ID,
    BREACHED_CONTACT_ID,
    BREACHED_ASSIGNEE,
    BREACHED_DUE_AT
};

void sla_status_init(struct sla_status *status, struct store *store)
{
    *status = (struct sla_status){.store = store};
    (void)pthread_mutex_init(&status->lock, NULL);
}

void sla_status_done(struct sla_status *status)
{
    if (status->store != NULL) {
        sla_document_unref(TAKE(status->document));
        (void)pthread_mutex_destroy(&status->lock);
        status->store = NULL;
    }
}

static bool is_younger(const struct sla_status *status, int64_t age_us)
{
    return status->document != NULL && clock_monotonic_us() - status->read_at_us <= age_us;
}

void sla_document_unref(struct sla_document *document)
{
    if (document != NULL && atomic_fetch_sub(&document->references, 1) == 1) {
        buf_done(&document->text);
        mem_free(document);
    }
}

/* ---- the document ---- */

static void write_first_contact(struct json_writer *json, const struct rows *counts)
{
    json_key(json, "first_contact");
    json_object_begin(json);
    JSON_FIELD(json, "running", json_int, row_bigint(counts, 0, COUNTS_RUNNING));
    JSON_FIELD(json, "due_within_1h", json_int, row_bigint(counts, 0, COUNTS_DUE_SOON));
    JSON_FIELD(json, "breached_open", json_int, row_bigint(counts, 0, COUNTS_BREACHED));
    JSON_FIELD(json, "met_rate_30d", json_double, row_real(counts, 0, COUNTS_MET_RATE));
    JSON_FIELD(json, "median_seconds_30d", json_double, row_real(counts, 0, COUNTS_MEDIAN));
    JSON_FIELD(json, "within_1h_rate_30d", json_double, row_real(counts, 0, COUNTS_WITHIN_HOUR));
    JSON_FIELD(json, "closed_without_contact_30d", json_int, row_bigint(counts, 0, COUNTS_CLOSED));
    json_object_end(json);
}

static void write_breached(struct json_writer *json, const struct rows *breached)
{
    json_key(json, "breached");
    json_array_begin(json);
    for (size_t i = 0; i < rows_count(breached); i++) {
        json_object_begin(json);
        JSON_FIELD(json, "handoff_id", json_uuid, row_uuid(breached, i, BREACHED_HANDOFF_ID));
        JSON_FIELD(json, "contact_id", json_uuid, row_uuid(breached, i, BREACHED_CONTACT_ID));
        JSON_FIELD(json, "assignee", json_uuid, row_uuid(breached, i, BREACHED_ASSIGNEE));
        JSON_FIELD(json, "due_at", json_time, row_time(breached, i, BREACHED_DUE_AT));
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_commitments(struct json_writer *json, const struct rows *commitments)
{
    json_key(json, "commitments");
    json_array_begin(json);
    for (size_t i = 0; i < rows_count(commitments); i++) {
        const struct standing standing = standing_read(commitments, i);
        json_object_begin(json);
        standing_write_promise(json, &standing);
        standing_write_verdict(json, &standing);
        json_object_end(json);
    }
    json_array_end(json);
}

static int64_t earlier(int64_t a_us, int64_t b_us)
{
    return a_us == TIME_NONE || (b_us != TIME_NONE && b_us < a_us) ? b_us : a_us;
}

/* When this changes if nobody does anything: a clock's next moment, a commitment's next step of the
 * pace, or the end of its period. */
static int64_t next_change_us(const struct rows *counts, const struct rows *commitments)
{
    int64_t next_us = row_time(counts, 0, COUNTS_NEXT_CHANGE_AT);
    for (size_t i = 0; i < rows_count(commitments); i++) {
        next_us = earlier(next_us, row_time(commitments, i, STANDING_NEXT_STEP_AT));
        next_us = earlier(next_us, row_time(commitments, i, STANDING_UNTIL));
    }
    return next_us;
}

/* Writes it; *ret_tagged: where the part begins that the ETag is over. */
static void write_document(struct buf *buf, const struct read_op *read, size_t *ret_tagged)
{
    const struct rows *counts = read->queries[QUERY_COUNTS].rows;
    struct json_writer json;
    json_writer_init(&json, buf);
    json_object_begin(&json);
    JSON_FIELD(&json, "as_of", json_time, row_time(counts, 0, COUNTS_NOW));
    *ret_tagged = buf->len;
    const struct rows *commitments = read->queries[QUERY_COMMITMENTS].rows;
    JSON_FIELD(&json, "next_change_at", json_time, next_change_us(counts, commitments));
    write_first_contact(&json, counts);
    write_commitments(&json, commitments);
    write_breached(&json, read->queries[QUERY_BREACHED].rows);
    json_object_end(&json);
}

static void write_etag(struct str tagged, char etag[static SLA_STATUS_ETAG_BYTES])
{
    const struct sha256 hash = sha256_of(tagged);
    size_t len = 0;
    etag[len++] = '"';
    for (size_t i = 0; i < ETAG_HASH_BYTES; i++) {
        (void)snprintf(etag + len, 3, "%02x", hash.bytes[i]);
        len += 2;
    }
    etag[len++] = '"';
    etag[len] = '\0';
}

/* ---- reading it ---- */

/* NULL: out of memory. */
static struct sla_document *document_new(const struct read_op *read)
{
    struct sla_document *document = mem_alloc(sizeof *document);
    if (document == NULL) {
        return NULL;
    }
    size_t tagged = 0;
    atomic_init(&document->references, 1);
    buf_init(&document->text, SLA_STATUS_BYTES_MAX);
    write_document(&document->text, read, &tagged);
    if (document->text.failed) {
        sla_document_unref(document);
        return NULL;
    }
    const struct str text = buf_str(&document->text);
    write_etag(str_slice(text.data + tagged, text.len - tagged), document->etag);
    return document;
}

/* On a store thread, with the rows at hand. */
static void on_read(struct op *op)
{
    struct sla_status *status = op->context;
    if (op->err.code != OK) {
        return;
    }
    struct sla_document *document = document_new(&status->read);
    if (document == NULL) {
        (void)err_set(&op->err, ERR_NOMEM, "Out of memory for the document.");
        return;
    }
    (void)pthread_mutex_lock(&status->lock);
    struct sla_document *before = status->document;
    status->document = document;
    status->read_at_us = status->asked_at_us;
    (void)pthread_mutex_unlock(&status->lock);
    sla_document_unref(before);
}

static void give_back(struct op *op, const struct err *err)
{
    op->err = *err;
    op->finish(op);
    op->done(op);
}

/* The read is over: everybody who waited goes on, with its result. */
static void release(struct sla_status *status, const struct err *err)
{
    (void)pthread_mutex_lock(&status->lock);
    struct queue_node *waiting = TAKE(status->waiting);
    status->waiting_count = 0;
    status->is_reading = false;
    (void)pthread_mutex_unlock(&status->lock);
    while (waiting != NULL) {
        struct queue_node *next = waiting->next;
        give_back(CONTAINER_OF(waiting, struct op, node), err);
        waiting = next;
    }
}

static void on_done(struct op *op)
{
    struct sla_status *status = op->context;
    const struct err err = op->err;
    read_op_done(&status->read);
    release(status, &err);
}

static void start_read(struct sla_status *status)
{
    read_op_init(&status->read);
    status->read.op.finish = on_read;
    status->read.op.done = on_done;
    status->read.op.context = status;
    (void)read_op_query(&status->read, STATEMENT_SLA_STATUS);
    (void)read_op_query(&status->read, STATEMENT_SLA_BREACHED);
    param_bool(read_op_query(&status->read, STATEMENT_COMMITMENT_STATUS), true);
    if (!store_submit(status->store, &status->read.op)) {
        struct err err;
        (void)err_set(&err, ERR_BUSY, "The service is busy. Try again in a moment.");
        read_op_done(&status->read);
        release(status, &err);
    }
}

struct sla_document *sla_status_document(struct sla_status *status, bool is_any_age)
{
    struct sla_document *document = NULL;
    (void)pthread_mutex_lock(&status->lock);
    if (status->document != NULL && (is_any_age || is_younger(status, age_us_max))) {
        document = status->document;
        atomic_fetch_add_explicit(&document->references, 1, memory_order_relaxed);
    }
    const bool must_read = document != NULL && !status->is_reading &&
                           !is_younger(status, renewal_age_us);
    if (must_read) {
        status->is_reading = true;
        status->asked_at_us = clock_monotonic_us();
    }
    (void)pthread_mutex_unlock(&status->lock);
    if (must_read) {
        start_read(status);
    }
    return document;
}

bool sla_status_is_news(struct sla_status *status, const char *etag)
{
    (void)pthread_mutex_lock(&status->lock);
    const bool is_news = is_younger(status, age_us_max) &&
                         strcmp(status->document->etag, etag) != 0;
    (void)pthread_mutex_unlock(&status->lock);
    return is_news;
}

static void wait_for_document(struct sla_status *status, struct op *op, bool is_any_good)
{
    (void)pthread_mutex_lock(&status->lock);
    const bool is_there = is_any_good && is_younger(status, age_us_max);
    const bool has_room = status->waiting_count < SLA_STATUS_WAITING_MAX;
    const bool must_read = !is_there && has_room && !status->is_reading;
    if (!is_there && has_room) {
        op->node.next = status->waiting;
        status->waiting = &op->node;
        status->waiting_count++;
    }
    if (must_read) {
        status->is_reading = true;
        status->asked_at_us = clock_monotonic_us();
    }
    (void)pthread_mutex_unlock(&status->lock);
    if (is_there || !has_room) {
        struct err err = {.code = OK};
        if (!is_there) {
            (void)err_set(&err, ERR_BUSY, "Too many wait for this. Try again in a moment.");
        }
        give_back(op, &err);
    } else if (must_read) {
        start_read(status);
    }
}

void sla_status_wait(struct sla_status *status, struct op *op)
{
    wait_for_document(status, op, /* is_any_good= */ true);
}

void sla_status_renew(struct sla_status *status, struct op *op)
{
    wait_for_document(status, op, /* is_any_good= */ false);
}
