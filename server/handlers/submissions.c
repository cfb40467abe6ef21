/*
 * What was submitted, as it was submitted: every claim, also those that the contact did not take
 * over.
 */
#include "domain/email_address.h"
#include "handlers/handlers.h"

/* In the order of the submission statements; the place in the feed follows in the list of all. */
enum column {
    COLUMN_ID,
    COLUMN_FORM,
    COLUMN_CONTACT_ID,
    COLUMN_EMAIL,
    COLUMN_ATTRIBUTES,
    COLUMN_IGNORED,
    COLUMN_CONSENTS,
    COLUMN_CONTEXT,
    COLUMN_OFFER,
    COLUMN_CAMPAIGN,
    COLUMN_CHANNEL,
    COLUMN_OCCURRED_AT,
    COLUMN_RECEIVED_AT,
    COLUMN_TX,
    COLUMN_ORDINAL,
};

struct submission_query_values {
    struct list_query list;
    struct str form;
    struct uuid contact_id;
    struct str email;
};

static const struct query_param submission_params[] = {
    QUERY_PARAM("form", SLUG, struct submission_query_values, form),
    QUERY_PARAM("contact_id", UUID, struct submission_query_values, contact_id),
    QUERY_PARAM("email", STRING, struct submission_query_values, email, .min = 1,
                .max = EMAIL_INPUT_BYTES_MAX),
    LIST_PARAMS(struct submission_query_values),
};
const struct query submission_query = QUERY(struct submission_query_values, submission_params);

struct submission_of_form {
    struct str form;
};
static const struct query_param of_form_params[] = {
    QUERY_PARAM("form", SLUG, struct submission_of_form, form)};
const struct query submission_get_query = QUERY(struct submission_of_form, of_form_params);

/* The slug of a form named by slug or id; one that there is not (any more) names itself. */
static struct str slug_of(const struct request *request, struct str name)
{
    const struct form *form = name.data != NULL ? catalog_form(request->catalog, name) : NULL;
    return form != NULL ? form->slug : name;
}

static void write_submission(struct json_writer *json, const struct rows *rows, size_t row)
{
    static const struct {
        const char *name;
        enum column column;
    } documents[] = {
        {"attributes", COLUMN_ATTRIBUTES},
        {"ignored",    COLUMN_IGNORED   },
        {"consents",   COLUMN_CONSENTS  },
        {"context",    COLUMN_CONTEXT   }
    };
    json_object_begin(json);
    JSON_FIELD(json, "id", json_uuid, row_uuid(rows, row, COLUMN_ID));
    JSON_FIELD(json, "form", json_str, row_text(rows, row, COLUMN_FORM));
    JSON_FIELD(json, "contact_id", json_uuid, row_uuid(rows, row, COLUMN_CONTACT_ID));
    JSON_FIELD(json, "email", json_str, row_text(rows, row, COLUMN_EMAIL));
    for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
        JSON_FIELD(json, documents[i].name, json_raw, row_text(rows, row, documents[i].column));
    }
    JSON_FIELD(json, "offer", json_str, row_text(rows, row, COLUMN_OFFER));
    JSON_FIELD(json, "campaign", json_str, row_text(rows, row, COLUMN_CAMPAIGN));
    JSON_FIELD(json, "channel", json_str, row_text(rows, row, COLUMN_CHANNEL));
    JSON_FIELD(json, "occurred_at", json_time, row_time(rows, row, COLUMN_OCCURRED_AT));
    JSON_FIELD(json, "received_at", json_time, row_time(rows, row, COLUMN_RECEIVED_AT));
    json_object_end(json);
}

/* ---- one ---- */

enum request_step submission_get_start(struct request *request)
{
    struct uuid id;
    struct read_op *read = request_uuid_param(request, 0, &id) ? request_read(request) : NULL;
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    const struct submission_of_form *query = request->query;
    struct params *params = read_op_query(read, STATEMENT_SUBMISSION_ONE);
    param_uuid(params, id);
    param_text(params, slug_of(request, query->form));
    return REQUEST_RUN;
}

enum request_step submission_get_finish(struct request *request)
{
    const struct rows *rows = request->read->queries[0].rows;
    if (rows_count(rows) == 0) {
        return problem(request, ERR_NOT_FOUND, "There is no such submission.");
    }
    if (row_is_null(rows, 0, COLUMN_EMAIL)) {
        return problem(request, ERR_GONE, "This submission's contact was erased.");
    }
    struct json_writer json;
    reply_json(request, 200, &json);
    write_submission(&json, rows, 0);
    return reply_end(request);
}

/* ---- lists ---- */

struct submission_place {
    bool is_given;
    int64_t first; /* transaction; of one contact's submissions the time */
    int64_t ordinal;
    struct uuid id;
};

static bool is_of_contact(const struct submission_query_values *query)
{
    return !uuid_is_nil(query->contact_id) || query->email.data != NULL;
}

static bool read_place(struct request *request, struct submission_place *ret_place)
{
    const struct submission_query_values *query = request->query;
    struct submission_place place = {.is_given = false};
    struct cursor cursor;
    if (!list_cursor(request, &query->list, &cursor)) {
        return false;
    }
    place.is_given = cursor.len > 0;
    bool is_valid = !place.is_given || cursor_take_int(&cursor, &place.first);
    if (place.is_given) {
        is_valid = is_valid &&
                   (is_of_contact(query) ? cursor_take_uuid(&cursor, &place.id)
                                         : cursor_take_int(&cursor, &place.ordinal)) &&
                   cursor_is_spent(&cursor);
    }
    *ret_place = place;
    if (!is_valid) {
        (void)list_cursor_foreign(request);
    }
    return is_valid;
}

/* The address's key into *ret_key (absent without an address); false: the reply says what is wrong.
 */
static bool read_email(struct request *request, struct str *ret_key)
{
    const struct submission_query_values *query = request->query;
    *ret_key = (struct str){0};
    if (query->email.data == NULL) {
        return true;
    }
    struct email_address address;
    struct err err;
    const enum err_code code = email_address_parse(query->email, request->arena, &address, &err);
    if (code == ERR_INVALID) {
        faults_add(&request->faults, "?email", "format", "%s", err.detail);
        (void)problem_faults(request);
        return false;
    }
    if (code != OK) {
        (void)problem_err(request, &err);
        return false;
    }
    *ret_key = address.key;
    return true;
}

static void ask_for_all(struct read_op *read, struct str form, const struct submission_place *place,
                        int32_t count)
{
    struct params *params = read_op_query(read, STATEMENT_SUBMISSION_PAGE);
    param_text(params, form);
    if (place->is_given) {
        param_bigint(params, place->first);
        param_int(params, (int32_t)place->ordinal);
    } else {
        param_null(params);
        param_null(params);
    }
    param_int(params, count);
}

static void ask_for_contact(struct read_op *read, struct uuid contact_id, struct str email_key,
                            struct str form, const struct submission_place *place, int32_t count)
{
    struct params *params = read_op_query(read, STATEMENT_SUBMISSION_OF_CONTACT);
    param_uuid(params, contact_id);
    param_text(params, email_key);
    param_text(params, form);
    param_time(params, place->is_given ? place->first : TIME_NONE);
    param_uuid(params, place->id);
    param_int(params, count);
}

enum request_step submission_list_start(struct request *request)
{
    const struct submission_query_values *query = request->query;
    struct submission_place place;
    struct str email_key;
    if (!read_place(request, &place) || !read_email(request, &email_key)) {
        return REQUEST_REPLY;
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    const struct str slug = slug_of(request, query->form);
    const int32_t count = (int32_t)query->list.limit + 1;
    if (is_of_contact(query)) {
        ask_for_contact(read, query->contact_id, email_key, slug, &place, count);
    } else {
        ask_for_all(read, slug, &place, count);
    }
    return REQUEST_RUN;
}

enum request_step submission_list_finish(struct request *request)
{
    const struct submission_query_values *query = request->query;
    const struct rows *rows = request->read->queries[0].rows;
    const struct list_page page = list_page(&query->list, rows);
    struct json_writer json;
    list_begin(request, &json);
    for (size_t row = 0; row < page.count; row++) {
        write_submission(&json, rows, row);
    }
    struct cursor next = {0};
    if (page.has_more && is_of_contact(query)) {
        cursor_put_int(&next, row_time(rows, page.count - 1, COLUMN_RECEIVED_AT));
        cursor_put_uuid(&next, row_uuid(rows, page.count - 1, COLUMN_ID));
    } else if (page.has_more) {
        cursor_put_int(&next, row_bigint(rows, page.count - 1, COLUMN_TX));
        cursor_put_int(&next, row_int(rows, page.count - 1, COLUMN_ORDINAL));
    }
    return list_end(request, &json, page.has_more ? &next : NULL);
}
