/*
 * A submission as fields that a visitor filled in, or as another form tool's answers: what does not
 * fit is kept with it, for nobody is there who could mend it.
 */
#include "base/utf8.h"
#include "domain/form_fields.h"
#include "handlers/handlers.h"
#include "handlers/submission.h"
#include "schema/page_url.h"

enum { RANGE_BYTES_MAX = 100 };

/* ---- HTML forms ---- */

static void take_consent(struct request *request, struct submission *submission, struct str purpose,
                         struct str value)
{
    struct input *input = &submission->input;
    if (input->consent_count == CONSENTS_MAX || !slug_is_valid(purpose)) {
        faults_add(&submission->ignored, "/consents", "format",
                   "A consent's purpose is not a slug.");
        return;
    }
    if (input->consents == NULL) {
        input->consents = arena_array(request->arena, CONSENTS_MAX, sizeof *input->consents);
    }
    if (input->consents != NULL) {
        input->consents[input->consent_count++] = (struct consent){
            .purpose = purpose, .is_granted = form_box_is_ticked(value), .at_us = TIME_NONE};
    }
}

static void keep_misfit(struct request *request, struct submission *submission, struct str name,
                        struct str value)
{
    if (submission->misfits == NULL) {
        submission->misfits =
            arena_array(request->arena, ATTRIBUTES_MAX, sizeof *submission->misfits);
    }
    if (submission->misfits != NULL && submission->misfit_count < ATTRIBUTES_MAX) {
        submission->misfits[submission->misfit_count++] =
            (struct attribute){.name = name, .kind = ATTRIBUTE_IS_TEXT, .text = value};
    }
}

static void take_attribute(struct request *request, struct submission *submission, struct str name,
                           struct str value)
{
    struct input *input = &submission->input;
    const char *pointer = arena_printf(request->arena, "/attributes/%.*s", STR_ARGS(name));
    if (value.len == 0) {
        return; /* a field left empty says nothing */
    }
    if (!slug_is_valid(name)) {
        faults_add(&submission->ignored, pointer, "format",
                   "Not kept: the name is not one of an attribute.");
        return;
    }
    if (input->attribute_count == ATTRIBUTES_MAX) {
        faults_add(&submission->ignored, pointer, "too_many",
                   "A submission fills at most %d attributes.", ATTRIBUTES_MAX);
        keep_misfit(request, submission, name, value);
        return;
    }
    struct attribute claim = {
        .name = name, .kind = ATTRIBUTE_IS_TEXT, .text = value, .at_us = TIME_NONE};
    const char *misfit = claim_misfit(request, &claim, /* is_lenient= */ true);
    if (misfit != NULL) {
        faults_add(&submission->ignored, pointer, "type", "%s", misfit);
        keep_misfit(request, submission, name, value);
        return;
    }
    if (input->attributes == NULL) {
        input->attributes = arena_array(request->arena, ATTRIBUTES_MAX, sizeof *input->attributes);
    }
    if (input->attributes != NULL) {
        input->attributes[input->attribute_count++] = claim;
    }
}

/* At most so many bytes, whole characters. */
static struct str beginning(struct str text, size_t bytes_max)
{
    size_t len = text.len < bytes_max ? text.len : bytes_max;
    while (len < text.len && len > 0 && ((unsigned char)text.data[len] & 0xC0U) == 0x80U) {
        len--;
    }
    return str_slice(text.data, len);
}

/* Another tool's id is made one of ours. */
static void take_id(struct request *request, struct submission *submission, struct str value)
{
    struct activity_input *activity = &submission->input.activity;
    struct uuid id;
    if (value.len == 0) {
        return;
    }
    if (uuid_parse(value, &id)) {
        activity->id = id;
        activity->has_client_id = true;
        submission->is_id_made = false;
        return;
    }
    if (submission->tool != NULL) {
        const struct str parts[] = {str_from(submission->tool), value};
        activity->id = uuid_from_parts(parts, ARRAY_LEN(parts));
        activity->has_client_id = true;
        submission->is_id_made = submission->is_webhook;
    } else {
        faults_add(&request->faults, "/id", "format", "The id is not a UUID.");
    }
}

static void take_time(struct submission *submission, int64_t at_us)
{
    const char *misfit = occurred_at_misfit(at_us, submission_came_at_us(submission),
                                            /* is_recent_only= */ !submission->is_trusted);
    if (misfit == NULL) {
        submission->input.activity.occurred_at_us = at_us;
    } else {
        faults_add(&submission->ignored, "/occurred_at", "range", "%s", misfit);
    }
}

static void take_time_text(struct submission *submission, struct str value)
{
    int64_t at_us;
    if (time_parse(str_trim(value), &at_us)) {
        take_time(submission, at_us);
    } else if (value.len > 0) {
        faults_add(&submission->ignored, "/occurred_at", "format",
                   "This has to be a time, such as 2026-11-21T14:30:00+01:00.");
    }
}

/* One field by our name. */
static void take_field(struct request *request, struct submission *submission, struct str name,
                       struct str value)
{
    const int context = name_index(submission_context_names, name);
    if (context >= 0) {
        submission->values[context] = beginning(value, SUBMISSION_CONTEXT_BYTES_MAX);
    } else if (str_is(name, "email")) {
        if (str_trim(value).len > 0) {
            (void)email_into_input(request, value, "/email", &submission->input);
        }
    } else if (str_is(name, "id")) {
        take_id(request, submission, value);
    } else if (str_is(name, "occurred_at")) {
        take_time_text(submission, value);
    } else if (str_is(name, PROTECTION_TOKEN_FIELD)) {
        submission->token = value;
    } else if (str_starts_with(name, "consent_")) {
        take_consent(request, submission, str_slice(name.data + 8, name.len - 8), value);
    } else {
        take_attribute(request, submission, name, value);
    }
}

/* Whether the field is the one that nobody sees, by the page's own name for it; it is never an
 * answer. */
static bool is_honeypot(const struct submission *submission, struct str name)
{
    const struct str honeypot = submission->form->protection.honeypot;
    return honeypot.data != NULL && str_eq(name, honeypot);
}

static void note_range(struct request *request, struct submission *submission,
                       const struct our_field *field)
{
    const char *pointer = arena_printf(request->arena, "/attributes/%.*s", STR_ARGS(field->name));
    const struct str range = beginning(field->range, RANGE_BYTES_MAX);
    if (pointer != NULL) {
        faults_add(&submission->ignored, pointer, "range",
                   "A range, of which the lower end counts: %.*s.", STR_ARGS(range));
    }
}

/* What was understood of a form or of another tool's answers. */
static void take_our_fields(struct request *request, struct submission *submission,
                            const struct our_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        take_field(request, submission, fields[i].name, fields[i].value);
        if (fields[i].range.data != NULL) {
            note_range(request, submission, &fields[i]);
        }
    }
}

bool submission_take_fields(struct request *request, struct submission *submission,
                            const struct form_field *fields, size_t count)
{
    const struct form *form = submission->form;
    struct our_field *ours;
    size_t our_count;
    for (size_t i = 0; i < count; i++) {
        if (is_honeypot(submission, fields[i].name)) {
            submission_keep_honeypot(submission, fields[i].value);
        }
    }
    if (form_fields_resolve(form->fields, form->protection.honeypot, fields, count, request->arena,
                            &ours, &our_count) != OK) {
        return false;
    }
    take_our_fields(request, submission, ours, our_count);
    return true;
}

/* ---- other form tools ---- */

/* What the page was called with, where the tool does not send it apart. */
static bool take_page_words(struct request *request, struct submission *submission)
{
    char value_text[SUBMISSION_CONTEXT_BYTES_MAX + 1];
    struct page_url url;
    struct str name;
    struct str value;
    if (submission->values[CONTEXT_PAGE_URL].data == NULL ||
        !page_url_read(submission->values[CONTEXT_PAGE_URL], &url)) {
        return true;
    }
    while (page_url_next_param(&url.query, &name, &value, value_text, sizeof value_text)) {
        const int context = name_index(submission_context_names, name);
        if (context < CONTEXT_UTM_SOURCE || submission->values[context].data != NULL ||
            value.len == 0 || !utf8_is_valid(value)) {
            continue;
        }
        submission->values[context] = arena_str(request->arena, value);
        if (submission->values[context].data == NULL) {
            return false;
        }
    }
    return true;
}

/* Some tools send a response anew, under its old id, when its answers were changed. Nobody could
 * mend a refusal, so that is a submission of its own; and the same answers are the same one, also
 * when the form's settings changed between two deliveries. The id outlives an erasure, so nobody
 * shall find out by trying whose answers it was made of: it is made with the privacy key. Where
 * there was none at the start, a key of this process would not know a delivery again. */
static void identify_delivery(const struct app *app, struct submission *submission,
                              const struct adapted *adapted)
{
    struct uuid *id = &submission->input.activity.id;
    struct sha256 hash = sha256_of(str_slice((const char *)id->bytes, sizeof id->bytes));
    for (size_t i = 0; i < adapted->count; i++) {
        const struct answer *answer = &adapted->answers[i];
        if (answer->kind != ANSWER_DETAIL) {
            const struct str parts[] = {str_slice((const char *)hash.bytes, sizeof hash.bytes),
                                        answer->names[0], answer->value};
            hash = sha256_of_parts(parts, ARRAY_LEN(parts));
        }
    }
    submission->delivery = hash;
    if (app->is_visitor_key_kept) {
        hash = hmac_sha256(app->visitor_key.bytes, sizeof app->visitor_key.bytes,
                           str_slice((const char *)hash.bytes, sizeof hash.bytes));
    }
    const struct str made_of = str_slice((const char *)hash.bytes, sizeof hash.bytes);
    *id = uuid_from_parts(&made_of, 1);
}

/* A page that posts as to HubSpot may have the field that nobody sees. A tool's own form has not: a
 * question that is called so is one. */
static void take_honeypot_answer(struct submission *submission, struct adapted *adapted)
{
    size_t kept = 0;
    for (size_t i = 0; i < adapted->count; i++) {
        if (!submission->is_webhook && is_honeypot(submission, adapted->answers[i].names[0])) {
            submission_keep_honeypot(submission, adapted->answers[i].value);
        } else {
            adapted->answers[kept++] = adapted->answers[i];
        }
    }
    adapted->count = kept;
}

bool submission_take_answers(struct request *request, struct submission *submission,
                             struct adapted *adapted)
{
    take_honeypot_answer(submission, adapted);
    struct activity_input *activity = &submission->input.activity;
    struct our_field *fields;
    size_t count;
    if (answers_resolve(request->catalog, submission->form->fields, adapted->answers,
                        adapted->count, request->arena, &fields, &count) != OK) {
        return false;
    }
    submission->consent_text = adapted->consent_text;
    activity->id = adapted->id;
    activity->has_client_id = !uuid_is_nil(adapted->id);
    submission->is_id_made = adapted->is_id_made;
    if (adapted->occurred_at_us != TIME_NONE) {
        take_time(submission, adapted->occurred_at_us);
    }
    take_our_fields(request, submission, fields, count);
    if (adapted->left_out_count > 0) {
        faults_add(&submission->ignored, "", "too_many",
                   "%zu answers beyond the first %d were not kept.", adapted->left_out_count,
                   ANSWERS_MAX);
    }
    if (submission->is_id_made) {
        identify_delivery(request->app, submission, adapted);
    }
    return take_page_words(request, submission);
}
