/*
 * Proves: of a move everything that is wrong with its body is told at once, without the database;
 * what is right becomes the input that the move is; and a time that the database has to judge is
 * asked for first. With each allocation failing nothing crashes or leaks.
 */
#include "test_domain_catalog_support.h"

#include "handlers/handlers.h"
#include "router.h"

#define HANDOFF  "0199f3a9-11c2-7d3e-a5f6-0a1b2c3d4e03"
#define NADIA    "0199e001-4b2a-7c6d-8e9f-1a2b3c4d5e04" /* an active member */
#define GONE     "0199e001-4b2a-7c6d-8e9f-1a2b3c4d5e05" /* one that is not active any more */
#define STRANGER "0199e001-4b2a-7c6d-8e9f-1a2b3c4d5e06"
#define GUIDE    "0199e001-4b2a-7c6d-8e9f-1a2b3c4d5e07"

static struct catalog *catalog; /* of all tests; immutable */

static int set_up(void **state)
{
    (void)state;
    struct default_rows rows;
    default_rows_init(&rows);
    default_rows_add(&rows, CATALOG_MEMBER, NADIA, NADIA,
                     "{\"name\":\"Nadia\",\"team\":\"sales\",\"role\":\"member\",\"active\":true}");
    default_rows_add(&rows, CATALOG_MEMBER, GONE, GONE,
                     "{\"name\":\"Gone\",\"team\":\"sales\",\"role\":\"member\",\"active\":false}");
    default_rows_add(&rows, CATALOG_OFFER, GUIDE, "guide",
                     "{\"slug\":\"guide\",\"title\":\"Guide\",\"kind\":\"guide\","
                     "\"journey_step\":\"consideration\",\"audience\":\"public\"}");
    default_rows_add(&rows, CATALOG_REASON, "0199e001-4b2a-7c6d-8e9f-1a2b3c4d5e08", "recycle:old",
                     "{\"code\":\"old\",\"kind\":\"recycle\",\"label\":{\"fr\":\"x\",\"en\":\"x\"},"
                     "\"active\":false}");
    catalog = build_catalog(&rows);
    default_rows_done(&rows);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    catalog_unref(catalog);
    catalog = NULL;
    return 0;
}

/* ---- a request without a connection ---- */

struct asked {
    struct http_message message;
    struct request request;
    struct http_field if_match;
};

static const struct route *route_of(const char *move)
{
    char path[64];
    snprintf(path, sizeof path, "/v1/handoffs/{id}/%s", move);
    for (size_t i = 0; i < routes_count; i++) {
        if (strcmp(routes[i].path, path) == 0) {
            return &routes[i];
        }
    }
    fail_msg("no route %s", path);
    return NULL;
}

static void begin(struct asked *asked, const char *move, const char *body)
{
    *asked = (struct asked){
        .message = {.method = HTTP_POST, .request_id = "test"}
    };
    arena_init(&asked->message.arena, 1 << 20);
    struct request *request = &asked->request;
    *request = (struct request){
        .message = &asked->message,
        .arena = &asked->message.arena,
        .route = route_of(move),
        .params = {str_from(HANDOFF)                },
        .catalog = catalog,
        .principal = { .is_authenticated = true, .actor = STR_LITERAL("key:test")},
        .body = json_from(body),
    };
    faults_init(&request->faults, request->arena);
}

static void end(struct asked *asked)
{
    struct request *request = &asked->request;
    if (request->next_op != NULL && request->next_op->kind == OP_READ) {
        read_op_done(CONTAINER_OF(request->next_op, struct read_op, op));
    }
    json_decref(request->body);
    http_reply_clear(&asked->message);
    arena_done(&asked->message.arena);
}

/* The input of the change that is to be made. */
static const struct input *input_of(const struct asked *asked)
{
    const struct op *op = asked->request.next_op;
    assert_non_null(op);
    assert_int_equal(op->kind, OP_CHANGE);
    const struct change_op *change = (const struct change_op *)(const void *)op;
    assert_int_equal(change->input_count, 1);
    return &change->inputs[0];
}

/* ---- faults ---- */

/* Pointer and code of each, separated by spaces. */
static void assert_faults(const char *move, const char *body, const char *expected)
{
    struct asked asked;
    begin(&asked, move, body);
    const enum request_step step = handoff_move_start(&asked.request);
    char found[1024] = "";
    size_t len = 0;
    for (size_t i = 0; i < asked.request.faults.count; i++) {
        const struct fault *fault = &asked.request.faults.items[i];
        len += (size_t)snprintf(found + len, sizeof found - len, "%s%s=%s", i > 0 ? " " : "",
                                fault->pointer, fault->code);
    }
    if (strcmp(found, expected) != 0) {
        fail_msg("%s %s:\n  %s\n  instead of\n  %s", move, body, found, expected);
    }
    const bool is_refused = expected[0] != '\0';
    assert_int_equal(step, is_refused ? REQUEST_REPLY : REQUEST_RUN);
    assert_int_equal(asked.message.reply.status, is_refused ? 422 : 0);
    end(&asked);
}

static void test_all_faults_at_once(void **state)
{
    (void)state;
    assert_faults("accept", "{}", "");
    assert_faults("accept", "{\"work_by\": \"soon\", \"member\": \"" STRANGER "\", \"x\": 1}",
                  "/x=unknown");
    assert_faults("accept", "{\"work_by\": \"soon\", \"member\": \"" STRANGER "\"}",
                  "/work_by=format /member=reference");
    assert_faults("attempts", "{}", "/channel=required /outcome=required");
    assert_faults("attempts", "{\"channel\": \"pigeon\", \"outcome\": 1, \"note\": \"\"}",
                  "/channel=choice /outcome=type /note=too_short");
    assert_faults(
        "attempts",
        "{\"channel\": \"call\", \"outcome\": \"reached\", \"at\": \"1999-12-31T00:00:00Z\","
        " \"offers_sent\": [\"guide\", \"none\", \"" STRANGER "\"]}",
        "/at=range /offers_sent/1=reference /offers_sent/2=reference");
    assert_faults("qualify", "{\"gpct\": {\"goals\": \"g\", \"plans\": \"\", \"timeline\": \"t\"}}",
                  "/gpct/plans=too_short /gpct/challenges=required");
    assert_faults("qualify",
                  "{\"gpct\": {\"goals\": \" \", \"plans\": \"p\", \"challenges\": \"\\n\","
                  " \"timeline\": \"t\"}}",
                  "/gpct/goals=too_short /gpct/challenges=too_short");
    assert_faults("opportunity", "{}", "/amount=required /currency=required");
    assert_faults("opportunity",
                  "{\"amount\": -1, \"currency\": \"euros\", \"expected_close\": \"2027-02-29\"}",
                  "/amount=range /currency=too_long /expected_close=format");
    assert_faults("opportunity", "{\"amount\": 1, \"currency\": \"eur\", \"owner\": \"" GONE "\"}",
                  "/currency=format /owner=reference");
    assert_faults("win", "{\"currency\": \"EUR\"}", "/amount=required");
    assert_faults("assign", "{}", "/member=required");
    assert_faults("assign", "{\"member\": \"" GONE "\"}", "/member=reference");
    assert_faults("pause", "{}", "/until=required /reason=required");
    assert_faults("pause", "{\"until\": \"tomorrow\", \"reason\": \" \"}",
                  "/reason=too_short /until=format");
    assert_faults("feedback", "{\"offer\": \"none\", \"found_useful\": \"no\"}",
                  "/offer=reference");
    assert_faults("feedback", "{\"offer\": \"guide\", \"found_useful\": \"maybe\"}",
                  "/found_useful=choice");
}

static void test_reasons(void **state)
{
    (void)state;
    assert_faults("lose", "{\"reason\": \"price\"}", "");
    assert_faults("lose", "{\"reason\": \"student\"}", "/reason=reference"); /* one of reject */
    assert_faults("reject", "{\"reason\": \"student\"}", "");
    assert_faults("reject", "{\"reason\": \"other\"}", "/note=required");
    assert_faults("recycle", "{\"reason\": \"other\", \"note\": \"moved\"}", "");
    assert_faults("recycle", "{\"reason\": \"old\", \"nurture_until\": 7}", "/nurture_until=type");
    assert_faults("recycle", "{\"reason\": \"old\", \"nurture_until\": \"7\"}",
                  "/reason=reference /nurture_until=format");
}

/* ---- inputs ---- */

static void test_an_attempt(void **state)
{
    (void)state;
    struct asked asked;
    begin(
        &asked, "attempts",
        "{\"channel\": \"email\", \"outcome\": \"bounced\", \"at\": \"2026-01-02T03:04:05+01:00\","
        " \"note\": \"n\", \"offers_sent\": [\"" GUIDE "\", \"guide\"]}");
    assert_int_equal(handoff_move_start(&asked.request), REQUEST_RUN);
    const struct input *input = input_of(&asked);
    assert_int_equal(input->kind, INPUT_MOVE);
    assert_int_equal(input->move.move, MOVE_ATTEMPTS);
    assert_str_is(input->move.channel, "email");
    assert_str_is(input->move.outcome, "bounced");
    assert_str_is(input->move.offers_sent, "[\"guide\",\"guide\"]"); /* an id shows its slug */
    char at[TIME_TEXT_BYTES];
    assert_string_equal(time_format(input->move.at_us, at), "2026-01-02T02:04:05.000Z");
    assert_str_is(input->actor.text, "key:test");
    assert_true(uuid_is_nil(input->actor.member_id));
    end(&asked);
}

static void test_a_win_keeps_what_it_does_not_say(void **state)
{
    (void)state;
    struct asked asked;
    begin(&asked, "win", "{}");
    assert_int_equal(handoff_move_start(&asked.request), REQUEST_RUN);
    assert_false(input_of(&asked)->move.has_amount);
    assert_null(input_of(&asked)->move.currency.data);
    end(&asked);
    begin(&asked, "win", "{\"amount\": 0, \"currency\": \"CHF\"}");
    assert_int_equal(handoff_move_start(&asked.request), REQUEST_RUN);
    assert_true(input_of(&asked)->move.has_amount);
    assert_int_equal(input_of(&asked)->move.amount, 0);
    end(&asked);
}

static void test_feedback_tells_no_from_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int helped;
    } cases[] = {
        {"{\"offer\": \"guide\", \"found_useful\": \"yes\"}",                             -1},
        {"{\"offer\": \"guide\", \"found_useful\": \"yes\", \"helped_the_call\": null}",  -1},
        {"{\"offer\": \"guide\", \"found_useful\": \"yes\", \"helped_the_call\": false}", 0 },
        {"{\"offer\": \"guide\", \"found_useful\": \"yes\", \"helped_the_call\": true}",  1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct asked asked;
        begin(&asked, "feedback", cases[i].body);
        assert_int_equal(handoff_move_start(&asked.request), REQUEST_RUN);
        assert_int_equal(input_of(&asked)->move.helped_the_call, cases[i].helped);
        end(&asked);
    }
}

static void test_who_acts(void **state)
{
    (void)state;
    struct asked asked;
    begin(&asked, "resume", "{\"member\": \"" NADIA "\"}");
    assert_int_equal(handoff_move_start(&asked.request), REQUEST_RUN);
    assert_str_is(input_of(&asked)->actor.text, "member:" NADIA);
    end(&asked);
    /* A member's own key names that member or nobody. */
    for (int is_other = 0; is_other < 2; is_other++) {
        begin(&asked, "resume",
              is_other ? "{\"member\": \"" GONE "\"}" : "{\"member\": \"" NADIA "\"}");
        assert_true(uuid_parse(str_from(NADIA), &asked.request.principal.member_id));
        assert_int_equal(handoff_move_start(&asked.request),
                         is_other ? REQUEST_REPLY : REQUEST_RUN);
        assert_int_equal(asked.request.faults.count, is_other);
        if (is_other) {
            assert_string_equal(asked.request.faults.items[0].code, "not_allowed");
        }
        end(&asked);
    }
    /* Who is assigned is not who acts. */
    begin(&asked, "assign", "{\"member\": \"" NADIA "\"}");
    assert_int_equal(handoff_move_start(&asked.request), REQUEST_RUN);
    assert_str_is(input_of(&asked)->actor.text, "key:test");
    assert_false(uuid_is_nil(input_of(&asked)->move.member_id));
    end(&asked);
}

/* Whether the database is asked about a time before the move is made. */
static void assert_asks(const char *move, const char *body, bool is_asking, size_t queries)
{
    struct asked asked;
    begin(&asked, move, body);
    assert_int_equal(handoff_move_start(&asked.request), REQUEST_RUN);
    const struct op *op = asked.request.next_op;
    assert_int_equal(op->kind, is_asking ? OP_READ : OP_CHANGE);
    if (is_asking) {
        assert_int_equal(((const struct read_op *)(const void *)op)->query_count, queries);
    }
    end(&asked);
}

static void test_times_that_the_database_judges(void **state)
{
    (void)state;
    assert_asks("accept", "{}", false, 0);
    assert_asks("accept", "{\"work_by\": \"2026-01-02T00:00:00Z\"}", true, 0);
    assert_asks("accept", "{\"work_by\": \"2026-01-02\"}", true, 1);
    assert_asks("recycle", "{\"reason\": \"not_ready\"}", false, 0);
    assert_asks("recycle",
                "{\"reason\": \"not_ready\", \"nurture_until\": \"2026-01-02T00:00:00Z\"}", true,
                0);
    assert_asks("recycle", "{\"reason\": \"not_ready\", \"nurture_until\": \"2026-01-02\"}", true,
                1);
    assert_asks("pause", "{\"until\": \"2026-01-02T00:00:00Z\", \"reason\": \"x\"}", false, 0);
    assert_asks("pause", "{\"until\": \"2026-01-02\", \"reason\": \"x\"}", true, 1);
}

static void test_versions(void **state)
{
    (void)state;
    static const struct {
        const char *etag;
        int32_t version; /* -1: none of ours */
    } cases[] = {
        {"\"3\"",   3           },
        {"*",       IF_MATCH_ANY},
        {"\"x\"",   -1          },
        {"3",       -1          },
        {"\"0\"",   -1          },
        {"W/\"3\"", -1          },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct asked asked;
        begin(&asked, "resume", "{}");
        asked.if_match = (struct http_field){STR_LITERAL("If-Match"), str_from(cases[i].etag)};
        asked.message.headers = &asked.if_match;
        asked.message.header_count = 1;
        const enum request_step step = handoff_move_start(&asked.request);
        if (cases[i].version < 0) {
            assert_int_equal(step, REQUEST_REPLY);
            assert_int_equal(asked.message.reply.status, 412);
        } else {
            assert_int_equal(step, REQUEST_RUN);
            assert_int_equal(input_of(&asked)->if_handoff_version, cases[i].version);
        }
        end(&asked);
    }
}

static void test_an_id_that_is_none(void **state)
{
    (void)state;
    struct asked asked;
    begin(&asked, "resume", "{}");
    asked.request.params[0] = STR_LITERAL("7");
    assert_int_equal(handoff_move_start(&asked.request), REQUEST_REPLY);
    assert_int_equal(asked.message.reply.status, 404);
    end(&asked);
}

/* ---- without memory ---- */

/* The move with all but the first `allocations` failing; whether it gets through. */
static bool run_starved(const char *move, const char *body, int allocations)
{
    struct asked asked;
    begin(&asked, move, body);
    mem_fail_after(allocations);
    const enum request_step step = handoff_move_start(&asked.request);
    mem_fail_after(-1);
    end(&asked);
    return step == REQUEST_RUN;
}

static void test_without_memory(void **state)
{
    (void)state;
    static const char *const moves[][2] = {
        {"attempts",
         "{\"channel\": \"call\", \"outcome\": \"reached\", \"offers_sent\": [\"guide\"]}"         },
        {"qualify",     "{\"gpct\": {\"goals\": \"g\", \"plans\": \"p\", \"challenges\": \"c\","
                    " \"timeline\": \"t\"}}"                                    },
        {"opportunity", "{\"amount\": 1, \"currency\": \"EUR\", \"expected_close\": \"2027-01-31\","
                        " \"owner\": \"" NADIA "\"}"                        },
        {"pause",       "{\"until\": \"2027-01-02\", \"reason\": \"x\", \"member\": \"" NADIA "\"}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(moves); i++) {
        int allocations = 0;
        while (!run_starved(moves[i][0], moves[i][1], allocations)) {
            assert_true(++allocations < 1000);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_faults_at_once),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_an_attempt),
        cmocka_unit_test(test_a_win_keeps_what_it_does_not_say),
        cmocka_unit_test(test_feedback_tells_no_from_nothing),
        cmocka_unit_test(test_who_acts),
        cmocka_unit_test(test_times_that_the_database_judges),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_an_id_that_is_none),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
