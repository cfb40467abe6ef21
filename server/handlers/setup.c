/*
 * Set-up: documents in memory, listed and read from the snapshot, written through the store. One
 * set of handlers serves all kinds; the path says which.
 */
#include "handlers/handlers.h"
#include "handlers/keys.h"

#include "schema/json.h"

static const struct {
    const char *path; /* the collection's */
    enum catalog_kind kind;
    const char *what;
} kinds[] = {
    {"/v1/attributes",            CATALOG_ATTRIBUTE,  "attribute" },
    {"/v1/offers",                CATALOG_OFFER,      "offer"     },
    {"/v1/forms",                 CATALOG_FORM,       "form"      },
    {"/v1/campaigns",             CATALOG_CAMPAIGN,   "campaign"  },
    {"/v1/members/{id}/absences", CATALOG_ABSENCE,    "absence"   },
    {"/v1/members",               CATALOG_MEMBER,     "member"    },
    {"/v1/reasons",               CATALOG_REASON,     "reason"    },
    {"/v1/keys",                  CATALOG_KEY,        "key"       },
    {"/v1/sla/policies",          CATALOG_POLICY,     "policy"    },
    {"/v1/sla/calendars",         CATALOG_CALENDAR,   "calendar"  },
    {"/v1/scoring/models",        CATALOG_MODEL,      "model"     },
    {"/v1/sla/agreements",        CATALOG_AGREEMENT,  "agreement" },
    {"/v1/sla/commitments",       CATALOG_COMMITMENT, "commitment"},
};

/* The row of `kinds` whose path the route's begins with. */
static size_t kind_index(const struct route *route)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (str_starts_with(str_from(route->path), kinds[i].path)) {
            return i;
        }
    }
    return 0;
}

static enum catalog_kind kind_of(const struct request *request)
{
    return kinds[kind_index(request->route)].kind;
}

static void write_etag(const struct catalog_entry *entry, char out[static 16])
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 64);
    buf_printf(&buf, "\"%d\"", entry->version);
    const size_t len = buf.len < 15 ? buf.len : 15;
    memcpy(out, buf_str(&buf).data, len);
    out[len] = '\0';
}

/* What is said beside the entry; NULL: nothing. */
typedef void write_more_fn(struct json_writer *json, const struct setup_op *setup);

static enum request_step reply_entry_and(struct request *request, unsigned status,
                                         const struct catalog_entry *entry,
                                         const struct catalog *catalog, write_more_fn *write_more)
{
    char etag[16];
    write_etag(entry, etag);
    if (reply_etag(request, etag)) {
        return REQUEST_REPLY;
    }
    struct json_writer json;
    reply_json(request, status, &json);
    json_object_begin(&json);
    catalog_write_fields(&json, entry, catalog);
    if (write_more != NULL) {
        write_more(&json, request->setup);
    }
    json_object_end(&json);
    return reply_end(request);
}

static enum request_step reply_entry(struct request *request, unsigned status,
                                     const struct catalog_entry *entry,
                                     const struct catalog *catalog)
{
    return reply_entry_and(request, status, entry, catalog, /* write_more= */ NULL);
}

enum request_step setup_reply(struct request *request, const struct catalog_entry *entry)
{
    return reply_entry(request, 200, entry, request->catalog);
}

/* ---- lists ---- */

static const struct query_param list_params[] = {LIST_PARAMS(struct setup_list_query)};
const struct query setup_list_query = QUERY(struct setup_list_query, list_params);

static const struct query_param reason_params[] = {
    LIST_PARAMS(struct setup_list_query),
    QUERY_PARAM("kind", ENUMS, struct setup_list_query, reason_kinds, .choices = reason_kind_names),
};
const struct query reason_list_query = QUERY(struct setup_list_query, reason_params);

static bool is_listed(const struct request *request, const struct catalog_entry *entry)
{
    const struct setup_list_query *query = request->query;
    if (entry->kind == CATALOG_ABSENCE) { /* those of the member in the path */
        struct uuid member_id;
        const struct absence *absence = entry->typed;
        return uuid_parse(request->params[0], &member_id) && uuid_eq(absence->member_id, member_id);
    }
    if (request->route->query != &reason_list_query || query->reason_kinds == 0) {
        return true;
    }
    const struct reason *reason = entry->typed;
    return reason != NULL && (query->reason_kinds & UINT64_C(1) << reason->kind) != 0;
}

/* After the entry that the cursor names, in the order newest first. */
static bool is_after(const struct catalog_entry *entry, int64_t created_at_us, struct uuid id)
{
    return entry->created_at_us < created_at_us ||
           (entry->created_at_us == created_at_us && uuid_compare(entry->id, id) < 0);
}

static void write_listed(const struct request *request, struct json_writer *json,
                         const struct catalog_entry *entry)
{
    if (entry->kind == CATALOG_KEY) {
        key_write_listed(request, json, entry);
    } else {
        catalog_write_entry(json, entry, request->catalog);
    }
}

enum request_step setup_list_start(struct request *request)
{
    const struct setup_list_query *query = request->query;
    struct cursor cursor;
    if (!list_cursor(request, &query->list, &cursor)) {
        return REQUEST_REPLY;
    }
    int64_t after_us = INT64_MAX;
    struct uuid after_id = {{0}};
    if (cursor.len > 0 &&
        !(cursor_take_int(&cursor, &after_us) && cursor_take_uuid(&cursor, &after_id))) {
        return problem(request, ERR_INVALID, "The cursor is damaged. Begin again without it.");
    }
    size_t count;
    const struct catalog_entry *const *entries =
        catalog_list(request->catalog, kind_of(request), &count);
    const struct catalog_entry *last = NULL;
    int64_t shown = 0;
    bool has_more = false;
    struct json_writer json;
    list_begin(request, &json);
    for (size_t i = 0; i < count && !has_more; i++) {
        if (!is_listed(request, entries[i]) ||
            (cursor.len > 0 && !is_after(entries[i], after_us, after_id))) {
            continue;
        }
        has_more = shown == query->list.limit;
        if (!has_more) {
            write_listed(request, &json, entries[i]);
            last = entries[i];
            shown++;
        }
    }
    struct cursor next = {0};
    if (has_more && last != NULL) {
        cursor_put_int(&next, last->created_at_us);
        cursor_put_uuid(&next, last->id);
    }
    return list_end(request, &json, has_more ? &next : NULL);
}

/* ---- one ---- */

static const char *not_found(struct request *request)
{
    return arena_printf(request->arena, "There is no such %s.",
                        kinds[kind_index(request->route)].what);
}

enum request_step setup_get_start(struct request *request)
{
    const struct catalog_entry *entry =
        catalog_find(request->catalog, kind_of(request), request->params[0]);
    if (entry == NULL) {
        return problem(request, ERR_NOT_FOUND, not_found(request));
    }
    return reply_entry(request, 200, entry, request->catalog);
}

enum request_step setup_create_start(struct request *request)
{
    struct setup_op *setup = request_setup(request, SETUP_CREATE, kind_of(request));
    if (setup == NULL) {
        return REQUEST_REPLY;
    }
    setup->body = request->body;
    return REQUEST_RUN;
}

static enum request_step patch(struct request *request, enum catalog_kind kind, struct str target,
                               const json_t *body)
{
    int32_t version;
    if (!request_if_match(request, &version)) {
        return problem(request, ERR_STALE, "If-Match does not name the present version.");
    }
    struct setup_op *setup = request_setup(request, SETUP_PATCH, kind);
    if (setup == NULL) {
        return REQUEST_REPLY;
    }
    setup->target = target;
    setup->body = body;
    setup->if_version = version;
    return REQUEST_RUN;
}

/* Policies and calendars: whether the change is to reach the clocks that run. */
static bool reaches_clocks(struct request *request, enum catalog_kind kind)
{
    const json_t *flag = kind == CATALOG_POLICY || kind == CATALOG_CALENDAR
                             ? json_object_get(request->body, "apply_to_running")
                             : NULL;
    if (flag != NULL && !json_is_boolean(flag) && !json_is_null(flag)) {
        faults_add(&request->faults, "/apply_to_running", "type", "It is true or false.");
    }
    return json_is_true(flag);
}

enum request_step setup_patch_start(struct request *request)
{
    const enum catalog_kind kind = kind_of(request);
    const bool is_far_reaching = reaches_clocks(request, kind);
    if (request->faults.count > 0) {
        return problem_faults(request);
    }
    const enum request_step step = patch(request, kind, request->params[0], request->body);
    if (step == REQUEST_RUN) {
        struct setup_op *setup = CONTAINER_OF(request->next_op, struct setup_op, op);
        setup->reaches_clocks = is_far_reaching;
        setup->actor = request->principal.actor;
    }
    return step;
}

enum request_step organisation_get_start(struct request *request)
{
    const struct catalog_entry *entry =
        catalog_find(request->catalog, CATALOG_ORGANISATION, STR_LITERAL("organisation"));
    return entry == NULL ? problem(request, ERR_NOT_FOUND, "There is no organisation.")
                         : reply_entry(request, 200, entry, request->catalog);
}

enum request_step organisation_patch_start(struct request *request)
{
    return patch(request, CATALOG_ORGANISATION, STR_LITERAL("organisation"), request->body);
}

static enum request_step taken(struct request *request, const struct setup_op *setup)
{
    struct json_writer json;
    problem_begin(request, &json, ERR_CONFLICT, setup->op.err.detail);
    JSON_FIELD(&json, "existing", json_uuid, setup->entry->id);
    problem_end(request, &json);
    return REQUEST_REPLY;
}

/* The next batch of the clocks that a change is to reach. */
static enum request_step reach_on(struct request *request, const struct setup_op *before)
{
    struct setup_op *setup = request_setup(request, SETUP_APPLY, before->entry_kind);
    if (setup == NULL) {
        return REQUEST_REPLY;
    }
    setup->applied_id = before->applied_id;
    setup->applied_version = before->applied_version;
    return REQUEST_RUN;
}

static void write_reached(struct json_writer *json, const struct setup_op *setup)
{
    JSON_FIELD(json, "clocks_changed", json_int, setup->clocks_changed);
    JSON_FIELD(json, "deadlines_changed", json_int, setup->clocks_moved);
    JSON_FIELD(json, "clocks_left", json_int, setup->clocks_left);
}

static enum request_step reach_finish(struct request *request, const struct setup_op *setup)
{
    if (setup->op.err.code != OK) {
        return problem(request, ERR_BUSY,
                       "It is changed; the clocks that run could not be reached yet. They will be, "
                       "by and by, as soon as the database allows.");
    }
    if (setup->entry == NULL) {
        return problem(request, ERR_NOT_FOUND, not_found(request));
    }
    if (!setup->is_applied && setup->clocks_left == 0) {
        return reach_on(request, setup);
    }
    return reply_entry_and(request, setup->is_applied ? 200 : 202, setup->entry, setup->snapshot,
                           write_reached);
}

enum request_step setup_finish(struct request *request)
{
    const struct setup_op *setup = request->setup;
    const enum err_code code = setup->op.err.code;
    if (setup->action == SETUP_APPLY) {
        return reach_finish(request, setup);
    }
    if (code == ERR_CONFLICT && setup->entry != NULL) {
        return taken(request, setup);
    }
    if (code == ERR_NOT_FOUND) {
        return problem(request, code, not_found(request));
    }
    if (code == ERR_INVALID && request->faults.count > 0) {
        return problem_faults(request);
    }
    if (code != OK) {
        return problem_err(request, &setup->op.err);
    }
    if (setup->reaches_clocks) {
        return reach_on(request, setup);
    }
    const bool is_created = setup->action == SETUP_CREATE;
    if (is_created) {
        char id[UUID_TEXT_BYTES];
        const bool is_by_id = setup->entry_kind == CATALOG_MEMBER ||
                              setup->entry_kind == CATALOG_REASON ||
                              setup->entry_kind == CATALOG_POLICY ||
                              setup->entry_kind == CATALOG_CALENDAR ||
                              setup->entry_kind == CATALOG_COMMITMENT;
        const struct str name = is_by_id ? str_from(uuid_format(setup->entry->id, id))
                                         : setup->entry->slug;
        reply_header_url(
            request, "Location",
            arena_printf(request->arena, "%s/%.*s", request->route->path, STR_ARGS(name)));
    }
    return reply_entry(request, is_created ? 201 : 200, setup->entry, setup->snapshot);
}

/* ---- the funnel: all stages as one document ---- */

static void write_funnel_etag(const struct catalog *catalog, char out[static 16])
{
    size_t count;
    const struct catalog_entry *const *stages = catalog_list(catalog, CATALOG_STAGE, &count);
    struct catalog_entry sum = {.version = 0};
    for (size_t i = 0; i < count; i++) {
        sum.version += stages[i]->version;
    }
    write_etag(&sum, out);
}

/* Of the document: since there is a funnel, and since any stage of it changed. */
static void write_funnel_times(struct json_writer *json, const struct catalog *catalog)
{
    size_t count;
    const struct catalog_entry *const *stages = catalog_list(catalog, CATALOG_STAGE, &count);
    int64_t created_at_us = TIME_NONE;
    int64_t updated_at_us = TIME_NONE;
    for (size_t i = 0; i < count; i++) {
        const struct catalog_entry *stage = stages[i];
        if (created_at_us == TIME_NONE || stage->created_at_us < created_at_us) {
            created_at_us = stage->created_at_us;
        }
        if (stage->updated_at_us > updated_at_us) {
            updated_at_us = stage->updated_at_us;
        }
    }
    JSON_FIELD(json, "created_at", json_time, created_at_us);
    JSON_FIELD(json, "updated_at", json_time, updated_at_us);
}

static enum request_step reply_funnel(struct request *request, const struct catalog *catalog)
{
    char etag[16];
    write_funnel_etag(catalog, etag);
    if (reply_etag(request, etag)) {
        return REQUEST_REPLY;
    }
    struct json_writer json;
    reply_json(request, 200, &json);
    json_object_begin(&json);
    json_key(&json, "stages");
    json_object_begin(&json);
    for (size_t i = 0; stage_names[i] != NULL; i++) {
        const struct catalog_entry *entry =
            catalog_find(catalog, CATALOG_STAGE, str_from(stage_names[i]));
        if (entry != NULL) {
            json_key(&json, stage_names[i]);
            catalog_write_entry(&json, entry, catalog);
        }
    }
    json_object_end(&json);
    write_funnel_times(&json, catalog);
    json_object_end(&json);
    return reply_end(request);
}

enum request_step funnel_get_start(struct request *request)
{
    return reply_funnel(request, request->catalog);
}

/* The stages named in the body, one write after the other. */
struct funnel_patch {
    const json_t *stages;
    const char *names[STAGE_COUNT_];
    size_t count;
    size_t done;
};

/* Everything is checked before the first write, so that a faulty patch changes nothing. */
static bool check_stage(struct request *request, const char *name, const json_t *change)
{
    const struct catalog_entry *entry =
        catalog_find(request->catalog, CATALOG_STAGE, str_from(name));
    const char *pointer = arena_printf(request->arena, "/stages/%s", name);
    if (entry == NULL || !json_is_object(change)) {
        faults_add(&request->faults, pointer, entry == NULL ? "unknown" : "type",
                   entry == NULL ? "There is no such stage." : "What is to change, as an object.");
        return false;
    }
    json_auto_t *proposed = json_merge_patch(entry->body, change);
    json_auto_t *body = NULL;
    struct str slug;
    struct faults faults;
    struct err err;
    faults_init(&faults, request->arena);
    const struct catalog_proposal proposal = {
        .kind = CATALOG_STAGE, .existing = entry, .body = proposed, .id = entry->id};
    if (proposed == NULL || catalog_check(request->catalog, &proposal, request->arena, &body, &slug,
                                          &faults, &err) != OK) {
        for (size_t i = 0; i < faults.count; i++) {
            faults_add(&request->faults,
                       arena_printf(request->arena, "%s%s", pointer, faults.items[i].pointer),
                       faults.items[i].code, "%s", faults.items[i].detail);
        }
        return false;
    }
    return true;
}

static enum request_step next_stage(struct request *request, struct funnel_patch *funnel)
{
    const char *name = funnel->names[funnel->done++];
    struct setup_op *setup = request_setup(request, SETUP_PATCH, CATALOG_STAGE);
    if (setup == NULL) {
        return REQUEST_REPLY;
    }
    setup->target = str_from(name);
    setup->body = json_object_get(funnel->stages, name);
    return REQUEST_RUN;
}

enum request_step funnel_patch_start(struct request *request)
{
    struct funnel_patch *funnel = arena_alloc(request->arena, sizeof *funnel);
    const json_t *stages = json_object_get(request->body, "stages");
    if (funnel == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    const char *name;
    const json_t *value;
    json_object_foreach(request->body, name, value)
    {
        if (strcmp(name, "stages") != 0) {
            faults_add(&request->faults, arena_printf(request->arena, "/%s", name), "unknown",
                       "There is no such field.");
        }
    }
    if (stages != NULL && !json_is_object(stages)) {
        faults_add(&request->faults, "/stages", "type", "An object: what is to change, by stage.");
    }
    json_object_foreach(json_unconst(stages), name, value)
    {
        if (check_stage(request, name, value) && funnel->count < STAGE_COUNT_) {
            funnel->names[funnel->count++] = name;
        }
    }
    if (request->faults.count > 0) {
        return problem_faults(request);
    }
    int32_t version;
    char etag[16];
    write_funnel_etag(request->catalog, etag);
    if (!request_if_match(request, &version) ||
        (version != IF_MATCH_ANY &&
         !str_is(str_trim(http_header(request->message, "If-Match")), etag))) {
        return problem(request, ERR_STALE, "It was changed meanwhile: read it again.");
    }
    funnel->stages = stages;
    request->data = funnel;
    return funnel->count == 0 ? reply_funnel(request, request->catalog)
                              : next_stage(request, funnel);
}

enum request_step funnel_patch_finish(struct request *request)
{
    struct funnel_patch *funnel = request->data;
    const struct setup_op *setup = request->setup;
    if (setup->op.err.code == ERR_INVALID) {
        return problem_faults(request);
    }
    if (setup->op.err.code != OK) {
        return problem_err(request, &setup->op.err);
    }
    return funnel->done < funnel->count ? next_stage(request, funnel)
                                        : reply_funnel(request, setup->snapshot);
}
