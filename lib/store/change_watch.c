/*
 * What of a submission only the store can know: whether its form token came with another one,
 * whether the same address or the same answers came again and again. And where entries of the
 * quarantine stand that are to be released or purged.
 *
 * A form that asks for none of it costs nothing: no statement is sent.
 *
 * Tokens are claimed, so that of two instances only one takes a token; repeats are counted in what
 * is committed, and in the batch: of those that arrive at the same moment at two instances neither
 * sees the other, which matters little to a count.
 */
#include "store/change_batch_internal.h"

static const struct suspicion_watch *watch_of(const struct input *input)
{
    return input->kind == INPUT_SUBMISSION ? input->quarantine.watch : NULL;
}

/* ---- sent ---- */

/* In the order of arrival: the first with a token is the one that it was made for. */
static size_t token_params(struct batch *batch, bool is_claim)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *tokens = param_array(params, ITEM_UUID);
    struct param *ids = is_claim ? param_array(params, ITEM_UUID) : NULL;
    struct param *expiries = is_claim ? param_array(params, ITEM_TIME) : NULL;
    size_t count = 0;
    for (size_t i = 0; i < batch->input_count; i++) {
        const struct input *input = batch->inputs[i];
        const struct suspicion_watch *watch = watch_of(input);
        if (watch == NULL || uuid_is_nil(watch->token)) {
            continue;
        }
        count++;
        item_uuid(tokens, watch->token);
        if (is_claim) {
            item_uuid(ids, input->activity.id);
            item_time(expiries, watch->token_expires_at_us);
        }
    }
    return count;
}

static void add_mark(struct param *const arrays[4], struct uuid mark, const struct input *input)
{
    const struct suspicion_watch *watch = input->quarantine.watch;
    item_uuid(arrays[0], mark);
    item_uuid(arrays[1], input->activity.id);
    item_real(arrays[2], (double)watch->within_us / (double)US_PER_SECOND);
    item_int(arrays[3], watch->more_than);
}

static size_t mark_params(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *const arrays[] = {param_array(params, ITEM_UUID), param_array(params, ITEM_UUID),
                                    param_array(params, ITEM_REAL), param_array(params, ITEM_INT)};
    size_t count = 0;
    for (size_t i = 0; i < batch->input_count; i++) {
        const struct suspicion_watch *watch = watch_of(batch->inputs[i]);
        if (watch != NULL && !uuid_is_nil(watch->address)) {
            add_mark(arrays, watch->address, batch->inputs[i]);
            count++;
        }
        if (watch != NULL && !uuid_is_nil(watch->content)) {
            add_mark(arrays, watch->content, batch->inputs[i]);
            count++;
        }
    }
    return count;
}

static size_t entry_params(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *ids = param_array(params, ITEM_UUID);
    size_t count = 0;
    for (size_t i = 0; i < batch->input_count; i++) {
        if (!uuid_is_nil(batch->inputs[i]->quarantine.id)) {
            item_uuid(ids, batch->inputs[i]->quarantine.id);
            count++;
        }
    }
    return count;
}

enum err_code batch_send_watch(struct batch *batch)
{
    enum err_code code = OK;
    batch->entry_count = entry_params(batch);
    if (batch->entry_count > 0) {
        code = batch_send(batch, STATEMENT_QUARANTINE_LOCK);
    }
    batch->token_count = token_params(batch, /* is_claim= */ true);
    if (code == OK && batch->token_count > 0) {
        code = batch_send(batch, STATEMENT_FORM_TOKEN_CLAIM);
        /* In the next statement's snapshot is also what somebody else has just claimed. */
        (void)token_params(batch, /* is_claim= */ false);
        code = code != OK ? code : batch_send(batch, STATEMENT_FORM_TOKEN_OWNER);
    }
    batch->mark_count = mark_params(batch);
    if (code == OK && batch->mark_count > 0) {
        code = batch_send(batch, STATEMENT_FORM_TRACE_COUNT);
    }
    return code;
}

/* ---- received ---- */

static void take_entries(struct batch *batch, const struct rows *rows)
{
    for (size_t i = 0; i < batch->input_count; i++) {
        struct quarantine_input *quarantine = &batch->inputs[i]->quarantine;
        if (uuid_is_nil(quarantine->id)) {
            continue;
        }
        quarantine->state = QUARANTINE_NONE;
        for (size_t r = 0; r < rows_count(rows); r++) {
            const int state = name_index(quarantine_state_names, row_text(rows, r, 1));
            if (uuid_eq(row_uuid(rows, r, 0), quarantine->id) && state >= 0) {
                quarantine->state = (enum quarantine_state)state;
                quarantine->contact_id = row_uuid(rows, r, 2);
            }
        }
    }
}

static bool is_anothers(const struct rows *rows, struct uuid token, struct uuid submission_id)
{
    for (size_t r = 0; r < rows_count(rows); r++) {
        if (uuid_eq(row_uuid(rows, r, 0), token)) {
            return !uuid_eq(row_uuid(rows, r, 1), submission_id);
        }
    }
    return false;
}

static void take_tokens(struct batch *batch, const struct rows *rows)
{
    for (size_t i = 0; i < batch->input_count; i++) {
        struct input *input = batch->inputs[i];
        const struct suspicion_watch *watch = watch_of(input);
        if (watch != NULL && !uuid_is_nil(watch->token) &&
            is_anothers(rows, watch->token, input->activity.id)) {
            input->quarantine.found |= SUSPICION_BIT(SUSPICION_TOKEN_USED);
        }
    }
}

/* How often the mark came in this batch before, with other submissions. */
static int64_t earlier_in_batch(const struct batch *batch, size_t index, struct uuid mark)
{
    int64_t count = 0;
    for (size_t i = 0; i < index; i++) {
        const struct input *earlier = batch->inputs[i];
        const struct suspicion_watch *watch = watch_of(earlier);
        count += watch != NULL && !earlier->result.is_replay &&
                 !uuid_eq(earlier->activity.id, batch->inputs[index]->activity.id) &&
                 (uuid_eq(watch->address, mark) || uuid_eq(watch->content, mark));
    }
    return count;
}

/* The counts come in the order in which the marks were sent. */
static void take_counts(struct batch *batch, const struct rows *rows)
{
    size_t row = 0;
    for (size_t i = 0; i < batch->input_count; i++) {
        struct input *input = batch->inputs[i];
        const struct suspicion_watch *watch = watch_of(input);
        if (watch == NULL) {
            continue;
        }
        const struct {
            struct uuid mark;
            enum suspicion suspicion;
        } watched[] = {
            {watch->address, SUSPICION_REPEATED_ADDRESS},
            {watch->content, SUSPICION_REPEATED_CONTENT},
        };
        for (size_t m = 0; m < ARRAY_LEN(watched); m++) {
            if (uuid_is_nil(watched[m].mark) || row >= rows_count(rows)) {
                continue;
            }
            const int64_t before = row_bigint(rows, row++, 0) +
                                   earlier_in_batch(batch, i, watched[m].mark);
            if (before >= watch->more_than) {
                input->quarantine.found |= SUSPICION_BIT(watched[m].suspicion);
            }
        }
    }
}

enum err_code batch_receive_watch(struct batch *batch)
{
    struct rows *rows = NULL;
    enum err_code code = OK;
    if (batch->entry_count > 0) {
        code = batch_receive(batch, &rows);
        if (code == OK) {
            take_entries(batch, rows);
        }
    }
    if (code == OK && batch->token_count > 0) {
        code = conn_result(batch->worker->conn, /* the claim's */ NULL, batch->reterr);
        code = code != OK ? code : batch_receive(batch, &rows);
        if (code == OK) {
            take_tokens(batch, rows);
        }
    }
    if (code == OK && batch->mark_count > 0) {
        code = batch_receive(batch, &rows);
        if (code == OK) {
            take_counts(batch, rows);
        }
    }
    return code;
}

/* ---- within a batch ---- */

void batch_follow_settlement(const struct batch *batch, size_t index)
{
    struct quarantine_input *quarantine = &batch->inputs[index]->quarantine;
    for (size_t i = 0; i < index && !uuid_is_nil(quarantine->id); i++) {
        const struct input *earlier = batch->inputs[i];
        if (uuid_eq(earlier->quarantine.id, quarantine->id) && earlier->result.code == OK &&
            !earlier->result.is_replay) {
            quarantine->state = earlier->kind == INPUT_PURGE ? QUARANTINE_PURGED
                                                             : QUARANTINE_RELEASED;
            quarantine->contact_id = earlier->result.contact_id;
        }
    }
}
