/*
 * What a batch writes rarely, row by row, as JSON objects with the columns' names: PostgreSQL reads
 * them with jsonb_populate_recordset. The store sends one document per table (effects_write.c).
 */
#include "store/effects_rows.h"

#include "domain/escalation.h"
#include "store/param.h"

#define WRITE(name, write, value) JSON_FIELD(json, name, write, value)

void handoff_write_row(struct json_writer *json, const struct handoff *row)
{
    WRITE("contact_id", json_uuid, row->contact_id);
    WRITE("handoff_id", json_uuid, row->handoff_id);
    WRITE("state", json_text, handoff_state_names[row->state]);
    WRITE("purpose", json_text, purpose_names[row->purpose]);
    WRITE("cycle", json_int, row->cycle);
    WRITE("assignee", json_uuid, row->assignee);
    WRITE("trigger", json_raw, row->trigger);
    WRITE("snapshot", json_raw, row->snapshot);
    WRITE("opened_at", json_time, row->opened_at_us);
    WRITE("submitted_at", json_time, row->submitted_at_us);
    WRITE("assigned_at", json_time, row->assigned_at_us);
    WRITE("accepted_at", json_time, row->accepted_at_us);
    WRITE("work_by", json_time, row->work_by_us);
    WRITE("contacted_at", json_time, row->contacted_at_us);
    WRITE("qualified_at", json_time, row->qualified_at_us);
    WRITE("opportunity_at", json_time, row->opportunity_at_us);
    WRITE("closed_at", json_time, row->closed_at_us);
    WRITE("paused_at", json_time, row->paused_at_us);
    WRITE("paused_until", json_time, row->paused_until_us);
    WRITE("pause_reason", json_str, row->pause_reason);
    WRITE("attempts", json_int, row->attempts);
    WRITE("gpct", json_raw, row->gpct);
    WRITE("deal", json_raw, row->deal);
    WRITE("reason", json_str, row->reason);
    WRITE("note", json_str, row->note);
    WRITE("nurture_until", json_time, row->nurture_until_us);
    WRITE("historical", json_bool, row->is_historical);
    WRITE("version", json_int, row->version);
    WRITE("updated_at", json_time, row->updated_at_us);
}

/* The next warning, step of escalation or the deadline, of a breached clock a step alone; none for
 * a clock that stands. */
static int64_t wake_at_us(const struct clock_record *clock)
{
    int64_t at_us = INT64_MAX;
    if (clock->state == CLOCK_RUNNING) {
        at_us = clock->due_at_us;
        if (clock->warning_count > 0 && clock->warnings_us[0] < at_us) {
            at_us = clock->warnings_us[0];
        }
    }
    const bool is_open = clock->state == CLOCK_RUNNING ||
                         (clock->state == CLOCK_BREACHED && clock->ended_at_us == TIME_NONE);
    if (is_open && clock->step_count > 0 && clock->steps_us[0] < at_us) {
        at_us = clock->steps_us[0];
    }
    return at_us != INT64_MAX ? at_us : TIME_NONE;
}

void clock_write_row(struct json_writer *json, struct uuid contact_id,
                     const struct clock_record *row)
{
    WRITE("contact_id", json_uuid, contact_id);
    WRITE("clock_id", json_uuid, row->clock_id);
    WRITE("handoff_id", json_uuid, row->handoff_id);
    WRITE("kind", json_str, row->kind);
    WRITE("policy_id", json_uuid, row->policy_id);
    WRITE("policy", json_str, row->policy);
    WRITE("state", json_text, clock_state_names[row->state]);
    WRITE("started_at", json_time, row->started_at_us);
    WRITE("asked_at", json_time, row->asked_at_us);
    WRITE("due_at", json_time, row->due_at_us);
    WRITE("original_due_at", json_time, row->original_due_at_us);
    json_key(json, "warnings");
    json_array_begin(json);
    for (size_t i = 0; i < row->warning_count; i++) {
        json_time(json, row->warnings_us[i]);
    }
    json_array_end(json);
    json_key(json, "step_at");
    json_array_begin(json);
    for (size_t i = 0; i < row->step_count; i++) {
        json_time(json, row->steps_us[i]);
    }
    json_array_end(json);
    json_key(json, "steps");
    json_array_begin(json);
    for (size_t i = 0; i < row->step_count; i++) {
        json_text(json, escalation_names[row->steps[i]]);
    }
    json_array_end(json);
    WRITE("wake_at", json_time, wake_at_us(row));
    WRITE("paused_at", json_time, row->paused_at_us);
    WRITE("paused_seconds", json_double, row->paused_seconds);
    WRITE("attempts_needed", json_int, row->attempts_needed);
    WRITE("met_at", json_time, row->met_at_us);
    WRITE("evidence_at", json_time, row->evidence_at_us);
    WRITE("breached_at", json_time, row->breached_at_us);
    WRITE("ended_at", json_time, row->ended_at_us);
    WRITE("end_reason", json_str, row->end_reason);
    /* Kept as they are when the clock was stored before. */
    if (row->policy_version > 0) {
        WRITE("policy_version", json_int, row->policy_version);
    }
    if (!uuid_is_nil(row->calendar_id)) {
        WRITE("calendar_id", json_uuid, row->calendar_id);
        WRITE("calendar_version", json_int, row->calendar_version);
    }
}

/* handoff_history.kind */
static const char *const history_kind_names[] = {
    [HISTORY_ASSIGNED] = "assigned",
    [HISTORY_PAUSED] = "paused",
};

void effect_row_history(struct json_writer *json, const struct effects *effects, size_t index)
{
    const struct history_row *row = &effects->histories.items[index];
    WRITE("contact_id", json_uuid, row->contact_id);
    WRITE("handoff_id", json_uuid, row->handoff_id);
    WRITE("entry_id", json_uuid, row->entry_id);
    WRITE("kind", json_text, history_kind_names[row->kind]);
    WRITE("at", json_time, row->at_us);
    WRITE("actor", json_str, row->actor);
    WRITE("reason", json_str, row->reason);
    WRITE("member", json_uuid, row->member);
    WRITE("previous", json_uuid, row->previous);
    WRITE("until", json_time, row->until_us);
    WRITE("ended_at", json_time, row->ended_at_us);
    WRITE("ended_by", json_str, row->ended_by);
}

void effect_row_pause_end(struct json_writer *json, const struct effects *effects, size_t index)
{
    const struct pause_end_row *row = &effects->pause_ends.items[index];
    WRITE("contact_id", json_uuid, row->contact_id);
    WRITE("handoff_id", json_uuid, row->handoff_id);
    WRITE("ended_at", json_time, row->ended_at_us);
    WRITE("ended_by", json_str, row->ended_by);
}

void effect_row_attempt(struct json_writer *json, const struct effects *effects, size_t index)
{
    const struct attempt_row *row = &effects->attempts.items[index];
    const struct move_input *move = &row->input->move;
    WRITE("contact_id", json_uuid, row->contact_id);
    WRITE("handoff_id", json_uuid, row->handoff_id);
    WRITE("attempt_id", json_uuid, row->attempt_id);
    WRITE("channel", json_str, move->channel);
    WRITE("outcome", json_str, move->outcome);
    WRITE("at", json_time, row->at_us);
    WRITE("logged_at", json_time, row->logged_at_us);
    WRITE("actor", json_str, row->input->actor.text);
    WRITE("note", json_str, move->note);
    WRITE("offers_sent", json_raw, move->offers_sent);
}

void effect_row_feedback(struct json_writer *json, const struct effects *effects, size_t index)
{
    const struct attempt_row *row = &effects->feedback.items[index];
    const struct move_input *move = &row->input->move;
    WRITE("contact_id", json_uuid, row->contact_id);
    WRITE("handoff_id", json_uuid, row->handoff_id);
    WRITE("feedback_id", json_uuid, row->attempt_id);
    WRITE("offer", json_str, move->offer);
    WRITE("found_useful", json_str, move->found_useful);
    if (move->helped_the_call >= 0) {
        WRITE("helped_the_call", json_bool, move->helped_the_call == 1);
    }
    WRITE("note", json_str, move->note);
    WRITE("actor", json_str, row->input->actor.text);
    WRITE("at", json_time, row->logged_at_us);
}

void effect_row_consent(struct json_writer *json, const struct effects *effects, size_t index)
{
    const struct consent_row *row = &effects->consents.items[index];
    WRITE("contact_id", json_uuid, row->contact_id);
    WRITE("at", json_time, row->at_us);
    WRITE("id", json_uuid, row->id);
    WRITE("purpose", json_str, row->purpose);
    WRITE("granted", json_bool, row->is_granted);
    WRITE("objection", json_bool, row->is_objection);
    WRITE("text", json_str, row->text);
    WRITE("text_version", json_str, row->text_version);
    WRITE("source", json_str, row->source);
    WRITE("actor", json_str, row->actor);
    WRITE("network", json_str, row->network);
    WRITE("note", json_str, row->note);
    WRITE("activity_id", json_uuid, row->activity_id);
}

void effect_row_deal(struct json_writer *json, const struct effects *effects, size_t index)
{
    const struct deal_row *row = &effects->deals.items[index];
    WRITE("contact_id", json_uuid, row->contact_id);
    WRITE("deal_id", json_uuid, row->deal_id);
    WRITE("kind", json_str, row->kind);
    if (row->has_amount) {
        WRITE("amount", json_int, row->amount);
    }
    WRITE("currency", json_str, row->currency);
    WRITE("won_at", json_time, row->won_at_us);
    WRITE("handoff_id", json_uuid, row->handoff_id);
    WRITE("assignee", json_uuid, row->assignee);
    WRITE("qualified_by", json_uuid, row->qualified_by);
    WRITE("actor", json_str, row->actor);
    WRITE("historical", json_bool, row->is_historical);
}

/* Bytes as PostgreSQL reads them from text; absent: null. */
static void write_bytes(struct json_writer *json, struct str bytes)
{
    static const char digits[] = "0123456789abcdef";
    CLEANUP(buf_done) struct buf hex;
    buf_init(&hex, PARAM_BYTES_MAX);
    buf_append_text(&hex, "\\x");
    for (size_t i = 0; i < bytes.len; i++) {
        buf_append_char(&hex, digits[(uint8_t)bytes.data[i] >> 4]);
        buf_append_char(&hex, digits[(uint8_t)bytes.data[i] & 0xF]);
    }
    json->buf->failed = json->buf->failed || hex.failed;
    json_str(json, bytes.data != NULL ? buf_str(&hex) : (struct str){0});
}

void effect_row_quarantine(struct json_writer *json, const struct effects *effects, size_t index)
{
    const struct quarantine_row *row = &effects->quarantines.items[index];
    const struct input *input = row->input;
    WRITE("quarantine_id", json_uuid, uuid_new(effects->now_us));
    WRITE("submission_id", json_uuid, input->activity.id);
    WRITE("form", json_str, input->activity.scope);
    WRITE("state", json_text, quarantine_state_names[QUARANTINE_HELD]);
    json_key(json, "reasons");
    json_array_begin(json);
    for (unsigned i = 0; i < SUSPICION_COUNT_; i++) {
        if ((row->suspicions & SUSPICION_BIT(i)) != 0) {
            json_text(json, suspicion_names[i]);
        }
    }
    json_array_end(json);
    WRITE("email", json_str, input->email);
    WRITE("email_key", json_str, input->email_key);
    WRITE("channel", json_str, input->activity.channel);
    WRITE("consent_text", json_str, input->consent_text);
    WRITE("network", json_str, input->network);
    WRITE("payload", json_raw, input->activity.payload);
    WRITE("raw", write_bytes, input->quarantine.raw);
    WRITE("raw_type", json_str, input->quarantine.raw_type);
    WRITE("raw_tool", json_str, input->quarantine.raw_tool);
    WRITE("occurred_at", json_time, row->occurred_at_us);
    WRITE("received_at", json_time, row->received_at_us);
}

void effect_row_settlement(struct json_writer *json, const struct effects *effects, size_t index)
{
    const struct settlement_row *row = &effects->settlements.items[index];
    WRITE("quarantine_id", json_uuid, row->input->quarantine.id);
    WRITE("state", json_text, quarantine_state_names[row->state]);
    WRITE("settled_at", json_time, effects->now_us);
    WRITE("settled_by", json_str, row->input->quarantine.settled_by);
    WRITE("contact_id", json_uuid, row->contact_id);
    WRITE("occurred_at", json_time, row->occurred_at_us);
}
