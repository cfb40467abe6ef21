/* What of a batch may have been taken in already: by the ids that clients chose, or that were made
 * of what they sent. */
#include "domain/double_click.h"
#include "store/change_batch_internal.h"

/* After an unknown outcome every id is looked up, those we chose too: the batch may be in already.
 */
static bool must_look_up(const struct batch *batch, const struct input *input)
{
    /* A release has the id of the submission that was set aside: it is the entry that says whether
     * it was made already. */
    const bool has_activity = (input->kind == INPUT_SUBMISSION || input->kind == INPUT_ACTIVITY) &&
                              uuid_is_nil(input->quarantine.id);
    return has_activity && (input->activity.has_client_id || batch->is_rerun);
}

static void key_params(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *ids = param_array(params, ITEM_UUID);
    struct param *scopes = param_array(params, ITEM_TEXT);
    for (size_t i = 0; i < batch->asked_count; i++) {
        item_uuid(ids, batch->asked[i].id);
        item_text(scopes, batch->asked[i].input->activity.scope);
    }
}

/* An imported deal has an id made from its content, so that a repeat meets itself. */
bool batch_may_be_known_deal(const struct input *input)
{
    return input->kind == INPUT_DEAL && !uuid_is_nil(input->deal.deal_id) &&
           input->email_key.data != NULL;
}

static void deal_params(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *emails = param_array(params, ITEM_TEXT);
    struct param *ids = param_array(params, ITEM_UUID);
    for (size_t i = 0; i < batch->deal_count; i++) {
        item_text(emails, batch->deals[i]->email_key);
        item_uuid(ids, batch->deals[i]->deal.deal_id);
    }
}

enum { IDS_MAX = 3 }; /* that are looked up for one input */

/* Its own; of a form post that has none also those of the neighbouring slots. */
static void ask_for(struct batch *batch, struct input *input)
{
    const struct uuid id = input->activity.id;
    batch->asked[batch->asked_count++] = (struct asked_id){id, input};
    if (double_click_is_id(id)) {
        batch->asked[batch->asked_count++] =
            (struct asked_id){double_click_id_shifted(id, -1), input};
        batch->asked[batch->asked_count++] =
            (struct asked_id){double_click_id_shifted(id, 1), input};
    }
}

enum err_code batch_collect_repeats(struct batch *batch)
{
    batch->asked = arena_array(batch->arena, batch->input_count * IDS_MAX, sizeof *batch->asked);
    batch->deals = arena_array(batch->arena, batch->input_count, sizeof *batch->deals);
    if (batch->asked == NULL || batch->deals == NULL) {
        return batch_no_memory(batch);
    }
    for (size_t i = 0; i < batch->input_count; i++) {
        if (must_look_up(batch, batch->inputs[i])) {
            ask_for(batch, batch->inputs[i]);
        } else if (batch_may_be_known_deal(batch->inputs[i])) {
            batch->deals[batch->deal_count++] = batch->inputs[i];
        }
    }
    return OK;
}

enum err_code batch_send_repeats(struct batch *batch)
{
    enum err_code code = OK;
    if (batch->asked_count > 0) {
        key_params(batch);
        code = batch_send(batch, STATEMENT_ACTIVITY_KEY_EXISTING);
    }
    if (code == OK && batch->deal_count > 0) {
        deal_params(batch);
        code = batch_send(batch, STATEMENT_DEAL_EXISTING);
    }
    return code;
}

static void mark_replay(const struct asked_id *asked, const struct rows *rows, size_t row)
{
    struct input *input = asked->input;
    input->result.is_replay = true;
    input->result.id = asked->id;
    input->result.contact_id = row_uuid(rows, row, 1);
    input->result.received_at_us = row_time(rows, row, 2);
    const struct str sent =
        str_slice((const char *)input->activity.fingerprint.bytes, SHA256_BYTES);
    const struct str known = row_text(rows, row, 3);
    /* Of an erased contact's submission is not known what it said: whatever comes again under its
     * id is its repeat. */
    if (known.len > 0 && !str_eq(sent, known)) {
        input->result.code = ERR_INVALID;
        input->result.detail = "This id was used before, with other content.";
    }
}

static enum err_code receive_keys(struct batch *batch)
{
    struct rows *rows;
    const enum err_code code = batch_receive(batch, &rows);
    for (size_t r = 0; r < rows_count(rows) && code == OK; r++) {
        const struct asked_id *asked = &batch->asked[row_bigint(rows, r, 0) - 1];
        if (double_click_is_one(asked->id, row_time(rows, r, 2), asked->input->activity.id,
                                input_came_at_us(asked->input, batch->now_us))) {
            mark_replay(asked, rows, r);
        }
    }
    return code;
}

static enum err_code receive_deals(struct batch *batch)
{
    struct rows *rows;
    const enum err_code code = batch_receive(batch, &rows);
    for (size_t r = 0; r < rows_count(rows) && code == OK; r++) {
        struct input *input = batch->deals[row_bigint(rows, r, 0) - 1];
        input->result.is_replay = true;
        input->result.id = input->deal.deal_id;
        input->result.contact_id = row_uuid(rows, r, 1);
        input->result.received_at_us = batch->now_us;
    }
    return code;
}

enum err_code batch_receive_repeats(struct batch *batch)
{
    enum err_code code = batch->asked_count > 0 ? receive_keys(batch) : OK;
    return code == OK && batch->deal_count > 0 ? receive_deals(batch) : code;
}
