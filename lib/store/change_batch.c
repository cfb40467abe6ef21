/*
 * Read, decide, write: one transaction for all changes of a batch.
 *
 *   (1) BEGIN; find whose the addresses are and claim those that are nobody's: a round trip. Lock
 * the contacts in the order of their ids; read them: another one, without which new contacts do.
 * The reading statements come after the locking one, so their snapshots see what those who held the
 * locks before us have written. (2) change_decide, pure, for each input in the order of arrival.
 * (3) The effects in sets, COMMIT, sync: the last round trip.
 *
 * Addresses are claimed in key order before any contact is locked, contacts are locked in id order,
 * ids of activities are claimed after both: everywhere the same order, so nobody waits in a circle.
 *
 * A contact merged away before we had its lock shows itself when it is read. The batch starts over.
 */
#include <assert.h>

#include <stdlib.h>

#include "domain/double_click.h"
#include "store/change_batch_internal.h"

#define NO_TWIN SIZE_MAX

enum err_code batch_no_memory(struct batch *batch)
{
    return err_set(batch->reterr, ERR_NOMEM, "Out of memory for a batch of %zu.",
                   batch->input_count);
}

enum err_code batch_send(struct batch *batch, enum statement statement)
{
    batch->sent++;
    return conn_send(batch->worker->conn, statement, &batch->worker->params, batch->reterr);
}

enum err_code batch_receive(struct batch *batch, struct rows **ret_rows)
{
    struct rows *rows = NULL;
    *ret_rows = NULL; /* also when there are none: then they count as empty */
    const enum err_code code = conn_result(batch->worker->conn, &rows, batch->reterr);
    if (code == OK) {
        assert(batch->row_count < ARRAY_LEN(batch->rows));
        batch->rows[batch->row_count++] = rows;
        *ret_rows = rows;
    }
    return code;
}

/* ---- (2) decide ---- */

/* Keeps them sorted. */
static void insert_contact(struct batch *batch, struct contact *contact)
{
    size_t low = 0;
    size_t high = batch->contact_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const bool is_before =
            uuid_compare(batch->contacts[middle]->contact_id, contact->contact_id) < 0;
        low = is_before ? middle + 1 : low;
        high = is_before ? high : middle;
    }
    memmove(&batch->contacts[low + 1], &batch->contacts[low],
            (batch->contact_count - low) * sizeof *batch->contacts);
    batch->contacts[low] = contact;
    batch->contact_count++;
}

/* Who it is by now: earlier inputs of the batch may have merged it. */
static struct contact *survivor_of(const struct batch *batch, struct contact *contact)
{
    while (contact != NULL && !uuid_is_nil(contact->merged_into)) {
        contact = batch_find_contact(batch, contact->merged_into);
    }
    return contact;
}

/* The contact an input is about; *ret_contact NULL when there is none (the result then says so). */
static enum err_code contact_of(struct batch *batch, struct input *input,
                                struct contact **ret_contact)
{
    *ret_contact = NULL;
    const struct target *target = batch_target_of(batch, input);
    if (target == NULL && input->kind == INPUT_ERASE && input->erasure.hash_count > 0) {
        return change_erase_unknown(input, &batch->effects);
    }
    if (target == NULL) {
        input->result.code = ERR_NOT_FOUND;
        input->result.detail = !uuid_is_nil(input->handoff_id) ? "There is no such handoff."
                                                               : "There is no such contact.";
        return OK;
    }
    input->handoff_state = target->state;
    input->handoff_assignee = target->assignee;
    input->handoff_contact_id = target->owner;
    if (input->new_email_key.data != NULL) {
        const struct target *owner = batch_target_of_email(batch, input->new_email_key);
        input->new_email_owner = owner != NULL ? owner->contact_id : (struct uuid){{0}};
    }
    struct contact *contact = survivor_of(batch, batch_find_contact(batch, target->contact_id));
    if (contact == NULL && input->creates) {
        contact = arena_alloc(batch->arena, sizeof *contact);
        if (contact == NULL) {
            return batch_no_memory(batch);
        }
        const enum err_code code =
            contact_begin(contact, target->contact_id, input, &batch->effects);
        if (code != OK) {
            return err_set(batch->reterr, code, "Out of memory for a new contact.");
        }
        insert_contact(batch, contact);
    }
    if (contact == NULL) {
        /* The address stands for a contact that is being made by a transaction we cannot see, or
         * for one that an input of this batch would make, had it not been refused. */
        input->result.code = ERR_NOT_FOUND;
        input->result.detail = "There is no such contact.";
    }
    *ret_contact = contact;
    return OK;
}

/* Whether the id says that both are one. */
static bool is_same(const struct batch *batch, const struct input *a, const struct input *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    if (a->kind == INPUT_DEAL) {
        return uuid_eq(a->deal.deal_id, b->deal.deal_id);
    }
    if (!uuid_eq(a->quarantine.id, b->quarantine.id)) {
        return false;
    }
    return b->activity.has_client_id && str_eq(a->activity.scope, b->activity.scope) &&
           double_click_is_one(a->activity.id, input_came_at_us(a, batch->now_us), b->activity.id,
                               input_came_at_us(b, batch->now_us));
}

/* The inputs that may repeat one of their batch, sorted by id, those of one id in the order of
 * arrival; each notes the one before it. */
struct chosen_id {
    struct uuid id;
    size_t index;
};

static int compare_chosen(const void *a, const void *b)
{
    const struct chosen_id *left = a;
    const struct chosen_id *right = b;
    const int order = uuid_compare(left->id, right->id);
    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

/* previous[i]: the input before i with the same id of a client's choosing, or NO_TWIN. */
static enum err_code find_twins(struct batch *batch, size_t previous[])
{
    struct chosen_id *chosen = arena_array(batch->arena, batch->input_count, sizeof *chosen);
    if (chosen == NULL) {
        return batch_no_memory(batch);
    }
    size_t count = 0;
    for (size_t i = 0; i < batch->input_count; i++) {
        const struct input *input = batch->inputs[i];
        const bool is_activity = input->kind == INPUT_SUBMISSION || input->kind == INPUT_ACTIVITY;
        previous[i] = NO_TWIN;
        if (batch_may_be_known_deal(input)) {
            chosen[count++] = (struct chosen_id){input->deal.deal_id, i};
        } else if (is_activity && input->activity.has_client_id) {
            chosen[count++] = (struct chosen_id){double_click_family(input->activity.id), i};
        }
    }
    qsort(chosen, count, sizeof *chosen, compare_chosen);
    for (size_t i = 1; i < count; i++) {
        if (uuid_eq(chosen[i].id, chosen[i - 1].id)) {
            previous[chosen[i].index] = chosen[i - 1].index;
        }
    }
    return OK;
}

/* The same id twice in one batch: the second is the first one's repeat. */
static const struct input *earlier_twin(const struct batch *batch, const size_t previous[],
                                        size_t index)
{
    if (previous == NULL) {
        return NULL;
    }
    for (size_t i = previous[index]; i != NO_TWIN; i = previous[i]) {
        if (is_same(batch, batch->inputs[index], batch->inputs[i]) &&
            batch->inputs[i]->result.code == OK) {
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
    size_t *previous = arena_array(batch->arena, batch->input_count, sizeof *previous);
    enum err_code code = previous != NULL ? find_twins(batch, previous) : batch_no_memory(batch);
    for (size_t i = 0; i < batch->input_count && code == OK; i++) {
        struct input *input = batch->inputs[i];
        if (input->result.is_replay) {
            continue;
        }
        const struct input *twin = earlier_twin(batch, previous, i);
        if (twin != NULL) {
            answer_like(input, twin);
            continue;
        }
        batch_follow_settlement(batch, i);
        struct contact *contact = NULL;
        const bool is_about_one = change_needs_contact(input);
        code = is_about_one ? contact_of(batch, input, &contact) : OK;
        if (code != OK || (contact == NULL && is_about_one)) {
            continue;
        }
        const struct target *survivor = batch_target_of_contact(batch, input->other_contact_id);
        struct contact *other =
            survivor != NULL ? survivor_of(batch, batch_find_contact(batch, survivor->contact_id))
                             : NULL;
        code = change_decide(contact, other, input, &batch->effects);
        if (code != OK) {
            (void)err_set(batch->reterr, code, "A batch could not be decided: %s.", err_name(code));
        }
    }
    return code;
}

/* ---- (3) write ---- */

/* Addresses claimed for contacts that no input made after all, or for a change that was refused. */
static enum err_code release_identities(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *keys = param_array(params, ITEM_TEXT);
    size_t count = 0;
    for (size_t i = 0; i < batch->emails.count; i++) {
        const struct target *target = &batch->emails.items[i];
        const struct contact *contact =
            target->is_claimed ? batch_find_contact(batch, target->contact_id) : NULL;
        if (target->is_claimed && (contact == NULL || (contact->is_new && !contact->is_dirty))) {
            item_text(keys, target->email_key);
            count++;
        }
    }
    for (size_t i = 0; i < batch->input_count; i++) {
        const struct input *input = batch->inputs[i];
        const struct target *target = input->new_email_key.data != NULL && input->result.code != OK
                                          ? batch_target_of_email(batch, input->new_email_key)
                                          : NULL;
        if (target != NULL && target->is_claimed) {
            item_text(keys, input->new_email_key);
            count++;
        }
    }
    return count > 0 ? batch_send(batch, STATEMENT_IDENTITY_RELEASE) : OK;
}

static enum err_code write_all(struct batch *batch, struct attempt_state *state)
{
    struct conn *conn = batch->worker->conn;
    const size_t sent_before = batch->sent;
    enum err_code code = release_identities(batch);
    size_t effects_sent = 0;
    if (code == OK) {
        code = effects_send(batch->worker, &batch->effects, batch->contacts, batch->contact_count,
                            &effects_sent, batch->reterr);
    }
    if (code == OK && batch->idempotent_count > 0 &&
        idempotency_insert_params(&batch->worker->params, batch->idempotents,
                                  batch->idempotent_count, batch->now_us) > 0) {
        code = batch_send(batch, STATEMENT_IDEMPOTENCY_INSERT);
    }
    if (code == OK) {
        code = conn_send(conn, state->is_trial ? STATEMENT_ROLLBACK : STATEMENT_COMMIT,
                         /* params= */ NULL, batch->reterr);
    }
    if (code == OK) {
        state->end_was_sent = true;
        code = conn_sync(conn, batch->reterr);
    }
    const size_t answers = batch->sent - sent_before + effects_sent + /* COMMIT */ 1;
    for (size_t i = 0; code == OK && i < answers; i++) {
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
    *ret_is_stale = false;
    enum err_code code = batch_read(batch);
    if (code == OK && batch->catalog_version != catalog_version(batch->catalog)) {
        *ret_is_stale = true;
        return abandon(batch);
    }
    if (code == OK) {
        code = batch_read_details(batch);
    }
    if (code == OK) {
        batch->effects = (struct effects){.arena = batch->arena,
                                          .scratch = &batch->worker->scratch,
                                          .catalog = batch->catalog,
                                          .now_us = batch->now_us,
                                          .calendars = batch->calendars,
                                          .calendar_count = batch->calendar_count};
        code = decide_all(batch);
    }
    if (code != OK || batch->is_dry_run) {
        return code == OK ? abandon(batch) : code;
    }
    return write_all(batch, state);
}

static void count_set_aside(const struct batch *batch)
{
    for (size_t i = 0; i < batch->effects.quarantines.count; i++) {
        const unsigned suspicions = batch->effects.quarantines.items[i].suspicions;
        for (unsigned s = 0; s < SUSPICION_COUNT_; s++) {
            if ((suspicions & SUSPICION_BIT(s)) != 0) {
                atomic_fetch_add(&batch->worker->store->suspicions[s], 1);
            }
        }
    }
    atomic_fetch_add(&batch->worker->store->set_aside, batch->effects.quarantines.count);
}

static void complete_all(struct batch *batch, bool is_kept)
{
    const struct err ok = {.code = OK};
    if (is_kept) {
        count_set_aside(batch);
    }
    if (is_kept && batch->effects.events.count > 0) {
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
    const enum err_code code =
        catalog_reload(batch->worker->store, batch->worker->conn, batch->reterr);
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
        .is_dry_run = ops[0]->is_dry_run,
        .reterr = reterr,
        .catalog = store_catalog(worker->store),
    };
    batch.model = catalog_active_model(batch.catalog, &batch.model_version);
    bool is_stale = false;
    enum err_code code = read_decide_write(&batch, state, &is_stale);
    if (code == OK) {
        code = conn_end(worker->conn, reterr);
    } else {
        conn_abandon(worker->conn, state->end_was_sent);
    }
    if (code == OK) {
        if (is_stale) {
            code = restart_all(&batch);
        } else {
            complete_all(&batch, !state->is_trial && !batch.is_dry_run);
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
