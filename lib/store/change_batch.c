/*
 * Read, decide, write: one transaction for all changes of a batch.
 *
 *   (1) BEGIN; claim the addresses that are new; lock the contacts in the order of their ids; read them.
 *       The reading statements come after the locking one, so their snapshots see what those who held the
 *       locks before us have written. One flush, one round trip.
 *   (2) change_decide, pure, for each input in the order of arrival.
 *   (3) The effects in sets, COMMIT, sync: the second round trip.
 *
 * Addresses are claimed in key order before any contact is locked, contacts are locked in id order, ids of
 * activities are claimed after both: everywhere the same order, so nobody waits in a circle.
 *
 * A contact merged away while we waited for its lock shows itself in (1): what the addresses stand for now
 * is not what was locked. The batch starts over.
 */
#include <assert.h>
#include <stdlib.h>

#include "store/contact_rows.h"
#include "store/idempotency.h"
#include "store/store_internal.h"

struct target {
    struct str email_key; /* or */
    struct uuid id;       /* of a contact or a handoff */
    struct uuid contact_id;
    enum handoff_state state; /* of a handoff, and the next two */
    struct uuid assignee;
    struct uuid owner;
};

struct target_list {
    struct target *items;
    size_t count;
};

struct batch {
    struct worker *worker;
    struct arena *arena;
    struct change_op *const *ops;
    size_t op_count;
    bool is_rerun;
    struct err *reterr;

    struct input **inputs;
    size_t input_count;
    struct idempotent *idempotents; /* the operations with an Idempotency-Key */
    size_t idempotent_count;
    size_t deal_count; /* inputs whose deal may be known already */

    struct catalog *catalog; /* the newest, referenced */
    const struct model *model;
    int32_t model_version;

    int64_t catalog_version; /* as the database has it */
    int64_t now_us;
    struct uuid *locked;
    size_t locked_count;
    struct target_list emails; /* sorted by key */
    struct target_list ids;    /* sorted by id */
    struct target_list handoffs;
    struct contact **contacts; /* sorted by contact_id */
    size_t contact_count;
    struct rows *rows[12]; /* freed at the end: texts point into them */
    size_t row_count;

    struct effects effects;
};

static enum err_code no_memory(struct batch *batch)
{
    return err_set(batch->reterr, ERR_NOMEM, "Out of memory for a batch of %zu.", batch->input_count);
}

/* ---- (1) read ---- */

static enum err_code collect_inputs(struct batch *batch)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->op_count; i++) {
        count += batch->ops[i]->input_count;
    }
    batch->inputs = arena_array(batch->arena, count, sizeof *batch->inputs);
    if (batch->inputs == NULL) {
        return no_memory(batch);
    }
    for (size_t i = 0; i < batch->op_count; i++) {
        for (size_t k = 0; k < batch->ops[i]->input_count; k++) {
            struct input *input = &batch->ops[i]->inputs[k];
            input->result = (struct input_result){.code = OK};
            batch->inputs[batch->input_count++] = input;
        }
    }
    return OK;
}

static enum err_code send(struct batch *batch, enum statement statement)
{
    return conn_send(batch->worker->conn, statement, &batch->worker->params, batch->reterr);
}

static enum err_code collect_idempotents(struct batch *batch)
{
    batch->idempotents = arena_array(batch->arena, batch->op_count, sizeof *batch->idempotents);
    if (batch->idempotents == NULL) {
        return no_memory(batch);
    }
    for (size_t i = 0; i < batch->op_count; i++) {
        struct change_op *op = batch->ops[i];
        if (op->idempotency == NULL) {
            continue;
        }
        struct input_result **results = arena_array(batch->arena, op->input_count, sizeof(*results));
        if (results == NULL) {
            return no_memory(batch);
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
        if (input->email_key.data != NULL) {
            item_text(emails, input->email_key);
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
        if (input->creates && input->email_key.data != NULL) {
            item_text(keys, input->email_key);
            item_uuid(ids, new_contact_id(input));
            count++;
        }
    }
    return count;
}

/* After an unknown outcome every id is looked up, those we chose too: the batch may be in already. */
static bool must_look_up(const struct batch *batch, const struct input *input)
{
    const bool has_activity = input->kind == INPUT_SUBMISSION || input->kind == INPUT_ACTIVITY;
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
static bool may_be_known_deal(const struct input *input)
{
    return input->kind == INPUT_DEAL && !uuid_is_nil(input->deal.deal_id) && input->email_key.data != NULL;
}

static size_t deal_params(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *emails = param_array(params, ITEM_TEXT);
    struct param *ids = param_array(params, ITEM_UUID);
    size_t count = 0;
    for (size_t i = 0; i < batch->input_count; i++) {
        if (may_be_known_deal(batch->inputs[i])) {
            item_text(emails, batch->inputs[i]->email_key);
            item_uuid(ids, batch->inputs[i]->deal.deal_id);
            count++;
        }
    }
    return count;
}

/* The next result, kept until the batch ends. */
static enum err_code receive(struct batch *batch, struct rows **ret_rows)
{
    struct rows *rows = NULL;
    const enum err_code code = conn_result(batch->worker->conn, &rows, batch->reterr);
    if (code == OK) {
        assert(batch->row_count < ARRAY_LEN(batch->rows));
        batch->rows[batch->row_count++] = rows;
        *ret_rows = rows;
    }
    return code;
}

static enum err_code receive_head(struct batch *batch)
{
    struct rows *rows;
    enum err_code code = conn_result(batch->worker->conn, /* BEGIN */ NULL, batch->reterr);
    if (code == OK) {
        code = receive(batch, &rows);
    }
    if (code == OK && rows_count(rows) != 1) {
        code = err_set(batch->reterr, ERR_STORE, "Table catalog_head is empty. Restore it from a backup.");
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
    const enum err_code code = receive(batch, &rows);
    if (code != OK) {
        return code;
    }
    batch->locked_count = rows_count(rows);
    batch->locked = arena_array(batch->arena, batch->locked_count + 1, sizeof *batch->locked);
    if (batch->locked == NULL) {
        return no_memory(batch);
    }
    for (size_t i = 0; i < batch->locked_count; i++) {
        batch->locked[i] = row_uuid(rows, i, 0);
    }
    return OK;
}

static int compare_keys(const void *a, const void *b)
{
    return str_compare(((const struct target *)a)->email_key, ((const struct target *)b)->email_key);
}

static int compare_ids(const void *a, const void *b)
{
    return uuid_compare(((const struct target *)a)->id, ((const struct target *)b)->id);
}

static enum err_code receive_targets(struct batch *batch)
{
    struct rows *rows;
    const enum err_code code = receive(batch, &rows);
    if (code != OK) {
        return code;
    }
    const size_t count = rows_count(rows);
    struct target_list *const lists[] = {&batch->emails, &batch->ids, &batch->handoffs};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        lists[i]->items = arena_array(batch->arena, count + 1, sizeof *lists[i]->items);
        if (lists[i]->items == NULL) {
            return no_memory(batch);
        }
    }
    for (size_t i = 0; i < count; i++) {
        const char kind = row_text(rows, i, 0).data[0];
        struct target_list *list = kind == 'e' ? &batch->emails : kind == 'c' ? &batch->ids : &batch->handoffs;
        list->items[list->count++] = (struct target){
            .email_key = row_text(rows, i, 1),
            .id = row_uuid(rows, i, 2),
            .contact_id = row_uuid(rows, i, 3),
            .assignee = row_uuid(rows, i, 5),
            .owner = row_uuid(rows, i, 6),
        };
        if (kind == 'h') {
            const int state = name_index(handoff_state_names, row_text(rows, i, 4));
            list->items[list->count - 1].state = state >= 0 ? (enum handoff_state)state : HANDOFF_OPEN;
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

static struct contact *find_contact(const struct batch *batch, struct uuid contact_id)
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
    enum err_code code = receive(batch, &rows);
    if (code != OK) {
        return code;
    }
    const size_t count = rows_count(rows);
    /* Room for the new ones: at most one an input. */
    batch->contacts = arena_array(batch->arena, count + batch->input_count, sizeof *batch->contacts);
    struct contact *contacts = arena_array(batch->arena, count, sizeof *contacts);
    if (batch->contacts == NULL || contacts == NULL) {
        return no_memory(batch);
    }
    for (size_t i = 0; i < count && code == OK; i++) {
        code = contact_from_row(rows, i, batch->model, batch->model_version, batch->arena, &contacts[i],
                                batch->reterr);
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
        code = send(batch, STATEMENT_IDENTITY_CLAIM);
    }
    (void)target_params(batch);
    if (code == OK) {
        code = send(batch, STATEMENT_CONTACT_LOCK);
    }
    if (code == OK) {
        code = send(batch, STATEMENT_CONTACT_TARGETS);
    }
    param_int(&batch->worker->params, batch->model_version);
    if (code == OK) {
        code = send(batch, STATEMENT_CONTACT_STATE);
    }
    *ret_has_keys = key_params(batch) > 0;
    if (code == OK && *ret_has_keys) {
        code = send(batch, STATEMENT_ACTIVITY_KEY_EXISTING);
    }
    batch->deal_count = deal_params(batch);
    if (code == OK && batch->deal_count > 0) {
        code = send(batch, STATEMENT_DEAL_EXISTING);
    }
    if (code == OK && batch->idempotent_count > 0) {
        (void)idempotency_lookup_params(&batch->worker->params, batch->idempotents, batch->idempotent_count);
        code = send(batch, STATEMENT_IDEMPOTENCY_EXISTING);
    }
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
            const struct str sent = str_slice((const char *)input->activity.fingerprint.bytes, SHA256_BYTES);
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
            if (may_be_known_deal(input) && uuid_eq(input->deal.deal_id, id)) {
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
        code = receive(batch, &rows);
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
        code = receive(batch, &rows);
        if (code == OK) {
            mark_replays(batch, rows);
        }
    }
    if (code == OK && batch->deal_count > 0) {
        code = receive(batch, &rows);
        if (code == OK) {
            mark_known_deals(batch, rows);
        }
    }
    if (code == OK && batch->idempotent_count > 0) {
        code = receive(batch, &rows);
        if (code == OK) {
            code = idempotency_take(rows, batch->idempotents, batch->idempotent_count, batch->reterr);
        }
    }
    return code;
}

/* ---- contacts for inputs ---- */

static const struct target *find_target(const struct target_list *list, const struct target *probe,
                                        int (*compare)(const void *, const void *))
{
    return bsearch(probe, list->items, list->count, sizeof(struct target), compare);
}

/* What an input is about, or NULL. */
static const struct target *target_of(const struct batch *batch, const struct input *input)
{
    if (!uuid_is_nil(input->handoff_id)) {
        return find_target(&batch->handoffs, &(struct target){.id = input->handoff_id}, compare_ids);
    }
    if (!uuid_is_nil(input->contact_id)) {
        return find_target(&batch->ids, &(struct target){.id = input->contact_id}, compare_ids);
    }
    return find_target(&batch->emails, &(struct target){.email_key = input->email_key}, compare_keys);
}

/* Keeps the list sorted; new contacts are few and their ids are mostly the greatest. */
static void insert_contact(struct batch *batch, struct contact *contact)
{
    size_t place = batch->contact_count++;
    while (place > 0 &&
           uuid_compare(batch->contacts[place - 1]->contact_id, contact->contact_id) > 0) {
        batch->contacts[place] = batch->contacts[place - 1];
        place--;
    }
    batch->contacts[place] = contact;
}

/* The contact an input is about; *ret_contact NULL when there is none (the result then says so). */
static enum err_code contact_of(struct batch *batch, struct input *input, struct contact **ret_contact)
{
    *ret_contact = NULL;
    const struct target *target = target_of(batch, input);
    if (target == NULL) {
        input->result.code = ERR_NOT_FOUND;
        input->result.detail = !uuid_is_nil(input->handoff_id) ? "There is no such handoff."
                                                               : "There is no such contact.";
        return OK;
    }
    input->handoff_state = target->state;
    input->handoff_assignee = target->assignee;
    input->handoff_contact_id = target->owner;
    struct contact *contact = find_contact(batch, target->contact_id);
    if (contact == NULL && input->creates) {
        contact = arena_alloc(batch->arena, sizeof *contact);
        if (contact == NULL) {
            return no_memory(batch);
        }
        const enum err_code code = contact_begin(contact, target->contact_id, input, &batch->effects);
        if (code != OK) {
            return err_set(batch->reterr, code, "Out of memory for a new contact.");
        }
        insert_contact(batch, contact);
    }
    if (contact == NULL) {
        /* The address stands for a contact that is being made by a transaction we cannot see, or for one
         * that an input of this batch would make, had it not been refused. */
        input->result.code = ERR_NOT_FOUND;
        input->result.detail = "There is no such contact.";
    }
    *ret_contact = contact;
    return OK;
}

/* ---- clocks and histories, for the contacts that need them ---- */

static enum err_code read_clocks(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *ids = param_array(params, ITEM_UUID);
    for (size_t i = 0; i < batch->contact_count; i++) {
        if (!uuid_is_nil(batch->contacts[i]->handoff.handoff_id)) {
            item_uuid(ids, batch->contacts[i]->handoff.contact_id);
        }
    }
    return send(batch, STATEMENT_CLOCK_STATE);
}

/* The contact whose latest handoff this is. */
static struct contact *contact_of_handoff(const struct batch *batch, struct uuid handoff_id)
{
    for (size_t i = 0; i < batch->contact_count; i++) {
        if (uuid_eq(batch->contacts[i]->handoff.handoff_id, handoff_id)) {
            return batch->contacts[i];
        }
    }
    return NULL;
}

static void take_clocks(struct batch *batch, const struct rows *rows)
{
    for (size_t r = 0; r < rows_count(rows); r++) {
        struct contact *contact = find_contact(batch, row_uuid(rows, r, 0));
        const struct uuid handoff_id = row_uuid(rows, r, 2);
        if (contact == NULL || !uuid_eq(contact->handoff.handoff_id, handoff_id)) {
            contact = contact_of_handoff(batch, handoff_id);
        }
        if (contact != NULL && contact->clock_count < CLOCKS_MAX) {
            clock_from_row(rows, r, &contact->clocks[contact->clock_count++]);
        }
    }
}

static enum err_code take_history(struct batch *batch, const struct rows *rows)
{
    for (size_t r = 0; r < rows_count(rows); r++) {
        struct contact *contact = find_contact(batch, row_uuid(rows, r, 0));
        if (contact == NULL) {
            continue;
        }
        struct activity_facts facts = {
            .id = row_uuid(rows, r, 1),
            .occurred_at_us = row_time(rows, r, 2),
            .kind = row_text(rows, r, 3),
            .form = row_text(rows, r, 4),
            .offer = row_text(rows, r, 5),
            .offer_kind = row_text(rows, r, 6),
            .journey_step = row_text(rows, r, 7),
            .campaign = row_text(rows, r, 8),
            .channel = row_text(rows, r, 9),
        };
        const enum err_code code =
            history_add(&contact->history, &facts, row_text(rows, r, 10), batch->arena);
        if (code != OK) {
            return err_set(batch->reterr, code, "Out of memory for a contact's history.");
        }
    }
    return OK;
}

/* True when an input's contact has to be computed again from its activities; those are asked for. */
static size_t history_params(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *ids = param_array(params, ITEM_UUID);
    size_t count = 0;
    for (size_t i = 0; i < batch->input_count; i++) {
        batch->inputs[i]->position = i;
        const struct target *target = target_of(batch, batch->inputs[i]);
        if (batch->inputs[i]->result.is_replay || target == NULL) {
            continue;
        }
        struct contact *contact = find_contact(batch, target->contact_id);
        if (contact == NULL || contact->history.is_loaded) {
            continue;
        }
        if (change_needs_history(contact, batch->inputs[i], batch->catalog, batch->now_us,
                                 batch->input_count)) {
            item_uuid(ids, contact->contact_id);
            contact->history.is_loaded = true;
            count++;
            struct contact *other = find_contact(batch, batch->inputs[i]->other_contact_id);
            if (other != NULL && !other->history.is_loaded) {
                item_uuid(ids, other->contact_id);
                other->history.is_loaded = true;
            }
        }
    }
    return count;
}

/* A second, rarer reading within the same transaction. */
static enum err_code read_details(struct batch *batch)
{
    bool has_handoffs = false;
    for (size_t i = 0; i < batch->contact_count; i++) {
        has_handoffs = has_handoffs || !uuid_is_nil(batch->contacts[i]->handoff.handoff_id);
    }
    enum err_code code = has_handoffs ? read_clocks(batch) : OK;
    const bool has_histories = history_params(batch) > 0;
    if (code == OK && has_histories) {
        code = send(batch, STATEMENT_HISTORY);
    }
    if (code != OK || (!has_handoffs && !has_histories)) {
        return code;
    }
    code = conn_flush(batch->worker->conn, batch->reterr);
    struct rows *rows = NULL;
    if (code == OK && has_handoffs) {
        code = receive(batch, &rows);
        if (code == OK) {
            take_clocks(batch, rows);
        }
    }
    if (code == OK && has_histories) {
        code = receive(batch, &rows);
        if (code == OK) {
            code = take_history(batch, rows);
        }
    }
    return code;
}

/* ---- (2) decide ---- */

/* Whether the id says that both are one. */
static bool is_same(const struct input *a, const struct input *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    if (a->kind == INPUT_DEAL) {
        return uuid_eq(a->deal.deal_id, b->deal.deal_id);
    }
    return b->activity.has_client_id && uuid_eq(a->activity.id, b->activity.id) &&
           str_eq(a->activity.scope, b->activity.scope);
}

/* The same id twice in one batch: the second is the first one's repeat. */
static const struct input *earlier_twin(const struct batch *batch, size_t index)
{
    const struct input *input = batch->inputs[index];
    const bool is_activity = input->kind == INPUT_SUBMISSION || input->kind == INPUT_ACTIVITY;
    if (!may_be_known_deal(input) && !(is_activity && input->activity.has_client_id)) {
        return NULL;
    }
    for (size_t i = 0; i < index; i++) {
        if (is_same(input, batch->inputs[i]) && batch->inputs[i]->result.code == OK) {
            return batch->inputs[i];
        }
    }
    return NULL;
}

static void answer_like(struct input *input, const struct input *twin)
{
    input->result = twin->result;
    input->result.is_replay = true;
    if (!sha256_eq(&input->activity.fingerprint, &twin->activity.fingerprint)) {
        input->result.code = ERR_INVALID;
        input->result.detail = "This id was used before, with other content.";
    }
}

static enum err_code decide_all(struct batch *batch)
{
    for (size_t i = 0; i < batch->input_count; i++) {
        struct input *input = batch->inputs[i];
        if (input->result.is_replay) {
            continue;
        }
        const struct input *twin = earlier_twin(batch, i);
        if (twin != NULL) {
            answer_like(input, twin);
            continue;
        }
        struct contact *contact;
        enum err_code code = contact_of(batch, input, &contact);
        if (code != OK) {
            return code;
        }
        if (contact == NULL) {
            continue;
        }
        const struct target *survivor =
            find_target(&batch->ids, &(struct target){.id = input->other_contact_id}, compare_ids);
        struct contact *other = survivor != NULL ? find_contact(batch, survivor->contact_id) : NULL;
        code = change_decide(contact, other, input, &batch->effects);
        if (code != OK) {
            return err_set(batch->reterr, code, "Out of memory while deciding.");
        }
    }
    return OK;
}

/* ---- (3) write ---- */

/* Addresses claimed for contacts that no input made after all. */
static enum err_code release_identities(struct batch *batch, size_t *sent)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *keys = param_array(params, ITEM_TEXT);
    size_t count = 0;
    for (size_t i = 0; i < batch->emails.count; i++) {
        const struct contact *contact = find_contact(batch, batch->emails.items[i].contact_id);
        if (contact == NULL || (contact->is_new && !contact->is_dirty)) {
            item_text(keys, batch->emails.items[i].email_key);
            count++;
        }
    }
    if (count == 0) {
        return OK;
    }
    *sent += 1;
    return send(batch, STATEMENT_IDENTITY_RELEASE);
}

static enum err_code write_all(struct batch *batch, struct attempt_state *state)
{
    struct conn *conn = batch->worker->conn;
    size_t sent = 0;
    enum err_code code = release_identities(batch, &sent);
    size_t effects_sent = 0;
    if (code == OK) {
        code = effects_send(batch->worker, &batch->effects, batch->contacts, batch->contact_count,
                            &effects_sent, batch->reterr);
    }
    sent += effects_sent;
    if (code == OK && batch->idempotent_count > 0 &&
        idempotency_insert_params(&batch->worker->params, batch->idempotents, batch->idempotent_count,
                                  batch->now_us) > 0) {
        sent++;
        code = send(batch, STATEMENT_IDEMPOTENCY_INSERT);
    }
    if (code == OK) {
        code = conn_send(conn, STATEMENT_COMMIT, /* params= */ NULL, batch->reterr);
    }
    if (code == OK) {
        state->commit_was_sent = true;
        code = conn_sync(conn, batch->reterr);
    }
    for (size_t i = 0; code == OK && i < sent + 1; i++) {
        code = conn_result(conn, /* ret_rows= */ NULL, batch->reterr);
    }
    return code;
}

/* ---- one attempt ---- */

/* Ends the transaction without a trace. */
static enum err_code abandon(struct batch *batch)
{
    struct conn *conn = batch->worker->conn;
    enum err_code code = conn_send(conn, STATEMENT_ROLLBACK, /* params= */ NULL, batch->reterr);
    return code == OK ? conn_sync(conn, batch->reterr) : code;
}

static enum err_code read_decide_write(struct batch *batch, struct attempt_state *state,
                                       bool *ret_is_stale)
{
    bool has_identities;
    bool has_keys;
    *ret_is_stale = false;
    enum err_code code = collect_inputs(batch);
    if (code == OK) {
        code = collect_idempotents(batch);
    }
    if (code == OK) {
        code = send_reads(batch, &has_identities, &has_keys);
    }
    if (code == OK) {
        code = receive_reads(batch, has_identities, has_keys);
    }
    if (code == OK && batch->catalog_version != catalog_version(batch->catalog)) {
        *ret_is_stale = true;
        return abandon(batch);
    }
    if (code == OK) {
        code = read_details(batch);
    }
    if (code == OK) {
        batch->effects = (struct effects){.arena = batch->arena,
                                          .scratch = &batch->worker->scratch,
                                          .catalog = batch->catalog,
                                          .now_us = batch->now_us};
        code = decide_all(batch);
    }
    return code == OK ? write_all(batch, state) : code;
}

static void complete_all(struct batch *batch)
{
    const struct err ok = {.code = OK};
    if (batch->effects.events.count > 0) {
        background_notify(batch->worker->store, true, batch->effects.has_clocks);
    }
    for (size_t i = 0; i < batch->op_count; i++) {
        batch->ops[i]->op.now_us = batch->now_us;
        op_complete(&batch->ops[i]->op, &ok);
    }
}

/* The set-up changed since these operations were made: they come back, and are made again. */
static enum err_code restart_all(struct batch *batch)
{
    const struct err ok = {.code = OK};
    const enum err_code code = catalog_reload(batch->worker->store, batch->worker->conn, batch->reterr);
    if (code != OK) {
        return code;
    }
    for (size_t i = 0; i < batch->op_count; i++) {
        batch->ops[i]->op.must_restart = true;
        op_complete(&batch->ops[i]->op, &ok);
    }
    return OK;
}

enum err_code change_batch_run(struct worker *worker, struct change_op *const ops[], size_t count,
                               struct attempt_state *state, struct err *reterr)
{
    struct batch batch = {
        .worker = worker,
        .arena = &worker->arena,
        .ops = ops,
        .op_count = count,
        .is_rerun = state->is_rerun,
        .reterr = reterr,
        .catalog = store_catalog(worker->store),
    };
    batch.model = catalog_active_model(batch.catalog, &batch.model_version);
    bool is_stale = false;
    enum err_code code = read_decide_write(&batch, state, &is_stale);
    if (code == OK) {
        code = conn_end(worker->conn, reterr);
    } else {
        conn_abandon(worker->conn, state->commit_was_sent);
    }
    if (code == OK) {
        if (is_stale) {
            code = restart_all(&batch);
        } else {
            complete_all(&batch);
        }
    }
    for (size_t i = 0; i < batch.contact_count; i++) {
        history_done(&batch.contacts[i]->history);
    }
    for (size_t i = 0; i < batch.row_count; i++) {
        rows_free(batch.rows[i]);
    }
    catalog_unref(batch.catalog);
    return code;
}
