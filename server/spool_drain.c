/*
 * A round reads up to a few hundred records and gives them to the ingest lane, as one operation
 * where it can: so they keep their order, and share a transaction. A record with an Idempotency-Key
 * is an operation of its own, because the key belongs to an operation.
 *
 * An operation that the database refuses is split until the record that causes it stands alone.
 * That one goes into quarantine as it came; if even that is refused, into the spool's refused part.
 *
 * Records are noted as drained when they are committed. If that note is lost, they are drained
 * again and recognised by their ids.
 */
#include "spool_drain.h"

#include "base/memory.h"
#include "handlers/submit.h"
#include "request.h"

enum {
    RECORDS_MAX = SPOOL_READ_RECORDS_MAX,
    RECORD_ARENA_BYTES = 256 * 1024, /* beside what the body takes */
    TRIES_MAX = 3,                   /* of what fails for a reason that may pass */
};

/* A record as a request without a client. */
struct item {
    struct http_message message;
    struct request request;
    bool is_begun;
};

struct spool_drain {
    struct app *app;
    struct buf buf;
    struct spool_record records[RECORDS_MAX];
    struct item items[RECORDS_MAX];
    struct input inputs[RECORDS_MAX];
    size_t set_aside; /* in this round */
    uint64_t stuck_sequence;
    unsigned stuck_tries;
};

struct spool_drain *spool_drain_new(struct app *app)
{
    struct spool_drain *drain = mem_alloc(sizeof *drain);
    if (drain != NULL) {
        drain->app = app;
        buf_init(&drain->buf, 2 * SPOOL_READ_BYTES_MAX);
    }
    return drain;
}

void spool_drain_free(struct spool_drain *drain)
{
    if (drain != NULL) {
        buf_done(&drain->buf);
        mem_free(drain);
    }
}

/* ---- from records to inputs ---- */

static void item_begin(struct spool_drain *drain, size_t index)
{
    const struct spool_record *record = &drain->records[index];
    struct item *item = &drain->items[index];
    item->message = (struct http_message){.method = HTTP_POST};
    arena_init(&item->message.arena, RECORD_ARENA_BYTES + 8 * record->body.len);
    request_begin_kept(&item->request, &item->message, drain->app, record);
    item->is_begun = true;
}

static void items_end(struct spool_drain *drain, size_t begin, size_t count)
{
    for (size_t i = begin; i < begin + count; i++) {
        struct item *item = &drain->items[i];
        if (item->is_begun) {
            request_end_kept(&item->request);
            arena_done(&item->message.arena);
            item->is_begun = false;
        }
    }
}

/* How a record is taken in. */
enum way {
    WAY_SUBMISSION, /* as the form's post it is */
    WAY_OTHER_ID,   /* into quarantine: its own id stands for another submission */
    WAY_RAW         /* into quarantine as it came */
};

/* What was decided when it was acknowledged. */
static void input_as_acknowledged(struct input *input, const struct spool_record *record,
                                  enum way way)
{
    input->activity.id = record->id;
    input->activity.has_client_id = true; /* it may be there already: always looked up */
    input->activity.fingerprint = record->fingerprint;
    if (record->consent_text.data != NULL) {
        input->consent_text = record->consent_text; /* not what the form says by now */
    }
    if (way == WAY_OTHER_ID) { /* the same one each time, should this be repeated */
        const struct str parts[] = {
            STR_LITERAL("spooled"), str_slice((const char *)record->id.bytes, sizeof record->id),
            str_slice((const char *)record->fingerprint.bytes, SHA256_BYTES)};
        input->activity.id = uuid_from_parts(parts, ARRAY_LEN(parts));
        input->quarantine.suspicions |= SUSPICION_BIT(SUSPICION_INVALID_AT_DRAIN);
    }
}

/* Kept as it came: nobody can make a submission of it by today's form. */
static void input_raw(struct item *item, const struct spool_record *record,
                      const struct submission *submission, struct input *ret_input)
{
    request_input_init(&item->request, ret_input, INPUT_SUBMISSION);
    ret_input->activity.scope = record->form;
    ret_input->activity.form = record->form;
    ret_input->quarantine.suspicions = SUSPICION_BIT(SUSPICION_INVALID_AT_DRAIN);
    ret_input->quarantine.raw = record->body;
    ret_input->quarantine.raw_type = record->content_type;
    ret_input->quarantine.raw_tool = submit_tool_of(&item->request);
    if (submission != NULL) { /* so that it is found when the person wants to be forgotten */
        ret_input->email = submission->input.email;
        ret_input->email_key = submission->input.email_key;
    }
}

/* Whether all that is wrong is that something is missing: then there is a submission to look at. */
static bool is_only_incomplete(const struct submission *submission, const struct faults *faults)
{
    for (size_t i = 0; i < faults->count && i < FAULTS_MAX; i++) {
        if (!str_is(str_from(faults->items[i].code), "required")) {
            return false;
        }
    }
    return submission->input.email_key.data != NULL;
}

/* What can still be made of a post that its form does not take as it is. */
static bool is_incomplete_submission(struct request *request, struct submission *submission)
{
    return submission != NULL && is_only_incomplete(submission, &request->faults) &&
           submission_complete(request, submission);
}

static enum err_code make_input(struct spool_drain *drain, size_t index, enum way way,
                                struct err *reterr)
{
    const struct spool_record *record = &drain->records[index];
    struct input *input = &drain->inputs[index];
    item_begin(drain, index);
    struct item *item = &drain->items[index];
    struct request *request = &item->request;
    const enum request_step step = way == WAY_RAW ? REQUEST_REPLY : request_start_kept(request);
    struct submission *submission = request->data;
    if (step == REQUEST_REPLY && item->message.reply.status >= 500) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for a spooled post.");
    }
    if (step == REQUEST_RUN) {
        *input = submission->input;
    } else if (is_incomplete_submission(request, submission)) {
        *input = submission->input;
        input->quarantine.suspicions |= SUSPICION_BIT(SUSPICION_INVALID_AT_DRAIN);
    } else {
        input_raw(item, record, submission, input);
    }
    input_as_acknowledged(input, record, way);
    return OK;
}

/* ---- one operation ---- */

static enum err_code run_once(struct spool_drain *drain, size_t begin, size_t count, enum way way,
                              bool *ret_must_restart, struct err *reterr)
{
    for (size_t i = begin; i < begin + count; i++) {
        const enum err_code code = make_input(drain, i, way, reterr);
        if (code != OK) {
            return code;
        }
    }
    struct request *first = &drain->items[begin].request;
    const struct str key = drain->records[begin].idempotency_key;
    struct change_op op;
    struct idempotency idempotency;
    change_op_init(&op, &drain->inputs[begin], count, LANE_INGEST);
    op.op.catalog = first->catalog;
    if (key.data != NULL && way == WAY_SUBMISSION) {
        if (!request_idempotency(first, key, &idempotency)) {
            return err_set(reterr, ERR_NOMEM, "Out of memory for a spooled post.");
        }
        op.idempotency = &idempotency;
    }
    const enum err_code code = store_run(drain->app->store, &op.op, reterr);
    *ret_must_restart = code == OK && op.op.must_restart;
    return code;
}

/* Makes the inputs by the newest set-up and runs them; again when that changes meanwhile. */
static enum err_code run(struct spool_drain *drain, size_t begin, size_t count, enum way way,
                         struct err *reterr)
{
    bool must_restart = false;
    enum err_code code;
    do {
        code = run_once(drain, begin, count, way, &must_restart, reterr);
        items_end(drain, begin, count);
    } while (must_restart);
    for (size_t i = begin; i < begin + count && code == OK; i++) {
        drain->set_aside += drain->inputs[i].result.is_set_aside ? 1 : 0;
    }
    return code;
}

/* ---- what fails ---- */

/* The database is not there, or busy: later it may well be. */
static bool may_pass(enum err_code code)
{
    return code == ERR_BUSY || code == ERR_TIMEOUT || code == ERR_NOMEM || code == ERR_CONFLICT;
}

/* A record that fails again and again for a reason that may pass must not hold up all others. */
static bool is_stuck(struct spool_drain *drain, const struct spool_record *record)
{
    if (drain->stuck_sequence != record->sequence) {
        drain->stuck_sequence = record->sequence;
        drain->stuck_tries = 0;
    }
    return ++drain->stuck_tries >= TRIES_MAX;
}

/* The last that can be done for a record: quarantine as it came, else the spool's refused part. */
static enum err_code set_aside(struct spool_drain *drain, size_t index, enum way way,
                               struct err *reterr)
{
    enum err_code code = run(drain, index, 1, way, reterr);
    const struct input_result *result = &drain->inputs[index].result;
    if (code == OK && (result->code == OK || result->is_replay)) {
        return OK;
    }
    if (code != OK && may_pass(code)) {
        return code;
    }
    const struct spool_record *record = &drain->records[index];
    char id[UUID_TEXT_BYTES];
    log_write(LOG_ERROR, "spool_refused", LOG_TEXT("submission_id", uuid_format(record->id, id)),
              LOG_STR("form", record->form),
              LOG_TEXT("error", code != OK ? reterr->detail : err_name(result->code)));
    return spool_refuse(drain->app->spool, record, err_name(code != OK ? code : result->code),
                        reterr);
}

/* An answer that is no submission: the id, or the Idempotency-Key, stands for something else. */
static enum err_code settle(struct spool_drain *drain, size_t index, struct err *reterr)
{
    const struct input_result *result = &drain->inputs[index].result;
    if (result->code == OK) {
        return OK;
    }
    if (result->code != ERR_INVALID && !is_stuck(drain, &drain->records[index])) {
        return err_set(reterr, ERR_BUSY, "A spooled post met another transaction.");
    }
    return set_aside(drain, index, WAY_OTHER_ID, reterr);
}

/* ---- a round ---- */

static enum err_code take(struct spool_drain *drain, size_t begin, size_t count, size_t *done,
                          struct err *reterr)
{
    enum err_code code = run(drain, begin, count, WAY_SUBMISSION, reterr);
    if (code != OK && count == 1 &&
        (!may_pass(code) || (code == ERR_CONFLICT && is_stuck(drain, &drain->records[begin])))) {
        code = set_aside(drain, begin, WAY_RAW, reterr);
        *done += code == OK ? 1 : 0;
        return code;
    }
    if (code != OK && may_pass(code) && (code != ERR_CONFLICT || count == 1)) {
        return code;
    }
    if (code != OK) {
        code = take(drain, begin, count / 2, done, reterr);
        return code != OK ? code : take(drain, begin + count / 2, count - count / 2, done, reterr);
    }
    for (size_t i = begin; i < begin + count && code == OK; i++) {
        code = settle(drain, i, reterr);
        *done += code == OK ? 1 : 0;
    }
    return code;
}

/* How many may share an operation: an Idempotency-Key belongs to one alone. */
static size_t run_length(const struct spool_drain *drain, size_t begin, size_t count)
{
    size_t end = begin + 1;
    while (drain->records[begin].idempotency_key.data == NULL && end < count &&
           drain->records[end].idempotency_key.data == NULL) {
        end++;
    }
    return end - begin;
}

enum err_code spool_drain_round(struct spool_drain *drain, size_t *ret_count, struct err *reterr)
{
    struct spool *spool = drain->app->spool;
    size_t count = 0;
    size_t done = 0;
    *ret_count = 0;
    drain->set_aside = 0;
    enum err_code code = spool_read(spool, &drain->buf, drain->records, &count, reterr);
    while (code == OK && done < count) {
        code = take(drain, done, run_length(drain, done, count), &done, reterr);
    }
    if (done > 0) {
        struct err err;
        const enum err_code noted = spool_drained(spool, drain->records, done, &err);
        if (noted != OK) {
            return err_set(reterr, noted, "%s", err.detail);
        }
        *ret_count = done;
    }
    if (drain->set_aside > 0) {
        log_write(LOG_WARN, "spool_quarantined", LOG_INT("count", drain->set_aside));
    }
    return code;
}
