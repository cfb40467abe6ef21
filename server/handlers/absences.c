/*
 * Absences of members: from when to when, and who stands in. They are set-up; a day is its midnight
 * in the organisation's zone, which only the database knows. What follows from one (whose the
 * handoffs become) is the background thread's and the moves' matter.
 */
#include "handlers/handlers.h"

#include "schema/json.h"

enum { MOMENT_CHARS_MAX = 40, BOUND_COUNT = 2 };

struct absence_new {
    struct str from; /* a day or a moment */
    struct str to;
    struct uuid substitute;
};

static const struct field absence_new_fields[] = {
    FIELD("from", STRING, struct absence_new, from, .max = MOMENT_CHARS_MAX,
          .flags = FIELD_REQUIRED | FIELD_LINE),
    FIELD("to", STRING, struct absence_new, to, .max = MOMENT_CHARS_MAX,
          .flags = FIELD_REQUIRED | FIELD_LINE),
    FIELD("substitute", UUID, struct absence_new, substitute, .flags = FIELD_NULLABLE),
};
const struct schema absence_new_schema = SCHEMA(struct absence_new, absence_new_fields);

static const char *const bound_names[BOUND_COUNT] = {"from", "to"};
static const char *const bound_pointers[BOUND_COUNT] = {"/from", "/to"};

struct pending_absence {
    struct uuid member_id;
    struct uuid substitute;
    int32_t days[BOUND_COUNT]; /* DATE_NONE: it is a moment: */
    int64_t at_us[BOUND_COUNT];
};

/* The member of the path; NULL: a 404 is in the reply. */
static const struct member *member_of(struct request *request)
{
    struct uuid id;
    if (!request_uuid_param(request, 0, &id)) {
        return NULL;
    }
    const struct member *member = catalog_member(request->catalog, id);
    if (member == NULL) {
        (void)problem(request, ERR_NOT_FOUND, "There is no such member.");
    }
    return member;
}

/* An absence of that member. */
static const struct catalog_entry *find_absence(struct request *request)
{
    const struct member *member = member_of(request);
    struct uuid id;
    if (member == NULL || !request_uuid_param(request, 1, &id)) {
        return NULL;
    }
    const struct catalog_entry *entry =
        catalog_find(request->catalog, CATALOG_ABSENCE, request->params[1]);
    const struct absence *absence = entry != NULL ? entry->typed : NULL;
    if (absence == NULL || !uuid_eq(absence->member_id, member->id)) {
        (void)problem(request, ERR_NOT_FOUND, "This member has no such absence.");
        return NULL;
    }
    return entry;
}

/* ---- a new one ---- */

static json_t *absence_body(const struct pending_absence *pending)
{
    char id[UUID_TEXT_BYTES];
    char at[TIME_TEXT_BYTES];
    json_t *body = json_object();
    int failed = body == NULL ? -1 : 0;
    if (failed == 0) {
        failed =
            json_object_set_new(body, "member", json_string(uuid_format(pending->member_id, id)));
    }
    for (size_t i = 0; failed == 0 && i < BOUND_COUNT; i++) {
        failed = json_object_set_new(body, bound_names[i],
                                     json_string(time_format(pending->at_us[i], at)));
    }
    if (failed == 0 && !uuid_is_nil(pending->substitute)) {
        failed = json_object_set_new(body, "substitute",
                                     json_string(uuid_format(pending->substitute, id)));
    }
    if (failed != 0) {
        json_decref(body);
        return NULL;
    }
    return body;
}

static enum request_step write_absence(struct request *request)
{
    json_t *body = absence_body(request->data);
    if (body == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    request_own(request, body);
    struct setup_op *setup = request_setup(request, SETUP_CREATE, CATALOG_ABSENCE);
    if (setup == NULL) {
        return REQUEST_REPLY;
    }
    setup->body = body;
    request->finish = absence_create_finish;
    return REQUEST_RUN;
}

/* The database has told when the days begin. */
static enum request_step days_finish(struct request *request)
{
    struct pending_absence *pending = request->data;
    size_t query = 0;
    for (size_t i = 0; i < BOUND_COUNT; i++) {
        if (pending->days[i] != DATE_NONE) {
            pending->at_us[i] = row_time(request->read->queries[query++].rows, 0, 0);
        }
    }
    return write_absence(request);
}

static enum request_step ask_for_days(struct request *request,
                                      const struct pending_absence *pending)
{
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    for (size_t i = 0; i < BOUND_COUNT; i++) {
        if (pending->days[i] != DATE_NONE) {
            char day[TIME_TEXT_BYTES];
            struct params *params = read_op_query(read, STATEMENT_LOCAL_MIDNIGHT);
            param_text(params, str_from(date_format(pending->days[i], day)));
            param_text(params, catalog_organisation(request->catalog)->time_zone);
        }
    }
    request->finish = days_finish;
    return REQUEST_RUN;
}

enum request_step absence_create_start(struct request *request)
{
    struct absence_new in;
    const struct member *member = member_of(request);
    struct pending_absence *pending = arena_alloc(request->arena, sizeof *pending);
    if (member == NULL) {
        return REQUEST_REPLY;
    }
    if (pending == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    if (!schema_decode(&absence_new_schema, request->body, request->arena, &in, &request->faults)) {
        return problem_faults(request);
    }
    *pending = (struct pending_absence){.member_id = member->id, .substitute = in.substitute};
    const struct str bounds[BOUND_COUNT] = {in.from, in.to};
    bool has_days = false;
    for (size_t i = 0; i < BOUND_COUNT; i++) {
        pending->days[i] = DATE_NONE;
        const bool is_day = date_parse(bounds[i], &pending->days[i]);
        has_days = has_days || is_day;
        if (!is_day && !time_parse(bounds[i], &pending->at_us[i])) {
            faults_add(&request->faults, bound_pointers[i], "format",
                       "A moment such as 2026-12-21T08:00:00+01:00, or a day such as 2026-12-21.");
        }
    }
    if (request->faults.count > 0) {
        return problem_faults(request);
    }
    request->data = pending;
    return has_days ? ask_for_days(request, pending) : write_absence(request);
}

enum request_step absence_create_finish(struct request *request)
{
    const struct setup_op *setup = request->setup;
    if (setup->op.err.code == ERR_INVALID && request->faults.count > 0) {
        return problem_faults(request);
    }
    if (setup->op.err.code != OK) {
        return problem_err(request, &setup->op.err);
    }
    char member[UUID_TEXT_BYTES];
    char id[UUID_TEXT_BYTES];
    const struct absence *absence = setup->entry->typed;
    reply_header_url(request, "Location",
                     arena_printf(request->arena, "/v1/members/%s/absences/%s",
                                  uuid_format(absence->member_id, member),
                                  uuid_format(absence->id, id)));
    struct json_writer json;
    reply_json(request, 201, &json);
    catalog_write_entry(&json, setup->entry, setup->snapshot);
    return reply_end(request);
}

/* ---- reading and taking back ---- */

enum request_step absence_get_start(struct request *request)
{
    const struct catalog_entry *entry = find_absence(request);
    if (entry == NULL) {
        return REQUEST_REPLY;
    }
    struct json_writer json;
    reply_json(request, 200, &json);
    catalog_write_entry(&json, entry, request->catalog);
    return reply_end(request);
}

enum request_step absence_list_start(struct request *request)
{
    return member_of(request) != NULL ? setup_list_start(request) : REQUEST_REPLY;
}

enum request_step absence_delete_start(struct request *request)
{
    if (find_absence(request) == NULL) {
        return REQUEST_REPLY;
    }
    struct setup_op *setup = request_setup(request, SETUP_DELETE, CATALOG_ABSENCE);
    if (setup == NULL) {
        return REQUEST_REPLY;
    }
    setup->target = request->params[1];
    return REQUEST_RUN;
}

enum request_step absence_delete_finish(struct request *request)
{
    return request->setup->op.err.code == OK ? reply_empty(request)
                                             : problem_err(request, &request->setup->op.err);
}
