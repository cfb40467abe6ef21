/*
 * Effects as rows. What submissions and imports write by the thousand (contacts, scores,
 * activities, keys, stages, events) goes as arrays, one per column; what is rare goes as one JSON
 * document per table.
 */
#include <math.h>

#include "base/json_write.h"
#include "domain/escalation.h"
#include "store/store_internal.h"

struct writer {
    struct worker *worker;
    const struct effects *effects;
    struct contact *const *contacts;
    size_t contact_count;
    struct err *reterr;
    size_t sent;
};

static enum err_code send(struct writer *writer, enum statement statement)
{
    writer->sent++;
    return conn_send(writer->worker->conn, statement, &writer->worker->params, writer->reterr);
}

static struct params *fresh_params(struct writer *writer)
{
    params_clear(&writer->worker->params);
    return &writer->worker->params;
}

/* ---- contacts ---- */

typedef void write_fn(struct json_writer *json, const struct contact *contact);

/* A JSON column of one contact. */
static void item_json(struct param *array, write_fn *write, const struct contact *contact,
                      struct buf *buf)
{
    struct json_writer json;
    buf_clear(buf);
    json_writer_init(&json, buf);
    write(&json, contact);
    item_text(array, buf_str(buf));
}

static enum err_code send_contacts(struct writer *writer, bool is_new, enum statement statement)
{
    struct params *params = fresh_params(writer);
    struct param *ids = param_array(params, ITEM_UUID);
    struct param *emails = param_array(params, ITEM_TEXT);
    struct param *stages = param_array(params, ITEM_TEXT);
    struct param *reached = param_array(params, ITEM_TEXT);
    struct param *channels = param_array(params, ITEM_TEXT);
    struct param *steps = param_array(params, ITEM_TEXT);
    struct param *attributes = param_array(params, ITEM_TEXT);
    struct param *sources = param_array(params, ITEM_TEXT);
    struct param *consents = param_array(params, ITEM_TEXT);
    struct param *handoffs = param_array(params, ITEM_UUID);
    struct param *cycles = param_array(params, ITEM_INT);
    struct param *nurture = param_array(params, ITEM_TIME);
    struct param *released = param_array(params, ITEM_TIME);
    struct param *merged = param_array(params, ITEM_UUID);
    struct param *versions = param_array(params, ITEM_INT);
    struct param *created = param_array(params, ITEM_TIME);
    struct param *updated = param_array(params, ITEM_TIME);
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, PARAM_BYTES_MAX);
    size_t count = 0;
    for (size_t i = 0; i < writer->contact_count; i++) {
        const struct contact *contact = writer->contacts[i];
        if (!contact->is_dirty || contact->is_new != is_new) {
            continue;
        }
        count++;
        item_uuid(ids, contact->contact_id);
        item_text(emails, contact->email);
        item_text(stages, str_from(stage_names[contact->stage]));
        item_text(reached, str_from(stage_names[contact->reached]));
        item_text(channels, contact->channel);
        item_text(steps, contact->journey_step);
        item_json(attributes, contact_write_attributes, contact, &buf);
        item_json(sources, contact_write_sources, contact, &buf);
        item_json(consents, contact_write_consents, contact, &buf);
        item_uuid_or_null(handoffs, contact->handoff.handoff_id);
        item_int(cycles, contact->cycle);
        item_time(nurture, contact->nurture_until_us);
        item_time(released, contact->released_at_us);
        item_uuid_or_null(merged, contact->merged_into);
        item_int(versions, contact->version);
        item_time(created, contact->created_at_us);
        item_time(updated, contact->updated_at_us);
    }
    return count > 0 ? send(writer, statement) : OK;
}

static enum err_code send_scores(struct writer *writer, bool is_stored, enum statement statement)
{
    int32_t version;
    const struct model *model = catalog_active_model(writer->effects->catalog, &version);
    struct params *params = fresh_params(writer);
    struct param *ids = param_array(params, ITEM_UUID);
    param_int(params, version);
    struct param *times = param_array(params, ITEM_TIME);
    struct param *points = param_array(params, ITEM_REAL);
    param_int(params, (int32_t)model->interest_rule_count);
    struct param *heats = param_array(params, ITEM_REAL);
    struct param *fits = param_array(params, ITEM_REAL);
    struct param *fit_grades = param_array(params, ITEM_TEXT);
    struct param *known = param_array(params, ITEM_REAL);
    struct param *grades = param_array(params, ITEM_TEXT);
    struct param *decisions = param_array(params, ITEM_TEXT);
    struct param *errors = param_array(params, ITEM_INT);
    size_t count = 0;
    for (size_t i = 0; i < writer->contact_count; i++) {
        const struct contact_score *score = &writer->contacts[i]->score;
        if (!score->is_dirty || score->is_stored != is_stored) {
            continue;
        }
        count++;
        const char letter = fit_grade_letter(score->fit_grade);
        item_uuid(ids, writer->contacts[i]->contact_id);
        /* No step yet: the time is that of the decision, and means nothing beside an empty score.
         */
        item_time(times, score->interest.at_us);
        for (size_t r = 0; r < model->interest_rule_count; r++) {
            item_real(points, score->interest.v[r]);
        }
        item_real(heats, interest_heat(model, &score->interest));
        item_real(fits, score->fit);
        item_text(fit_grades, str_slice(&letter, 1));
        item_real(known, score->fit_known);
        item_text(grades, str_from(score->grade));
        item_text(decisions, str_from(decision_name(score->decision)));
        item_int(errors, score->rule_errors);
    }
    return count > 0 ? send(writer, statement) : OK;
}

/* ---- activities ---- */

static enum err_code send_activities(struct writer *writer)
{
    const struct effects *effects = writer->effects;
    if (effects->activities.count == 0) {
        return OK;
    }
    struct params *params = fresh_params(writer);
    struct param *contacts = param_array(params, ITEM_UUID);
    struct param *occurred = param_array(params, ITEM_TIME);
    struct param *ids = param_array(params, ITEM_UUID);
    struct param *texts[7]; /* kind, form, offer, offer_kind, journey_step, campaign, channel */
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        texts[i] = param_array(params, ITEM_TEXT);
    }
    struct param *properties = param_array(params, ITEM_TEXT);
    struct param *payloads = param_array(params, ITEM_TEXT);
    struct param *historical = param_array(params, ITEM_BOOL);
    struct param *received = param_array(params, ITEM_TIME);
    for (size_t i = 0; i < effects->activities.count; i++) {
        const struct activity_row *row = &effects->activities.items[i];
        const struct activity_facts *facts = &row->facts;
        item_uuid(contacts, row->contact_id);
        item_time(occurred, row->occurred_at_us);
        item_uuid(ids, row->input->activity.id);
        const struct str values[] = {facts->kind,       facts->form,         facts->offer,
                                     facts->offer_kind, facts->journey_step, facts->campaign,
                                     facts->channel};
        for (size_t t = 0; t < ARRAY_LEN(texts); t++) {
            item_text(texts[t], values[t]);
        }
        item_text(properties, row->input->activity.properties);
        item_text(payloads, row->input->activity.payload);
        item_bool(historical, row->input->is_historical);
        item_time(received, row->received_at_us);
    }
    return send(writer, STATEMENT_ACTIVITY_INSERT);
}

static enum err_code send_activity_keys(struct writer *writer)
{
    const struct effects *effects = writer->effects;
    if (effects->activities.count == 0 && effects->quarantines.count == 0) {
        return OK;
    }
    struct params *params = fresh_params(writer);
    struct param *ids = param_array(params, ITEM_UUID);
    struct param *scopes = param_array(params, ITEM_TEXT);
    struct param *contacts = param_array(params, ITEM_UUID);
    struct param *occurred = param_array(params, ITEM_TIME);
    struct param *received = param_array(params, ITEM_TIME);
    struct param *fingerprints = param_array(params, ITEM_BYTES);
    size_t count = 0;
    for (size_t i = 0; i < effects->activities.count; i++) {
        const struct activity_row *row = &effects->activities.items[i];
        if (!uuid_is_nil(row->input->quarantine.id)) {
            continue; /* a release: it is there since it was set aside */
        }
        count++;
        item_uuid(ids, row->input->activity.id);
        item_text(scopes, row->input->activity.scope);
        item_uuid(contacts, row->contact_id);
        item_time(occurred, row->occurred_at_us);
        item_time(received, row->received_at_us);
        item_bytes(fingerprints, row->input->activity.fingerprint.bytes, SHA256_BYTES);
    }
    for (size_t i = 0; i < effects->quarantines.count; i++) {
        const struct quarantine_row *row = &effects->quarantines.items[i];
        count++;
        item_uuid(ids, row->input->activity.id);
        item_text(scopes, row->input->activity.scope);
        item_uuid_or_null(contacts, (struct uuid){{0}});
        item_time(occurred, row->occurred_at_us);
        item_time(received, row->received_at_us);
        item_bytes(fingerprints, row->input->activity.fingerprint.bytes, SHA256_BYTES);
    }
    return count > 0 ? send(writer, STATEMENT_ACTIVITY_KEY_INSERT) : OK;
}

static enum err_code send_stages(struct writer *writer)
{
    const struct effects *effects = writer->effects;
    if (effects->stages.count == 0) {
        return OK;
    }
    struct params *params = fresh_params(writer);
    struct param *contacts = param_array(params, ITEM_UUID);
    struct param *times = param_array(params, ITEM_TIME);
    struct param *ordinals = param_array(params, ITEM_BIGINT);
    struct param *texts[5]; /* from, to, actor, reason, note */
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        texts[i] = param_array(params, ITEM_TEXT);
    }
    struct param *handoffs = param_array(params, ITEM_UUID);
    struct param *implied = param_array(params, ITEM_BOOL);
    struct param *historical = param_array(params, ITEM_BOOL);
    for (size_t i = 0; i < effects->stages.count; i++) {
        const struct stage_row *row = &effects->stages.items[i];
        item_uuid(contacts, row->contact_id);
        item_time(times, row->at_us);
        item_bigint(ordinals, effects->now_us * 1000 + (int64_t)i);
        const struct str values[] = {
            row->has_from ? str_from(stage_names[row->from]) : (struct str){0},
            str_from(stage_names[row->to]), row->actor, row->reason, row->note};
        for (size_t t = 0; t < ARRAY_LEN(texts); t++) {
            item_text(texts[t], values[t]);
        }
        item_uuid_or_null(handoffs, row->handoff_id);
        item_bool(implied, row->is_implied);
        item_bool(historical, row->is_historical);
    }
    return send(writer, STATEMENT_STAGE_CHANGE_INSERT);
}

static enum err_code send_events(struct writer *writer)
{
    const struct effects *effects = writer->effects;
    if (effects->events.count == 0) {
        return OK;
    }
    struct params *params = fresh_params(writer);
    param_int(params, (int32_t)effects->events.count);
    struct param *types = param_array(params, ITEM_TEXT);
    struct param *contacts = param_array(params, ITEM_UUID);
    struct param *times = param_array(params, ITEM_TIME);
    struct param *data = param_array(params, ITEM_TEXT);
    for (size_t i = 0; i < effects->events.count; i++) {
        const struct event_row *row = &effects->events.items[i];
        item_text(types, str_from(row->type));
        item_uuid_or_null(contacts, row->contact_id);
        item_time(times, row->at_us);
        item_text(data, row->data);
    }
    return send(writer, STATEMENT_EVENT_INSERT);
}

static enum err_code send_traces(struct writer *writer)
{
    const struct effects *effects = writer->effects;
    if (effects->traces.count == 0) {
        return OK;
    }
    struct params *params = fresh_params(writer);
    struct param *marks = param_array(params, ITEM_UUID);
    struct param *ids = param_array(params, ITEM_UUID);
    param_time(params, effects->now_us);
    struct param *expiries = param_array(params, ITEM_TIME);
    for (size_t i = 0; i < effects->traces.count; i++) {
        const struct input *input = effects->traces.items[i];
        const struct suspicion_watch *watch = input->quarantine.watch;
        const struct uuid watched[] = {watch->address, watch->content};
        for (size_t m = 0; m < ARRAY_LEN(watched); m++) {
            if (!uuid_is_nil(watched[m])) {
                item_uuid(marks, watched[m]);
                item_uuid(ids, input->activity.id);
                item_time(expiries, effects->now_us + watch->within_us);
            }
        }
    }
    return send(writer, STATEMENT_FORM_TRACE_INSERT);
}

static enum err_code send_merges(struct writer *writer)
{
    const struct effects *effects = writer->effects;
    if (effects->merges.count == 0) {
        return OK;
    }
    struct params *params = fresh_params(writer);
    struct param *duplicates = param_array(params, ITEM_UUID);
    struct param *survivors = param_array(params, ITEM_UUID);
    for (size_t i = 0; i < effects->merges.count; i++) {
        item_uuid(duplicates, effects->merges.items[i].duplicate);
        item_uuid(survivors, effects->merges.items[i].survivor);
    }
    const enum err_code code = send(writer, STATEMENT_MEMBER_MOVE);
    return code == OK ? send(writer, STATEMENT_IDENTITY_MOVE) : code;
}

/* Last of all that is written: it also takes what this batch has written about them. */
static enum err_code send_erasures(struct writer *writer)
{
    const struct effects *effects = writer->effects;
    if (effects->erasures.count == 0) {
        return OK;
    }
    struct params *params = fresh_params(writer);
    struct param *contacts = param_array(params, ITEM_UUID);
    struct param *actors = param_array(params, ITEM_TEXT);
    param_time(params, effects->now_us);
    struct param *owners = param_array(params, ITEM_UUID);
    struct param *hashes = param_array(params, ITEM_BYTES);
    param_text(params, str_from(writer->worker->store->privacy_fingerprint));
    for (size_t i = 0; i < effects->erasures.count; i++) {
        const struct erasure_row *row = &effects->erasures.items[i];
        const struct erasure_input *erasure = &row->input->erasure;
        item_uuid(contacts, row->contact_id);
        item_text(actors, row->input->actor.text);
        for (size_t h = 0; h < erasure->found_count + erasure->hash_count; h++) {
            const struct sha256 *hash = h < erasure->found_count
                                            ? &erasure->found[h]
                                            : &erasure->hashes[h - erasure->found_count];
            item_uuid(owners, row->contact_id);
            item_bytes(hashes, hash->bytes, SHA256_BYTES);
        }
    }
    return send(writer, STATEMENT_CONTACT_ERASE);
}

/* ---- rare rows: objects with the columns' names ---- */

#define WRITE(name, write, value) JSON_FIELD(json, name, write, value)

static void write_handoff(struct json_writer *json, const struct handoff *row)
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

static void write_history(struct json_writer *json, const struct writer *writer, size_t index)
{
    const struct history_row *row = &writer->effects->histories.items[index];
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

static void write_pause_end(struct json_writer *json, const struct writer *writer, size_t index)
{
    const struct pause_end_row *row = &writer->effects->pause_ends.items[index];
    WRITE("contact_id", json_uuid, row->contact_id);
    WRITE("handoff_id", json_uuid, row->handoff_id);
    WRITE("ended_at", json_time, row->ended_at_us);
    WRITE("ended_by", json_str, row->ended_by);
}

static void write_attempt(struct json_writer *json, const struct writer *writer, size_t index)
{
    const struct attempt_row *row = &writer->effects->attempts.items[index];
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

static void write_feedback(struct json_writer *json, const struct writer *writer, size_t index)
{
    const struct attempt_row *row = &writer->effects->feedback.items[index];
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

static void write_consent(struct json_writer *json, const struct writer *writer, size_t index)
{
    const struct consent_row *row = &writer->effects->consents.items[index];
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

static void write_deal(struct json_writer *json, const struct writer *writer, size_t index)
{
    const struct deal_row *row = &writer->effects->deals.items[index];
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

static void write_quarantine(struct json_writer *json, const struct writer *writer, size_t index)
{
    const struct quarantine_row *row = &writer->effects->quarantines.items[index];
    const struct input *input = row->input;
    WRITE("quarantine_id", json_uuid, uuid_new(writer->effects->now_us));
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

static void write_settlement(struct json_writer *json, const struct writer *writer, size_t index)
{
    const struct settlement_row *row = &writer->effects->settlements.items[index];
    WRITE("quarantine_id", json_uuid, row->input->quarantine.id);
    WRITE("state", json_text, quarantine_state_names[row->state]);
    WRITE("settled_at", json_time, writer->effects->now_us);
    WRITE("settled_by", json_str, row->input->quarantine.settled_by);
    WRITE("contact_id", json_uuid, row->contact_id);
    WRITE("occurred_at", json_time, row->occurred_at_us);
}

typedef void write_row_fn(struct json_writer *json, const struct writer *writer, size_t index);

static enum err_code send_documents(struct writer *writer, enum statement statement, size_t count,
                                    write_row_fn *write_row)
{
    if (count == 0) {
        return OK;
    }
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, PARAM_BYTES_MAX);
    struct json_writer json;
    json_writer_init(&json, &buf);
    json_array_begin(&json);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(&json);
        write_row(&json, writer, i);
        json_object_end(&json);
    }
    json_array_end(&json);
    if (buf.failed) {
        return err_set(writer->reterr, ERR_NOMEM, "Out of memory while writing a batch.");
    }
    param_text(fresh_params(writer), buf_str(&buf));
    return send(writer, statement);
}

/* An array of JSON objects in the making. */
struct document {
    struct buf buf;
    struct json_writer json;
    size_t count;
};

static void document_init(struct document *document)
{
    buf_init(&document->buf, PARAM_BYTES_MAX);
    json_writer_init(&document->json, &document->buf);
    document->count = 0;
    json_array_begin(&document->json);
}

static void document_done(struct document *document)
{
    buf_done(&document->buf);
}

static enum err_code send_document(struct writer *writer, enum statement statement,
                                   struct document *document)
{
    json_array_end(&document->json);
    if (document->buf.failed) {
        return err_set(writer->reterr, ERR_NOMEM, "Out of memory while writing a batch.");
    }
    if (document->count == 0) {
        return OK;
    }
    param_text(fresh_params(writer), buf_str(&document->buf));
    return send(writer, statement);
}

/* A handoff and its clocks, as far as they changed. */
static void add_handoff(struct document *handoffs, struct document *clocks,
                        const struct handoff *handoff, const struct clock_record *its_clocks,
                        size_t clock_count)
{
    if (handoff->is_dirty) {
        handoffs->count++;
        json_object_begin(&handoffs->json);
        write_handoff(&handoffs->json, handoff);
        json_object_end(&handoffs->json);
    }
    for (size_t c = 0; c < clock_count; c++) {
        if (its_clocks[c].is_dirty) {
            clocks->count++;
            json_object_begin(&clocks->json);
            clock_write_row(&clocks->json, handoff->contact_id, &its_clocks[c]);
            json_object_end(&clocks->json);
        }
    }
}

/* The contacts' latest, and those that ceased to be it within the batch. */
static enum err_code send_handoffs(struct writer *writer)
{
    CLEANUP(document_done) struct document handoffs;
    CLEANUP(document_done) struct document clocks;
    document_init(&handoffs);
    document_init(&clocks);
    for (size_t i = 0; i < writer->contact_count; i++) {
        const struct contact *contact = writer->contacts[i];
        add_handoff(&handoffs, &clocks, &contact->handoff, contact->clocks, contact->clock_count);
    }
    for (size_t i = 0; i < writer->effects->handoffs.count; i++) {
        const struct handoff_row *row = &writer->effects->handoffs.items[i];
        add_handoff(&handoffs, &clocks, &row->handoff, row->clocks, row->clock_count);
    }
    const enum err_code code = send_document(writer, STATEMENT_HANDOFF_WRITE, &handoffs);
    return code == OK ? send_document(writer, STATEMENT_SLA_CLOCK_WRITE, &clocks) : code;
}

enum err_code effects_send(struct worker *worker, const struct effects *effects,
                           struct contact *const contacts[], size_t contact_count,
                           size_t *ret_count, struct err *reterr)
{
    struct writer writer = {.worker = worker,
                            .effects = effects,
                            .contacts = contacts,
                            .contact_count = contact_count,
                            .reterr = reterr};
    enum err_code code = send_contacts(&writer, true, STATEMENT_CONTACT_INSERT);
    code = code != OK ? code : send_contacts(&writer, false, STATEMENT_CONTACT_UPDATE);
    code = code != OK ? code : send_scores(&writer, false, STATEMENT_SCORE_INSERT);
    code = code != OK ? code : send_scores(&writer, true, STATEMENT_SCORE_UPDATE);
    code = code != OK ? code : send_activities(&writer);
    code = code != OK ? code : send_activity_keys(&writer);
    code = code != OK ? code : send_stages(&writer);
    code = code != OK ? code : send_handoffs(&writer);
    const struct {
        enum statement statement;
        size_t count;
        write_row_fn *write_row;
    } documents[] = {
        {STATEMENT_HANDOFF_PAUSE_END,      effects->pause_ends.count,  write_pause_end },
        {STATEMENT_HANDOFF_HISTORY_INSERT, effects->histories.count,   write_history   },
        {STATEMENT_ATTEMPT_INSERT,         effects->attempts.count,    write_attempt   },
        {STATEMENT_FEEDBACK_INSERT,        effects->feedback.count,    write_feedback  },
        {STATEMENT_CONSENT_INSERT,         effects->consents.count,    write_consent   },
        {STATEMENT_DEAL_INSERT,            effects->deals.count,       write_deal      },
        {STATEMENT_QUARANTINE_INSERT,      effects->quarantines.count, write_quarantine},
        {STATEMENT_QUARANTINE_SETTLE,      effects->settlements.count, write_settlement},
    };
    for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
        code = code != OK ? code
                          : send_documents(&writer, documents[i].statement, documents[i].count,
                                           documents[i].write_row);
    }
    code = code != OK ? code : send_traces(&writer);
    code = code != OK ? code : send_merges(&writer);
    code = code != OK ? code : send_erasures(&writer);
    code = code != OK ? code : send_events(&writer);
    *ret_count = writer.sent;
    return code;
}
