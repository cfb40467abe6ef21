/* A batch's second look: clocks, their calendars and the history of the contacts that were locked.
 */
#include "store/calendar_rows.h"
#include "store/change_batch_internal.h"
#include "store/contact_rows.h"

/* ---- handoffs and their clocks ---- */

static enum err_code send_handoffs(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *ids = param_array(params, ITEM_UUID);
    for (size_t i = 0; i < batch->contact_count; i++) {
        if (!uuid_is_nil(batch->contacts[i]->handoff.handoff_id)) {
            item_uuid(ids, batch->contacts[i]->handoff.handoff_id);
        }
    }
    const enum err_code code = batch_send(batch, STATEMENT_HANDOFF_STATE);
    return code == OK ? batch_send(batch, STATEMENT_CLOCK_STATE) : code;
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

/* The contact that the handoff was made for, when it is its latest; nearly always it is. */
static struct contact *maker_of(const struct batch *batch, struct uuid contact_id,
                                struct uuid handoff_id)
{
    struct contact *contact = batch_find_contact(batch, contact_id);
    return contact != NULL && uuid_eq(contact->handoff.handoff_id, handoff_id) ? contact : NULL;
}

/* After a merge the latest handoff was made for another one. One that is gone leaves its contact
 * with none, as if it had never had one. */
static void take_inherited_handoff(struct contact *contact, const struct rows *rows)
{
    const struct uuid handoff_id = contact->handoff.handoff_id;
    contact->handoff.handoff_id = (struct uuid){{0}};
    for (size_t r = 0; r < rows_count(rows); r++) {
        if (uuid_eq(row_uuid(rows, r, 0), handoff_id)) {
            handoff_from_row(rows, r, &contact->handoff);
            return;
        }
    }
}

static void take_handoffs(struct batch *batch, const struct rows *rows)
{
    for (size_t r = 0; r < rows_count(rows); r++) {
        struct handoff handoff = {.updated_at_us = 0};
        handoff_from_row(rows, r, &handoff);
        struct contact *contact = maker_of(batch, handoff.contact_id, handoff.handoff_id);
        if (contact != NULL) {
            contact->handoff = handoff;
        }
    }
    for (size_t i = 0; i < batch->contact_count; i++) {
        const struct handoff *handoff = &batch->contacts[i]->handoff;
        if (!uuid_is_nil(handoff->handoff_id) && handoff->updated_at_us == 0) {
            take_inherited_handoff(batch->contacts[i], rows);
        }
    }
}

static void take_clocks(struct batch *batch, const struct rows *rows)
{
    for (size_t r = 0; r < rows_count(rows); r++) {
        const struct uuid handoff_id = row_uuid(rows, r, 2);
        struct contact *contact = maker_of(batch, row_uuid(rows, r, 0), handoff_id);
        if (contact == NULL) {
            contact = contact_of_handoff(batch, handoff_id);
        }
        if (contact != NULL && contact->clock_count < CLOCKS_MAX) {
            clock_from_row(rows, r, &contact->clocks[contact->clock_count++]);
        }
    }
}

static enum err_code receive_handoffs(struct batch *batch)
{
    struct rows *rows = NULL;
    enum err_code code = batch_receive(batch, &rows);
    if (code == OK) {
        take_handoffs(batch, rows);
        code = batch_receive(batch, &rows);
    }
    if (code == OK) {
        take_clocks(batch, rows);
    }
    return code;
}

/* ---- calendars of clocks that were started by an older version ---- */

enum { OLD_CALENDARS_MAX = 64 }; /* of a batch; beyond that pauses count whole */

static bool is_wanted(const struct calendar_key *keys, size_t count, struct calendar_key key)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].version == key.version && uuid_eq(keys[i].id, key.id)) {
            return true;
        }
    }
    return false;
}

static size_t find_old_calendars(const struct batch *batch, struct calendar_key *keys)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->contact_count; i++) {
        const struct contact *contact = batch->contacts[i];
        for (size_t c = 0; c < contact->clock_count; c++) {
            const struct clock_record *clock = &contact->clocks[c];
            const struct calendar_key key = {clock->calendar_id, clock->calendar_version};
            const struct calendar *current = catalog_calendar(batch->catalog, key.id);
            const bool is_at_hand = uuid_is_nil(key.id) || clock->ended_at_us != TIME_NONE ||
                                    (current != NULL && current->version == key.version);
            if (!is_at_hand && count < OLD_CALENDARS_MAX && !is_wanted(keys, count, key)) {
                keys[count++] = key;
            }
        }
    }
    return count;
}

/* Seldom any: a calendar was changed while clocks ran. */
static enum err_code read_old_calendars(struct batch *batch)
{
    struct calendar_key keys[OLD_CALENDARS_MAX];
    const size_t count = find_old_calendars(batch, keys);
    if (count == 0) {
        return OK;
    }
    struct conn *conn = batch->worker->conn;
    const struct calendar **found = arena_array(batch->arena, count, sizeof(struct calendar *));
    batch->calendars = arena_array(batch->arena, count, sizeof(struct calendar *));
    if (found == NULL || batch->calendars == NULL) {
        return batch_no_memory(batch);
    }
    enum err_code code = calendars_send(conn, keys, count, batch->reterr);
    code = code != OK ? code : conn_flush(conn, batch->reterr);
    code = code != OK ? code
                      : calendars_receive(conn, keys, count, batch->arena, found, batch->reterr);
    for (size_t i = 0; code == OK && i < count; i++) {
        if (found[i] != NULL) {
            batch->calendars[batch->calendar_count++] = found[i];
        }
    }
    return code;
}

/* ---- histories ---- */

static enum err_code take_history(struct batch *batch, const struct rows *rows)
{
    for (size_t r = 0; r < rows_count(rows); r++) {
        struct contact *contact = batch_find_contact(batch, row_uuid(rows, r, 0));
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

static void ask_for_history(struct contact *contact, struct param *ids, size_t *count)
{
    if (contact != NULL && !contact->history.is_loaded) {
        contact->history.is_loaded = true;
        item_uuid(ids, contact->contact_id);
        (*count)++;
    }
}

/* Asks for the activities of the contacts that have to be computed again from them, of a merge also
 * for the survivor's. */
static size_t history_params(struct batch *batch)
{
    struct params *params = &batch->worker->params;
    params_clear(params);
    struct param *ids = param_array(params, ITEM_UUID);
    size_t count = 0;
    for (size_t i = 0; i < batch->input_count; i++) {
        const struct input *input = batch->inputs[i];
        batch->inputs[i]->position = i;
        const struct target *target = batch_target_of(batch, input);
        struct contact *contact = target != NULL ? batch_find_contact(batch, target->contact_id)
                                                 : NULL;
        if (input->result.is_replay || contact == NULL ||
            !change_needs_history(contact, input, batch->catalog, batch->now_us)) {
            continue;
        }
        ask_for_history(contact, ids, &count);
        const struct target *other = batch_target_of_contact(batch, input->other_contact_id);
        if (other != NULL) {
            ask_for_history(batch_find_contact(batch, other->contact_id), ids, &count);
        }
    }
    return count;
}

enum err_code batch_read_details(struct batch *batch)
{
    bool has_handoffs = false;
    for (size_t i = 0; i < batch->contact_count; i++) {
        has_handoffs = has_handoffs || !uuid_is_nil(batch->contacts[i]->handoff.handoff_id);
    }
    enum err_code code = has_handoffs ? send_handoffs(batch) : OK;
    const bool has_histories = history_params(batch) > 0;
    if (code == OK && has_histories) {
        code = batch_send(batch, STATEMENT_HISTORY);
    }
    if (code != OK || (!has_handoffs && !has_histories)) {
        return code;
    }
    code = conn_flush(batch->worker->conn, batch->reterr);
    struct rows *rows = NULL;
    if (code == OK && has_handoffs) {
        code = receive_handoffs(batch);
    }
    if (code == OK && has_histories) {
        code = batch_receive(batch, &rows);
        if (code == OK) {
            code = take_history(batch, rows);
        }
    }
    return code == OK ? read_old_calendars(batch) : code;
}
