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
            if (input->refusal != NULL) {
                input->result.code = ERR_REFUSED;
                input->result.detail = input->refusal;
                continue;
            }
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

/* The id a new contact would get; its time is the contact's, so that ids sort by it. */
static struct uuid new_contact_id(const struct input *input)
{
    const int64_t occurred_at_us = input->activity.occurred_at_us;
    return uuid_new(input->is_historical && occurred_at_us != TIME_NONE ? occurred_at_us
                                                                        : clock_wall_us());
}

static void want_email(struct target_list *emails, struct str email_key, struct uuid new_id)
{
    if (email_key.data != NULL) {
        emails->items[emails->count++] = (struct target){.email_key = email_key, .new_id = new_id};
    }
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

/* The addresses, sorted, each once. */
static enum err_code collect_emails(struct batch *batch)
{
    struct target_list *emails = &batch->emails;
    emails->items = arena_array(batch->arena, 2 * batch->input_count, sizeof *emails->items);
    if (emails->items == NULL) {
        return batch_no_memory(batch);
    }
    const struct uuid none = {{0}};
    for (size_t i = 0; i < batch->input_count; i++) {
        const struct input *input = batch->inputs[i];
        if (change_needs_contact(input)) {
            want_email(emails, input->email_key, input->creates ? new_contact_id(input) : none);
            want_email(emails, input->new_email_key, input->contact_id);
        }
    }
    qsort(emails->items, emails->count, sizeof *emails->items, compare_keys);
    size_t kept = 0;
    for (size_t i = 0; i < emails->count; i++) {
        struct target *last = kept > 0 ? &emails->items[kept - 1] : NULL;
        if (last == NULL || compare_keys(last, &emails->items[i]) != 0) {
            emails->items[kept++] = emails->items[i];
        } else if (uuid_is_nil(last->new_id)) {
            last->new_id = emails->items[i].new_id;
        }
    }
    emails->count = kept;
    return OK;
}

static void identity_params(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *keys = param_array(params, ITEM_TEXT);
    struct param *ids = param_array(params, ITEM_UUID);
    for (size_t i = 0; i < batch->emails.count; i++) {
        item_text(keys, batch->emails.items[i].email_key);
        const struct uuid none = {{0}};
        item_uuid_or_null(ids, batch->is_dry_run ? none : batch->emails.items[i].new_id);
    }
}

/* The contacts and handoffs that inputs name by id. */
static size_t target_params(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *contacts = param_array(params, ITEM_UUID);
    struct param *handoffs = param_array(params, ITEM_UUID);
    for (size_t i = 0; i < batch->input_count; i++) {
        const struct input *input = batch->inputs[i];
        if (!change_needs_contact(input)) {
            continue;
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
    return contacts->item_count + handoffs->item_count;
}

/* ---- who they are ---- */

static enum err_code receive_head(struct batch *batch)
{
    struct rows *rows = NULL;
    enum err_code code = conn_result(batch->worker->conn, /* BEGIN */ NULL, batch->reterr);
    if (code == OK) {
        code = batch_receive(batch, &rows);
    }
    code = code != OK ? code : catalog_head_check(rows, batch->reterr);
    if (code == OK) {
        batch->catalog_version = row_bigint(rows, 0, 0);
        batch->now_us = row_time(rows, 0, 1);
    }
    return code;
}

static struct target *find_email(const struct batch *batch, struct str email_key)
{
    return bsearch(&(struct target){.email_key = email_key}, batch->emails.items,
                   batch->emails.count, sizeof(struct target), compare_keys);
}

/* Whose the addresses are. One that is missing although it would have been made is being made by
 * somebody else: the batch runs again, and finds it. */
static enum err_code receive_identities(struct batch *batch)
{
    struct rows *rows = NULL;
    enum err_code code = batch_receive(batch, &rows);
    for (size_t i = 0; i < rows_count(rows) && code == OK; i++) {
        struct target *target = find_email(batch, row_text(rows, i, 0));
        if (target == NULL) {
            return err_set(batch->reterr, ERR_BUG, "The database told of another address.");
        }
        target->contact_id = row_uuid(rows, i, 1);
        target->is_claimed = row_bool(rows, i, 2);
    }
    for (size_t i = 0; i < batch->emails.count && code == OK; i++) {
        struct target *target = &batch->emails.items[i];
        if (uuid_is_nil(target->contact_id) && batch->is_dry_run) {
            target->contact_id = target->new_id; /* as if it had been made */
            target->is_claimed = !uuid_is_nil(target->new_id);
        } else if (uuid_is_nil(target->contact_id) && !uuid_is_nil(target->new_id)) {
            code = err_set(batch->reterr, ERR_CONFLICT, "An address is being made by others.");
        }
    }
    return code;
}

static enum err_code receive_targets(struct batch *batch)
{
    struct rows *rows;
    const enum err_code code = batch_receive(batch, &rows);
    if (code != OK) {
        return code;
    }
    const size_t count = rows_count(rows);
    struct target_list *const lists[] = {&batch->ids, &batch->handoffs};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        lists[i]->count = 0;
        lists[i]->items = arena_array(batch->arena, count, sizeof *lists[i]->items);
        if (lists[i]->items == NULL) {
            return batch_no_memory(batch);
        }
    }
    for (size_t i = 0; i < count; i++) {
        const bool is_handoff = row_text(rows, i, 0).data[0] == 'h';
        struct target_list *list = lists[is_handoff];
        struct target *target = &list->items[list->count++];
        *target = (struct target){
            .id = row_uuid(rows, i, 1),
            .contact_id = row_uuid(rows, i, 2),
            .assignee = row_uuid(rows, i, 4),
            .owner = row_uuid(rows, i, 5),
        };
        const int state = name_index(handoff_state_names, row_text(rows, i, 3));
        target->state = state >= 0 ? (enum handoff_state)state : HANDOFF_OPEN;
    }
    qsort(batch->ids.items, batch->ids.count, sizeof(struct target), compare_ids);
    qsort(batch->handoffs.items, batch->handoffs.count, sizeof(struct target), compare_ids);
    return OK;
}

static enum err_code find_who(struct batch *batch)
{
    struct conn *conn = batch->worker->conn;
    enum err_code code = conn_send(conn, STATEMENT_BEGIN, /* params= */ NULL, batch->reterr);
    if (code == OK) {
        code = conn_send(conn, STATEMENT_HEAD, /* params= */ NULL, batch->reterr);
    }
    if (code == OK && batch->emails.count > 0) {
        identity_params(batch);
        code = batch_send(batch, STATEMENT_IDENTITY_FIND);
    }
    /* Behind the claims: an erasure that they have waited for is seen by now. */
    code = code != OK ? code : batch_send_suppressions(batch);
    const bool has_ids = target_params(batch) > 0;
    if (code == OK && has_ids) {
        code = batch_send(batch, STATEMENT_CONTACT_TARGETS);
    }
    code = code != OK ? code : conn_flush(conn, batch->reterr);
    code = code != OK ? code : receive_head(batch);
    if (code == OK && batch->emails.count > 0) {
        code = receive_identities(batch);
    }
    code = code != OK ? code : batch_receive_suppressions(batch);
    return code == OK && has_ids ? receive_targets(batch) : code;
}

static int compare_uuids(const void *a, const void *b)
{
    return uuid_compare(*(const struct uuid *)a, *(const struct uuid *)b);
}

/* The contacts to be locked and read. */
static enum err_code collect_wanted(struct batch *batch)
{
    const struct target_list *const lists[] = {&batch->emails, &batch->ids, &batch->handoffs};
    size_t most = 0;
    for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
        most += lists[l]->count;
    }
    batch->wanted = arena_array(batch->arena, most, sizeof *batch->wanted);
    if (batch->wanted == NULL) {
        return batch_no_memory(batch);
    }
    size_t count = 0;
    for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
        for (size_t i = 0; i < lists[l]->count; i++) {
            const struct target *target = &lists[l]->items[i];
            if (!target->is_claimed && !uuid_is_nil(target->contact_id)) {
                batch->wanted[count++] = target->contact_id;
            }
        }
    }
    qsort(batch->wanted, count, sizeof *batch->wanted, compare_uuids);
    batch->wanted_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !uuid_eq(batch->wanted[i], batch->wanted[i - 1])) {
            batch->wanted[batch->wanted_count++] = batch->wanted[i];
        }
    }
    return OK;
}

/* ---- what they are ---- */

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

/* A contact that was merged into another one, or that is gone, since we asked who it is: the batch
 * runs again. */
static enum err_code receive_contacts(struct batch *batch)
{
    struct rows *rows = NULL;
    enum err_code code =
        batch->is_dry_run ? OK : conn_result(batch->worker->conn, /* locks */ NULL, batch->reterr);
    code = code != OK ? code : batch_receive(batch, &rows);
    if (code != OK) {
        return code;
    }
    const size_t count = rows_count(rows);
    struct contact *contacts = arena_array(batch->arena, count, sizeof *contacts);
    if (contacts == NULL) {
        return batch_no_memory(batch);
    }
    bool has_moved = count != batch->wanted_count;
    for (size_t i = 0; i < count && code == OK; i++) {
        code = contact_from_locked_row(rows, i, batch->model, batch->model_version, batch->arena,
                                       &contacts[i], batch->reterr);
        batch->contacts[batch->contact_count++] = &contacts[i];
        has_moved = has_moved || !uuid_is_nil(contacts[i].merged_into);
    }
    qsort(batch->contacts, batch->contact_count, sizeof(struct contact *), compare_contacts);
    return code == OK && has_moved
               ? err_set(batch->reterr, ERR_CONFLICT, "A contact was merged meanwhile.")
               : code;
}

static enum err_code send_contacts(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *ids = param_array(params, ITEM_UUID);
    for (size_t i = 0; i < batch->wanted_count; i++) {
        item_uuid(ids, batch->wanted[i]);
    }
    const enum err_code code = batch->is_dry_run ? OK : batch_send(batch, STATEMENT_CONTACT_LOCK);
    param_int(params, batch->model_version);
    return code == OK ? batch_send(batch, STATEMENT_CONTACT_READ) : code;
}

/* The targets again, now that their contacts are locked: where the handoffs stand. */
static enum err_code send_handoffs(struct batch *batch)
{
    (void)target_params(batch);
    return batch_send(batch, STATEMENT_CONTACT_TARGETS);
}

static enum err_code send_reads(struct batch *batch)
{
    const size_t sent_before = batch->sent;
    enum err_code code = batch->wanted_count > 0 ? send_contacts(batch) : OK;
    if (code == OK && batch->handoffs.count > 0) {
        code = send_handoffs(batch);
    }
    code = code != OK ? code : batch_send_repeats(batch);
    if (code == OK && batch->idempotent_count > 0) {
        (void)idempotency_lookup_params(&batch->worker->params, batch->idempotents,
                                        batch->idempotent_count);
        code = batch_send(batch, STATEMENT_IDEMPOTENCY_EXISTING);
    }
    code = code != OK ? code : batch_send_watch(batch);
    code = code != OK ? code : batch_send_erasures(batch);
    if (code != OK || batch->sent == sent_before) {
        return code;
    }
    return conn_flush(batch->worker->conn, batch->reterr);
}

static enum err_code receive_idempotents(struct batch *batch)
{
    struct rows *rows;
    const enum err_code code = batch_receive(batch, &rows);
    return code != OK
               ? code
               : idempotency_take(rows, batch->idempotents, batch->idempotent_count, batch->reterr);
}

/* Locks and reads the contacts, and what was taken in already. Of new contacts there is nothing. */
static enum err_code read_contacts(struct batch *batch)
{
    /* Room for the new ones: at most one an input. */
    batch->contacts = arena_array(batch->arena, batch->wanted_count + batch->input_count,
                                  sizeof *batch->contacts);
    if (batch->contacts == NULL) {
        return batch_no_memory(batch);
    }
    enum err_code code = send_reads(batch);
    if (code == OK && batch->wanted_count > 0) {
        code = receive_contacts(batch);
    }
    if (code == OK && batch->handoffs.count > 0) {
        code = receive_targets(batch);
    }
    code = code != OK ? code : batch_receive_repeats(batch);
    if (code == OK && batch->idempotent_count > 0) {
        code = receive_idempotents(batch);
    }
    code = code != OK ? code : batch_receive_watch(batch);
    return code != OK ? code : batch_receive_erasures(batch);
}

/* ---- finding things again ---- */

static const struct target *find_target(const struct target_list *list, const struct target *probe,
                                        int (*compare)(const void *, const void *))
{
    return list->count == 0
               ? NULL
               : bsearch(probe, list->items, list->count, sizeof(struct target), compare);
}

const struct target *batch_target_of(const struct batch *batch, const struct input *input)
{
    if (!uuid_is_nil(input->handoff_id)) {
        return find_target(&batch->handoffs, &(struct target){.id = input->handoff_id},
                           compare_ids);
    }
    if (!uuid_is_nil(input->contact_id)) {
        return batch_target_of_contact(batch, input->contact_id);
    }
    return batch_target_of_email(batch, input->email_key);
}

const struct target *batch_target_of_email(const struct batch *batch, struct str email_key)
{
    const struct target *target = find_email(batch, email_key);
    return target != NULL && !uuid_is_nil(target->contact_id) ? target : NULL;
}

const struct target *batch_target_of_contact(const struct batch *batch, struct uuid contact_id)
{
    return find_target(&batch->ids, &(struct target){.id = contact_id}, compare_ids);
}

enum err_code batch_read(struct batch *batch)
{
    enum err_code code = collect_inputs(batch);
    code = code != OK ? code : collect_idempotents(batch);
    code = code != OK ? code : collect_emails(batch);
    code = code != OK ? code : batch_collect_repeats(batch);
    code = code != OK ? code : find_who(batch);
    code = code != OK ? code : collect_wanted(batch);
    return code != OK ? code : read_contacts(batch);
}
