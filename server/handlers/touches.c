#include "handlers/touches.h"

#include "domain/channel.h"
#include "handlers/contact_answers.h"
#include "handlers/handlers.h"
#include "schema/json.h"

/* In the order of contact_touches.sql and contact_touch_ends.sql. */
enum column {
    COLUMN_ID,
    COLUMN_AT,
    COLUMN_KIND,
    COLUMN_FORM,
    COLUMN_OFFER,
    COLUMN_CAMPAIGN,
    COLUMN_CHANNEL,
    COLUMN_CONTEXT,
};

/* ---- one ---- */

/* What the link and the referrer of a visit say; `context` is JSON, or absent: there was no visit.
 */
static enum err_code read_words(struct str context, struct visit_words *ret_words,
                                struct err *reterr)
{
    json_auto_t *root = NULL;
    const enum err_code code = context.data != NULL ? json_parse(context, &root, reterr) : OK;
    if (code != OK) {
        return code == ERR_NOMEM ? code
                                 : err_set(reterr, ERR_STORE, "A visit's context is damaged.");
    }
    const struct visit visit = {
        .page_url = json_str_of(json_object_get(root, "page_url")),
        .referrer = json_str_of(json_object_get(root, "referrer")),
        .utm_source = json_str_of(json_object_get(root, "utm_source")),
        .utm_medium = json_str_of(json_object_get(root, "utm_medium")),
        .utm_campaign = json_str_of(json_object_get(root, "utm_campaign")),
    };
    visit_words_read(&visit, ret_words);
    return OK;
}

/* Its texts point into the rows and into `words`. */
static enum err_code read_touch(const struct rows *rows, size_t row, struct visit_words *words,
                                struct touch *ret_touch, struct err *reterr)
{
    const enum err_code code = read_words(row_text(rows, row, COLUMN_CONTEXT), words, reterr);
    if (code != OK) {
        return code;
    }
    const struct str campaign = row_text(rows, row, COLUMN_CAMPAIGN);
    *ret_touch = (struct touch){
        .at_us = row_time(rows, row, COLUMN_AT),
        .channel = row_text(rows, row, COLUMN_CHANNEL),
        .campaign = campaign.data != NULL ? campaign : words->campaign,
        .source = words->source,
    };
    return OK;
}

/* Absent stays absent. False: out of memory. */
static bool keep(struct str *text, struct arena *arena)
{
    const bool is_there = text->data != NULL;
    *text = is_there ? arena_str(arena, *text) : *text;
    return !is_there || text->data != NULL;
}

static enum err_code keep_touch(const struct rows *rows, size_t row, struct arena *arena,
                                struct touch *ret_touch, struct err *reterr)
{
    struct visit_words words = {.source = {.data = NULL}};
    struct touch touch;
    const enum err_code code = read_touch(rows, row, &words, &touch, reterr);
    if (code != OK) {
        return code;
    }
    if (!keep(&touch.source, arena) || !keep(&touch.campaign, arena)) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for a contact. Try again.");
    }
    *ret_touch = touch;
    return OK;
}

enum err_code touches_take(const struct rows *rows, struct arena *arena, struct contact *contact,
                           struct err *reterr)
{
    const size_t count = rows_count(rows);
    contact->first_touch.at_us = TIME_NONE;
    contact->last_touch.at_us = TIME_NONE;
    contact->has_touches = true;
    if (count == 0) {
        return OK;
    }
    const enum err_code code = keep_touch(rows, 0, arena, &contact->first_touch, reterr);
    return code != OK ? code : keep_touch(rows, count - 1, arena, &contact->last_touch, reterr);
}

/* ---- all ---- */

struct touches_query {
    struct list_query list;
};

static const struct query_param touches_params[] = {
    LIST_PARAMS(struct touches_query),
};
const struct query touches_query = QUERY(struct touches_query, touches_params);

enum request_step touches_start(struct request *request)
{
    const struct touches_query *query = request->query;
    struct uuid contact_id;
    struct list_place place;
    if (!request_uuid_param(request, 0, &contact_id) ||
        !list_place(request, &query->list, &place)) {
        return REQUEST_REPLY;
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    param_uuid(read_op_query(read, STATEMENT_CONTACT_ROOT), contact_id);
    struct params *params = read_op_query(read, STATEMENT_CONTACT_TOUCHES);
    param_uuid(params, contact_id);
    param_time(params, place.at_us);
    param_uuid(params, place.id);
    param_int(params, (int32_t)query->list.limit + 1);
    return REQUEST_RUN;
}

static enum err_code write_touch(struct json_writer *json, const struct rows *rows, size_t row,
                                 struct err *reterr)
{
    struct visit_words words = {.source = {.data = NULL}};
    struct touch touch;
    const enum err_code code = read_touch(rows, row, &words, &touch, reterr);
    if (code != OK) {
        return code;
    }
    const struct str context = row_text(rows, row, COLUMN_CONTEXT);
    json_object_begin(json);
    JSON_FIELD(json, "id", json_uuid, row_uuid(rows, row, COLUMN_ID));
    JSON_FIELD(json, "at", json_time, touch.at_us);
    JSON_FIELD(json, "kind", json_str, row_text(rows, row, COLUMN_KIND));
    JSON_FIELD(json, "form", json_str, row_text(rows, row, COLUMN_FORM));
    JSON_FIELD(json, "offer", json_str, row_text(rows, row, COLUMN_OFFER));
    JSON_FIELD(json, "channel", json_str, touch.channel);
    JSON_FIELD(json, "campaign", json_str, touch.campaign);
    JSON_FIELD(json, "source", json_str, touch.source);
    JSON_FIELD(json, "medium", json_str, words.medium);
    json_key(json, "context");
    if (context.data != NULL) {
        json_raw(json, context);
    } else {
        json_nil(json);
    }
    json_object_end(json);
    return OK;
}

enum request_step touches_finish(struct request *request)
{
    const struct touches_query *query = request->query;
    const struct rows *root = request->read->queries[0].rows;
    const struct rows *rows = request->read->queries[1].rows;
    if (contact_is_missing(request, root)) {
        return REQUEST_REPLY;
    }
    contact_say_where(request, row_uuid(root, 0, 0), "/touches");
    const struct list_page page = list_page(&query->list, rows);
    struct json_writer json;
    struct err err;
    list_begin(request, &json);
    for (size_t row = 0; row < page.count; row++) {
        if (write_touch(&json, rows, row, &err) != OK) {
            return problem_err(request, &err);
        }
    }
    return list_end_behind(request, &json, &page, COLUMN_AT, COLUMN_ID);
}
