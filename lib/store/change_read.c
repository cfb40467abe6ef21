/* Phase (1) of a batch: see change_batch.c for the order and why. */
#include <assert.h>
#include <stdlib.h>

#include "store/change_batch_internal.h"
#include "store/contact_rows.h"

/* ---- what is asked for ---- */

static enum err_code collect_inputs(struct batch *batch)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->op_count; i++) {
        count += batch->ops[i]->input_count;
    }
    batch->inputs = arena_array(batch->arena, count, sizeof *batch->inputs);
    if (batch->inputs == NULL) {
        return batch_no_memory(batch);
    }
    for (size_t i = 0; i < batch->op_count; i++) {
        for (size_t k = 0; k < batch->ops[i]->input_count; k++) {
            struct input *input = &batch->ops[i]->inputs[k];
            input->result = (struct input_result){.code = OK};
            input->quarantine.found = 0;
            input->quarantine.state = QUARANTINE_HELD;
            batch->inputs[batch->input_count++] = input;
        }
    }
    return OK;
}

static enum err_code collect_idempotents(struct batch *batch)
{
    batch->idempotents = arena_array(batch->arena, batch->op_count, sizeof *batch->idempotents);
    if (batch->idempotents == NULL) {
        return batch_no_memory(batch);
    }
    for (size_t i = 0; i < batch->op_count; i++) {
        struct change_op *op = batch->ops[i];
        if (op->idempotency == NULL) {
            continue;
        }
        struct input_result **results =
            arena_array(batch->arena, op->input_count, sizeof(*results));
        if (results == NULL) {
            return batch_no_memory(batch);
        }
        for (size_t k = 0; k < op->input_count; k++) {
            results[k] = &op->inputs[k].result;
        }
        batch->idempotents[batch->idempotent_count++] = (struct idempotent){
            .idempotency = op->idempotency, .results = results, .result_count = op->input_count};
    }
    return OK;
}

/* $1 addresses, $2 contacts, $3 handoffs: what most statements of the first phase begin with. */
static struct params *target_params(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *emails = param_array(params, ITEM_TEXT);
    struct param *contacts = param_array(params, ITEM_UUID);
    struct param *handoffs = param_array(params, ITEM_UUID);
    for (size_t i = 0; i < batch->input_count; i++) {
        const struct input *input = batch->inputs[i];
        if (!change_needs_contact(input)) {
            continue;
        }
        if (input->email_key.data != NULL) {
            item_text(emails, input->email_key);
        }
        if (input->new_email_key.data != NULL) {
            item_text(emails, input->new_email_key);
        }
        if (!uuid_is_nil(input->contact_id)) {
            item_uuid(contacts, input->contact_id);
        }
        if (!uuid_is_nil(input->other_contact_id)) {
            item_uuid(contacts, input->other_contact_id);
        }
        if (!uuid_is_nil(input->handoff_id)) {
            item_uuid(handoffs, input->handoff_id);
        }
    }
    return params;
}

/* The id a new contact would get; its time is the contact's, so that ids sort by it. */
static struct uuid new_contact_id(const struct input *input)
{
    const int64_t occurred_at_us = input->activity.occurred_at_us;
    return uuid_new(input->is_historical && occurred_at_us != TIME_NONE ? occurred_at_us
                                                                        : clock_wall_us());
}

static size_t identity_params(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *keys = param_array(params, ITEM_TEXT);
    struct param *ids = param_array(params, ITEM_UUID);
    size_t count = 0;
    for (size_t i = 0; i < batch->input_count; i++) {
        const struct input *input = batch->inputs[i];
        if (input->creates && input->email_key.data != NULL && change_needs_contact(input)) {
            item_text(keys, input->email_key);
            item_uuid(ids, new_contact_id(input));
            count++;
        }
        if (input->new_email_key.data != NULL) {
            item_text(keys, input->new_email_key);
            item_uuid(ids, input->contact_id);
            count++;
        }
    }
    return count;
}

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

static size_t key_params(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *ids = param_array(params, ITEM_UUID);
    struct param *scopes = param_array(params, ITEM_TEXT);
    size_t count = 0;
    for (size_t i = 0; i < batch->input_count; i++) {
        if (must_look_up(batch, batch->inputs[i])) {
            item_uuid(ids, batch->inputs[i]->activity.id);
            item_text(scopes, batch->inputs[i]->activity.scope);
            count++;
        }
    }
    return count;
}

/* An imported deal has an id made from its content, so that a repeat meets itself. */
bool batch_may_be_known_deal(const struct input *input)
{
    return input->kind == INPUT_DEAL && !uuid_is_nil(input->deal.deal_id) &&
           input->email_key.data != NULL;
}

static size_t deal_params(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *emails = param_array(params, ITEM_TEXT);
    struct param *ids = param_array(params, ITEM_UUID);
    size_t count = 0;
    for (size_t i = 0; i < batch->input_count; i++) {
        if (batch_may_be_known_deal(batch->inputs[i])) {
            item_text(emails, batch->inputs[i]->email_key);
            item_uuid(ids, batch->inputs[i]->deal.deal_id);
            count++;
        }
    }
    return count;
}

static enum err_code receive_head(struct batch *batch)
{
    struct rows *rows;
    enum err_code code = conn_result(batch->worker->conn, /* BEGIN */ NULL, batch->reterr);
    if (code == OK) {
        code = batch_receive(batch, &rows);
    }
    if (code == OK && rows_count(rows) != 1) {
        code = err_set(batch->reterr, ERR_STORE,
                       "Table catalog_head is empty. Restore it from a backup.");
    }
    if (code == OK) {
        batch->catalog_version = row_bigint(rows, 0, 0);
        batch->now_us = row_time(rows, 0, 1);
    }
    return code;
}

static enum err_code receive_locked(struct batch *batch)
{
    struct rows *rows;
    const enum err_code code = batch_receive(batch, &rows);
    if (code != OK) {
        return code;
    }
    batch->locked_count = rows_count(rows);
    batch->locked = arena_array(batch->arena, batch->locked_count + 1, sizeof *batch->locked);
    if (batch->locked == NULL) {
        return batch_no_memory(batch);
    }
    for (size_t i = 0; i < batch->locked_count; i++) {
        batch->locked[i] = row_uuid(rows, i, 0);
    }
    return OK;
}

static int compare_keys(const void *a, const void *b)
{
    return str_compare(((const struct target *)a)->email_key,
                       ((const struct target *)b)->email_key);
}

static int compare_ids(const void *a, const void *b)
{
    return uuid_compare(((const struct target *)a)->id, ((const struct target *)b)->id);
}

static enum err_code receive_targets(struct batch *batch)
{
    struct rows *rows;
    const enum err_code code = batch_receive(batch, &rows);
    if (code != OK) {
        return code;
    }
    const size_t count = rows_count(rows);
    struct target_list *const lists[] = {&batch->emails, &batch->ids, &batch->handoffs};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        lists[i]->items = arena_array(batch->arena, count + 1, sizeof *lists[i]->items);
        if (lists[i]->items == NULL) {
            return batch_no_memory(batch);
        }
    }
    for (size_t i = 0; i < count; i++) {
        const char kind = row_text(rows, i, 0).data[0];
        struct target_list *list = kind == 'e'   ? &batch->emails
                                   : kind == 'c' ? &batch->ids
                                                 : &batch->handoffs;
        list->items[list->count++] = (struct target){
            .email_key = row_text(rows, i, 1),
            .id = row_uuid(rows, i, 2),
            .contact_id = row_uuid(rows, i, 3),
            .assignee = row_uuid(rows, i, 5),
            .owner = row_uuid(rows, i, 6),
        };
        if (kind == 'h') {
            const int state = name_index(handoff_state_names, row_text(rows, i, 4));
            list->items[list->count - 1].state = state >= 0 ? (enum handoff_state)state
                                                            : HANDOFF_OPEN;
        }
    }
    qsort(batch->emails.items, batch->emails.count, sizeof(struct target), compare_keys);
    qsort(batch->ids.items, batch->ids.count, sizeof(struct target), compare_ids);
    qsort(batch->handoffs.items, batch->handoffs.count, sizeof(struct target), compare_ids);
    return OK;
}

static int compare_contacts(const void *a, const void *b)
{
    return uuid_compare((*(struct contact *const *)a)->contact_id,
                        (*(struct contact *const *)b)->contact_id);
}

struct contact *batch_find_contact(const struct batch *batch, struct uuid contact_id)
{
    struct contact probe = {.contact_id = contact_id};
    struct contact *const key = &probe;
    struct contact **found = bsearch(&key, batch->contacts, batch->contact_count,
                                     sizeof(struct contact *), compare_contacts);
    return found != NULL ? *found : NULL;
}

static bool is_locked(const struct batch *batch, struct uuid contact_id)
{
    size_t low = 0;
    size_t high = batch->locked_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = uuid_compare(batch->locked[middle], contact_id);
        if (order == 0) {
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

static enum err_code receive_contacts(struct batch *batch)
{
    struct rows *rows;
    enum err_code code = batch_receive(batch, &rows);
    if (code != OK) {
        return code;
    }
    const size_t count = rows_count(rows);
    /* Room for the new ones: at most one an input. */
    batch->contacts =
        arena_array(batch->arena, count + batch->input_count, sizeof *batch->contacts);
    struct contact *contacts = arena_array(batch->arena, count, sizeof *contacts);
    if (batch->contacts == NULL || contacts == NULL) {
        return batch_no_memory(batch);
    }
    for (size_t i = 0; i < count && code == OK; i++) {
        code = contact_from_row(rows, i, batch->model, batch->model_version, batch->arena,
                                &contacts[i], batch->reterr);
        batch->contacts[batch->contact_count++] = &contacts[i];
        if (code == OK && !is_locked(batch, contacts[i].contact_id)) {
            code = err_set(batch->reterr, ERR_CONFLICT, "A contact was merged meanwhile.");
        }
    }
    qsort(batch->contacts, batch->contact_count, sizeof(struct contact *), compare_contacts);
    return code;
}

static enum err_code send_reads(struct batch *batch, bool *ret_has_identities, bool *ret_has_keys)
{
    struct conn *conn = batch->worker->conn;
    enum err_code code = conn_send(conn, STATEMENT_BEGIN, /* params= */ NULL, batch->reterr);
    if (code == OK) {
        code = conn_send(conn, STATEMENT_HEAD, /* params= */ NULL, batch->reterr);
    }
    *ret_has_identities = identity_params(batch) > 0;
    if (code == OK && *ret_has_identities) {
        code = batch_send(batch, STATEMENT_IDENTITY_CLAIM);
    }
    (void)target_params(batch);
    if (code == OK) {
        code = batch_send(batch, STATEMENT_CONTACT_LOCK);
    }
    if (code == OK) {
        code = batch_send(batch, STATEMENT_CONTACT_TARGETS);
    }
    param_int(&batch->worker->params, batch->model_version);
    if (code == OK) {
        code = batch_send(batch, STATEMENT_CONTACT_STATE);
    }
    *ret_has_keys = key_params(batch) > 0;
    if (code == OK && *ret_has_keys) {
        code = batch_send(batch, STATEMENT_ACTIVITY_KEY_EXISTING);
    }
    batch->deal_count = deal_params(batch);
    if (code == OK && batch->deal_count > 0) {
        code = batch_send(batch, STATEMENT_DEAL_EXISTING);
    }
    if (code == OK && batch->idempotent_count > 0) {
        (void)idempotency_lookup_params(&batch->worker->params, batch->idempotents,
                                        batch->idempotent_count);
        code = batch_send(batch, STATEMENT_IDEMPOTENCY_EXISTING);
    }
    code = code != OK ? code : batch_send_watch(batch);
    return code == OK ? conn_flush(conn, batch->reterr) : code;
}

/* Existing ids are matched to their inputs by brute force: there are few of them. */
static void mark_replays(struct batch *batch, const struct rows *rows)
{
    for (size_t r = 0; r < rows_count(rows); r++) {
        const struct uuid id = row_uuid(rows, r, 0);
        const struct str scope = row_text(rows, r, 1);
        const struct str fingerprint = row_text(rows, r, 4);
        for (size_t i = 0; i < batch->input_count; i++) {
            struct input *input = batch->inputs[i];
            if (!must_look_up(batch, input) || !uuid_eq(input->activity.id, id) ||
                !str_eq(input->activity.scope, scope)) {
                continue;
            }
            input->result.is_replay = true;
            input->result.id = id;
            input->result.contact_id = row_uuid(rows, r, 2);
            input->result.received_at_us = row_time(rows, r, 3);
            const struct str sent =
                str_slice((const char *)input->activity.fingerprint.bytes, SHA256_BYTES);
            if (!str_eq(sent, fingerprint)) {
                input->result.code = ERR_INVALID;
                input->result.detail = "This id was used before, with other content.";
            }
        }
    }
}

static void mark_known_deals(struct batch *batch, const struct rows *rows)
{
    for (size_t r = 0; r < rows_count(rows); r++) {
        const struct uuid id = row_uuid(rows, r, 0);
        for (size_t i = 0; i < batch->input_count; i++) {
            struct input *input = batch->inputs[i];
            if (batch_may_be_known_deal(input) && uuid_eq(input->deal.deal_id, id)) {
                input->result.is_replay = true;
                input->result.id = id;
                input->result.contact_id = row_uuid(rows, r, 1);
                input->result.received_at_us = batch->now_us;
            }
        }
    }
}

static enum err_code receive_reads(struct batch *batch, bool has_identities, bool has_keys)
{
    enum err_code code = receive_head(batch);
    struct rows *rows = NULL;
    if (code == OK && has_identities) {
        code = batch_receive(batch, &rows);
        batch->claimed = code == OK ? rows : NULL;
    }
    if (code == OK) {
        code = receive_locked(batch);
    }
    if (code == OK) {
        code = receive_targets(batch);
    }
    if (code == OK) {
        code = receive_contacts(batch);
    }
    if (code == OK && has_keys) {
        code = batch_receive(batch, &rows);
        if (code == OK) {
            mark_replays(batch, rows);
        }
    }
    if (code == OK && batch->deal_count > 0) {
        code = batch_receive(batch, &rows);
        if (code == OK) {
            mark_known_deals(batch, rows);
        }
    }
    if (code == OK && batch->idempotent_count > 0) {
        code = batch_receive(batch, &rows);
        if (code == OK) {
            code =
                idempotency_take(rows, batch->idempotents, batch->idempotent_count, batch->reterr);
        }
    }
    return code != OK ? code : batch_receive_watch(batch);
}
/* ---- finding things again ---- */

static const struct target *find_target(const struct target_list *list, const struct target *probe,
                                        int (*compare)(const void *, const void *))
{
    return bsearch(probe, list->items, list->count, sizeof(struct target), compare);
}

const struct target *batch_target_of(const struct batch *batch, const struct input *input)
{
    if (!uuid_is_nil(input->handoff_id)) {
        return find_target(&batch->handoffs, &(struct target){.id = input->handoff_id},
                           compare_ids);
    }
    if (!uuid_is_nil(input->contact_id)) {
        return find_target(&batch->ids, &(struct target){.id = input->contact_id}, compare_ids);
    }
    return find_target(&batch->emails, &(struct target){.email_key = input->email_key},
                       compare_keys);
}

/* Keeps the list sorted; new contacts are few and their ids are mostly the greatest. */

const struct target *batch_target_of_email(const struct batch *batch, struct str email_key)
{
    return find_target(&batch->emails, &(struct target){.email_key = email_key}, compare_keys);
}

const struct target *batch_target_of_contact(const struct batch *batch, struct uuid contact_id)
{
    return find_target(&batch->ids, &(struct target){.id = contact_id}, compare_ids);
}

enum err_code batch_read(struct batch *batch)
{
    bool has_identities;
    bool has_keys;
    enum err_code code = collect_inputs(batch);
    if (code == OK) {
        code = collect_idempotents(batch);
    }
    if (code == OK) {
        code = send_reads(batch, &has_identities, &has_keys);
    }
    return code == OK ? receive_reads(batch, has_identities, has_keys) : code;
}
