#include "handlers/agreement_plan.h"

#include "handlers/handlers.h"
#include "planner.h"
#include "schema/json.h"

enum { PLAN_ARENA_BYTES_MAX = 64 << 20, COMMITMENTS_BYTES_MAX = 256 * 1024 };

struct agreement_plan {
    struct planner planner;
    json_t *body; /* of the agreement; the request's */
};

/* What is wrong with the plan, where it stands in the agreement. */
static enum request_step refuse_plan(struct request *request, const struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        faults_add(&request->faults,
                   arena_printf(request->arena, "/plan%s", faults->items[i].pointer),
                   faults->items[i].code, "%s", faults->items[i].detail);
    }
    return problem_faults(request);
}

/* The plan's promises, as POST /v1/sla/commitments takes them: a new reference; NULL: out of
 * memory. */
static json_t *commitments_of(const struct planner *planner, const struct planner_plan *plan,
                              struct arena *arena)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, COMMITMENTS_BYTES_MAX);
    struct json_writer json;
    json_writer_init(&json, &text);
    json_object_begin(&json);
    planner_write_commitments(&json, planner, plan, arena);
    json_object_end(&json);
    json_auto_t *document = NULL;
    if (text.failed || json_parse(buf_str(&text), &document, /* reterr= */ NULL) != OK) {
        return NULL;
    }
    return json_incref(json_object_get(document, "as_commitments"));
}

static enum request_step plan_finish_as_draft(struct request *request)
{
    struct agreement_plan *asked = request->data;
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena, PLAN_ARENA_BYTES_MAX);
    struct faults faults;
    faults_init(&faults, request->arena);
    struct planner_plan plan;
    const enum err_code code = planner_work(&asked->planner, request->read, &arena, &faults, &plan);
    if (code == ERR_INVALID) {
        return refuse_plan(request, &faults);
    }
    json_t *commitments = code == OK ? commitments_of(&asked->planner, &plan, &arena) : NULL;
    if (commitments == NULL || json_object_set_new(asked->body, "commitments", commitments) != 0) {
        return problem(request, code != OK ? code : ERR_NOMEM, "Out of memory. Try again.");
    }
    struct setup_op *setup = request_setup(request, SETUP_CREATE, CATALOG_AGREEMENT);
    if (setup == NULL) {
        return REQUEST_REPLY;
    }
    setup->body = asked->body;
    request->finish = setup_finish;
    return REQUEST_RUN;
}

enum request_step agreement_plan_start(struct request *request, json_t *body)
{
    struct agreement_plan *asked = arena_alloc(request->arena, sizeof *asked);
    if (asked == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    if (json_object_get(body, "commitments") != NULL) {
        faults_add(&request->faults, "/commitments", "not_allowed",
                   "The plan says what is promised: send \"plan\" or \"commitments\".");
    }
    struct faults faults;
    faults_init(&faults, request->arena);
    /* request->body keeps what the planner points into. */
    const json_t *plan = json_object_get(request->body, "plan");
    if (!planner_read(plan, request->catalog, request->arena, &faults, &asked->planner) ||
        request->faults.count > 0) {
        return refuse_plan(request, &faults);
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    planner_ask(&asked->planner, read);
    asked->body = body;
    (void)json_object_del(body, "plan");
    request->data = asked;
    request->finish = plan_finish_as_draft;
    return REQUEST_RUN;
}
