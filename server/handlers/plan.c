/* POST /v1/plan: from a revenue goal to the leads and reps it takes. Nothing is stored. */
#include "handlers/handlers.h"

#include "planner.h"

enum { PLAN_ARENA_BYTES_MAX = 64 << 20 };

enum request_step plan_start(struct request *request)
{
    struct planner *planner = arena_alloc(request->arena, sizeof *planner);
    if (planner == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    if (!planner_read(request->body, request->catalog, request->arena, &request->faults, planner)) {
        return problem_faults(request);
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    planner_ask(planner, read);
    request->data = planner;
    return REQUEST_RUN;
}

enum request_step plan_finish(struct request *request)
{
    const struct planner *planner = request->data;
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena, PLAN_ARENA_BYTES_MAX);
    struct planner_plan plan;
    const enum err_code code =
        planner_work(planner, request->read, &arena, &request->faults, &plan);
    if (code == ERR_INVALID) {
        return problem_faults(request);
    }
    if (code != OK) {
        return problem(request, code, "Out of memory. Try again.");
    }
    struct json_writer json;
    reply_json(request, 200, &json);
    planner_write(&json, planner, &plan, &arena);
    return reply_end(request);
}
