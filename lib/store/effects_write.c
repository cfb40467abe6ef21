/*
 * Effects as rows. What submissions and imports write by the thousand (contacts, scores,
 * activities, keys, stages, events) goes as arrays, one per column; what is rare goes as one JSON
 * document per table.
 */
#include <math.h>

#include "base/json_write.h"
#include "store/effects_rows.h"
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

/* Rows that are there are named by where they were found, new ones by their contact. */
static enum err_code send_scores(struct writer *writer, bool is_stored, enum statement statement)
{
    int32_t version;
    const struct model *model = catalog_active_model(writer->effects->catalog, &version);
    struct params *params = fresh_params(writer);
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
    struct param *names = param_array(params, is_stored ? ITEM_TID : ITEM_UUID);
    if (!is_stored) {
        param_int(params, version);
    }
    size_t count = 0;
    for (size_t i = 0; i < writer->contact_count; i++) {
        const struct contact_score *score = &writer->contacts[i]->score;
        if (!score->is_dirty || (score->place.data != NULL) != is_stored) {
            continue;
        }
        count++;
        const char letter = fit_grade_letter(score->fit_grade);
        if (is_stored) {
            item_bytes(names, score->place.data, score->place.len);
        } else {
            item_uuid(names, writer->contacts[i]->contact_id);
        }
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

/* ---- rare rows: one JSON document per table ---- */

static enum err_code send_documents(struct writer *writer, enum statement statement, size_t count,
                                    effect_row_fn *write_row)
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
        write_row(&json, writer->effects, i);
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
        handoff_write_row(&handoffs->json, handoff);
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
        effect_row_fn *write_row;
    } documents[] = {
        {STATEMENT_HANDOFF_PAUSE_END,      effects->pause_ends.count,  effect_row_pause_end },
        {STATEMENT_HANDOFF_HISTORY_INSERT, effects->histories.count,   effect_row_history   },
        {STATEMENT_ATTEMPT_INSERT,         effects->attempts.count,    effect_row_attempt   },
        {STATEMENT_FEEDBACK_INSERT,        effects->feedback.count,    effect_row_feedback  },
        {STATEMENT_CONSENT_INSERT,         effects->consents.count,    effect_row_consent   },
        {STATEMENT_DEAL_INSERT,            effects->deals.count,       effect_row_deal      },
        {STATEMENT_QUARANTINE_INSERT,      effects->quarantines.count, effect_row_quarantine},
        {STATEMENT_QUARANTINE_SETTLE,      effects->settlements.count, effect_row_settlement},
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
