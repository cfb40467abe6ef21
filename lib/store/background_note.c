#include "store/background_note.h"

#include "base/json_document.h"

enum { EVENT_BYTES_MAX = 8192 };

static const char system_actor[] = "system";

enum err_code notes_init(struct notes *notes, struct background *background, int64_t now_us)
{
    *notes = (struct notes){.background = background, .now_us = now_us};
    buf_init(&notes->history, PARAM_BYTES_MAX);
    json_writer_init(&notes->json, &notes->history);
    json_array_begin(&notes->json);
    notes->events = arena_array(&background->arena, NOTES_MAX, sizeof *notes->events);
    notes->given = arena_array(&background->arena, NOTES_MAX, sizeof *notes->given);
    return notes->events != NULL && notes->given != NULL ? OK : ERR_NOMEM;
}

void notes_done(struct notes *notes)
{
    buf_done(&notes->history);
}

static struct noted_handoff *find_given(const struct notes *notes, struct uuid handoff_id)
{
    for (size_t i = 0; i < notes->given_count; i++) {
        if (uuid_eq(notes->given[i].handoff_id, handoff_id)) {
            return &notes->given[i];
        }
    }
    return NULL;
}

struct uuid notes_assignee(const struct notes *notes, const struct noted_handoff *handoff)
{
    const struct noted_handoff *given = find_given(notes, handoff->handoff_id);
    return given != NULL ? given->assignee : handoff->assignee;
}

void notes_event(struct notes *notes, const char *type, struct uuid shown_id, struct str data)
{
    /* A transaction that has more to tell than there is room for fails: see notes_send. */
    if (notes->event_count < NOTES_MAX && data.data != NULL) {
        notes->events[notes->event_count++] = (struct event_row){
            .type = type, .contact_id = shown_id, .at_us = notes->now_us, .data = data};
    } else {
        notes->history.failed = true;
    }
}

void notes_handoff_event(struct notes *notes, const char *type, const struct noted_handoff *handoff,
                         struct uuid assignee, const char *reason)
{
    struct json_document document;
    struct json_writer *json = json_document_begin(&document, EVENT_BYTES_MAX);
    JSON_FIELD(json, "handoff_id", json_uuid, handoff->handoff_id);
    JSON_FIELD(json, "state", json_str, handoff->state);
    JSON_FIELD(json, "assignee", json_uuid, assignee);
    JSON_FIELD(json, "actor", json_text, system_actor);
    JSON_FIELD(json, "reason", json_text, reason);
    notes_event(notes, type, handoff->shown_id,
                json_document_end(&document, &notes->background->arena));
}

void notes_entry_begin(struct notes *notes, const char *kind, const struct noted_handoff *handoff,
                       struct uuid member, const char *reason)
{
    struct json_writer *json = &notes->json;
    notes->history_count++;
    json_object_begin(json);
    JSON_FIELD(json, "contact_id", json_uuid, handoff->contact_id);
    JSON_FIELD(json, "handoff_id", json_uuid, handoff->handoff_id);
    JSON_FIELD(json, "entry_id", json_uuid, uuid_new(notes->now_us));
    JSON_FIELD(json, "kind", json_text, kind);
    JSON_FIELD(json, "at", json_time, notes->now_us);
    JSON_FIELD(json, "actor", json_text, system_actor);
    JSON_FIELD(json, "reason", json_text, reason);
    JSON_FIELD(json, "member", json_uuid, member);
}

void notes_entry_end(struct notes *notes)
{
    json_object_end(&notes->json);
}

void notes_give(struct notes *notes, const struct noted_handoff *handoff, struct uuid member,
                const char *reason)
{
    notes_entry_begin(notes, "assigned", handoff, member, reason);
    JSON_FIELD(&notes->json, "previous", json_uuid, notes_assignee(notes, handoff));
    notes_entry_end(notes);
    notes_handoff_event(notes, "handoff.assigned", handoff, member, reason);
    struct noted_handoff *given = find_given(notes, handoff->handoff_id);
    if (given == NULL && notes->given_count < NOTES_MAX) {
        given = &notes->given[notes->given_count++];
        *given = *handoff;
    }
    if (given != NULL) {
        given->assignee = member;
    }
}

/* ---- writing ---- */

static enum err_code send_given(struct notes *notes, struct err *reterr)
{
    struct params *params = &notes->background->params;
    params_clear(params);
    struct param *contacts = param_array(params, ITEM_UUID);
    struct param *handoffs = param_array(params, ITEM_UUID);
    struct param *members = param_array(params, ITEM_UUID);
    for (size_t i = 0; i < notes->given_count; i++) {
        item_uuid(contacts, notes->given[i].contact_id);
        item_uuid(handoffs, notes->given[i].handoff_id);
        item_uuid(members, notes->given[i].assignee);
    }
    param_time(params, notes->now_us);
    return background_go_on(notes->background, STATEMENT_HANDOFF_REASSIGN, NULL, reterr);
}

static enum err_code send_history(struct notes *notes, struct err *reterr)
{
    struct params *params = &notes->background->params;
    params_clear(params);
    json_array_end(&notes->json);
    param_text(params, buf_str(&notes->history));
    return background_go_on(notes->background, STATEMENT_HANDOFF_HISTORY_INSERT, NULL, reterr);
}

static enum err_code send_events(struct notes *notes, struct err *reterr)
{
    struct params *params = &notes->background->params;
    params_clear(params);
    param_int(params, (int32_t)notes->event_count);
    struct param *types = param_array(params, ITEM_TEXT);
    struct param *contacts = param_array(params, ITEM_UUID);
    struct param *times = param_array(params, ITEM_TIME);
    struct param *data = param_array(params, ITEM_TEXT);
    for (size_t i = 0; i < notes->event_count; i++) {
        item_text(types, str_from(notes->events[i].type));
        item_uuid(contacts, notes->events[i].contact_id);
        item_time(times, notes->events[i].at_us);
        item_text(data, notes->events[i].data);
    }
    return background_go_on(notes->background, STATEMENT_EVENT_INSERT, NULL, reterr);
}

enum err_code notes_send(struct notes *notes, struct err *reterr)
{
    if (notes->history.failed) {
        return err_set(reterr, ERR_NOMEM, "Out of memory while telling what came due.");
    }
    enum err_code code = notes->given_count > 0 ? send_given(notes, reterr) : OK;
    if (code == OK && notes->history_count > 0) {
        code = send_history(notes, reterr);
    }
    return code == OK && notes->event_count > 0 ? send_events(notes, reterr) : code;
}
