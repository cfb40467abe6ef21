/* Proves strict percent-decoding, each kind of parameter, faults at once, and that the binding
 * depends on the filters only. */
#include "testing.h"

#include <math.h>

#include "schema/query.h"

static const char *const stage_names[] = {"lead", "mql", "sql", NULL};
static const char *const order_names[] = {"hottest", "newest", NULL};

enum order { ORDER_HOTTEST, ORDER_NEWEST };

struct sample {
    struct str q;
    bool has_q;
    struct str slug;
    struct query_slugs types;
    uint64_t stages;
    enum order order;
    int shade;
    int64_t limit;
    int64_t after;
    double share;
    struct query_time from;
    int32_t period;
    struct uuid id;
    bool is_deep;
    struct str cursor;
};

static const struct query_param sample_params[] = {
    QUERY_PARAM("q", STRING, struct sample, q, .min = 1, .max = 5,
                FIELD_PRESENCE(struct sample, has_q)),
    QUERY_PARAM("slug", SLUG, struct sample, slug),
    QUERY_PARAM("types", SLUGS, struct sample, types),
    QUERY_PARAM("stage", ENUMS, struct sample, stages, .choices = stage_names),
    QUERY_CHOICE("order", struct sample, order, order_names, QUERY_FALLBACK(ORDER_NEWEST)),
    QUERY_CHOICE("shade", struct sample, shade, order_names),
    QUERY_PARAM("limit", INT, struct sample, limit, .min = 1, .max = 1000,
                QUERY_UNBOUND_FALLBACK(50)),
    QUERY_PARAM("after", INT, struct sample, after),
    QUERY_PARAM("share", REAL, struct sample, share, .min = 0, .max = 1),
    QUERY_PARAM("from", TIME, struct sample, from),
    QUERY_PARAM("period", DATE, struct sample, period),
    QUERY_PARAM("id", UUID, struct sample, id),
    QUERY_PARAM("deep", BOOL, struct sample, is_deep),
    QUERY_PARAM("cursor", STRING, struct sample, cursor, .max = 200, .flags = QUERY_UNBOUND),
};
static const struct query sample_query = QUERY(struct sample, sample_params);

struct fixture {
    struct arena arena;
    struct faults faults;
    struct sample sample;
    struct sha256 binding;
};

static int setup(void **state)
{
    struct fixture *fixture = mem_alloc(sizeof *fixture);
    assert_non_null(fixture);
    arena_init(&fixture->arena, 1 << 20);
    faults_init(&fixture->faults, &fixture->arena);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    arena_done(&fixture->arena);
    mem_free(fixture);
    return 0;
}

static bool decode_slice(struct fixture *fixture, struct str text)
{
    fixture->faults.count = 0;
    memset(&fixture->sample, 0xAB, sizeof fixture->sample);
    bool is_ok = query_decode(&sample_query, text, &fixture->arena, &fixture->sample,
                              &fixture->binding, &fixture->faults);
    assert_int_equal(is_ok, fixture->faults.count == 0);
    return is_ok;
}

static bool decode(struct fixture *fixture, const char *text)
{
    return decode_slice(fixture, str_from(text));
}

static void assert_refused(struct fixture *fixture, const char *text, const char *pointer,
                           const char *code)
{
    if (decode(fixture, text))
        fail_msg("%s was taken", text);
    assert_int_equal(fixture->faults.count, 1);
    assert_string_equal(fixture->faults.items[0].pointer, pointer);
    assert_string_equal(fixture->faults.items[0].code, code);
}

static void test_everything(void **state)
{
    struct fixture *fixture = *state;
    struct sample *sample = &fixture->sample;
    assert_true(decode(fixture,
                       "q=a+%C3%a9%2B&slug=x-1&types=a,b,c&%73tage=lead,sql,lead&order=hottest&"
                       "shade=newest&limit=1000&after=-9223372036854775808&share=5e-1&"
                       "from=1970-01-01T01:00:00.5%2B01:00&period=1970-01-02&"
                       "id=01890a5d-ac96-774b-bcce-b302099a8057&deep=true&cursor=abc"));
    assert_str_is(sample->q, "a \xC3\xA9+");
    assert_true(sample->has_q);
    assert_str_is(sample->slug, "x-1");
    assert_int_equal(sample->types.count, 3);
    assert_str_is(sample->types.items[2], "c");
    assert_true(sample->stages == 5);
    assert_int_equal(sample->order, ORDER_HOTTEST);
    assert_int_equal(sample->shade, ORDER_NEWEST);
    assert_int_equal(sample->limit, 1000);
    assert_true(sample->after == INT64_MIN);
    assert_true(sample->share == 0.5);
    assert_true(sample->from.at_us == US_PER_SECOND / 2 && sample->from.days == DATE_NONE);
    assert_int_equal(sample->period, 1);
    assert_int_equal(sample->id.bytes[15], 0x57);
    assert_true(sample->is_deep);
    assert_true(decode(fixture, "from=1970-01-03"));
    assert_true(sample->from.at_us == TIME_NONE && sample->from.days == 2);
}

static void test_nothing(void **state)
{
    struct fixture *fixture = *state;
    static const char *const empty[] = {"", "&", "&&&"};
    for (size_t i = 0; i <= ARRAY_LEN(empty); i++) {
        struct str text = i < ARRAY_LEN(empty) ? str_from(empty[i]) : (struct str){.data = NULL};
        const struct sample *sample = &fixture->sample;
        assert_true(decode_slice(fixture, text));
        assert_null(sample->q.data);
        assert_false(sample->has_q);
        assert_int_equal(sample->types.count, 0);
        assert_true(sample->stages == 0);
        assert_int_equal(sample->order, ORDER_NEWEST);
        assert_int_equal(sample->shade, ENUM_NONE);
        assert_int_equal(sample->limit, 50);
        assert_true(sample->after == INT_NONE);
        assert_true(isnan(sample->share));
        assert_true(sample->from.at_us == TIME_NONE && sample->from.days == DATE_NONE);
        assert_true(sample->period == DATE_NONE);
        assert_true(uuid_is_nil(sample->id));
        assert_false(sample->is_deep);
    }
    const struct query none = {.params = NULL};
    assert_true(
        query_decode(&none, (struct str){0}, &fixture->arena, NULL, NULL, &fixture->faults));
    assert_false(
        query_decode(&none, STR_LITERAL("x=1"), &fixture->arena, NULL, NULL, &fixture->faults));
}

static void test_refusals(void **state)
{
    struct fixture *fixture = *state;
    static const char *const cases[][3] = {
        {"q=%00",                                   "?q",      "format"   },
        {"q=%",                                     "?q",      "format"   },
        {"q=%4",                                    "?q",      "format"   },
        {"q=%4g",                                   "?q",      "format"   },
        {"q=%ff",                                   "?q",      "format"   },
        {"q=%C3",                                   "?q",      "format"   },
        {"q=\xFF",                                  "?q",      "format"   },
        {"%zz=1",                                   "?",       "format"   },
        {"%00=1",                                   "?",       "format"   },
        {"=1",                                      "?",       "unknown"  },
        {"nope",                                    "?nope",   "unknown"  },
        {"Q=a",                                     "?Q",      "unknown"  },
        {"q=a&q=a",                                 "?q",      "duplicate"},
        {"q=a&%71=b",                               "?q",      "duplicate"},
        {"q",                                       "?q",      "too_short"},
        {"q=abcdef",                                "?q",      "too_long" },
        {"slug=A",                                  "?slug",   "format"   },
        {"types=a,,b",                              "?types",  "format"   },
        {"types=",                                  "?types",  "format"   },
        {"stage=lead,x",                            "?stage",  "choice"   },
        {"stage=",                                  "?stage",  "choice"   },
        {"order=hottest,newest",                    "?order",  "choice"   },
        {"limit=0",                                 "?limit",  "range"    },
        {"limit=1001",                              "?limit",  "range"    },
        {"limit=5.0",                               "?limit",  "format"   },
        {"limit=",                                  "?limit",  "format"   },
        {"limit=+5",                                "?limit",  "format"   },
        {"after=9223372036854775808",               "?after",  "format"   },
        {"share=1.1",                               "?share",  "range"    },
        {"share=nan",                               "?share",  "format"   },
        {"from=yesterday",                          "?from",   "format"   },
        {"from=2026-11-21T00:00:00+01:00",          "?from",   "format"   },
        {"period=2026-11-21T00:00:00Z",             "?period", "format"   },
        {"id=1",                                    "?id",     "format"   },
        {"id=00000000-0000-0000-0000-000000000000", "?id",     "format"   },
        {"deep=1",                                  "?deep",   "format"   },
        {"deep",                                    "?deep",   "format"   },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_refused(fixture, cases[i][0], cases[i][1], cases[i][2]);
    assert_false(decode_slice(fixture, str_slice("q=a\0b", 5)));
    assert_refused(fixture, "ordre=newest", "?ordre", "unknown");
    assert_string_equal(fixture->faults.items[0].detail,
                        "There is no such parameter; did you mean \"order\"?");
}

static void test_all_faults_at_once(void **state)
{
    struct fixture *fixture = *state;
    const struct query_param params[] = {
        QUERY_PARAM("need", SLUG, struct sample, slug, .flags = QUERY_REQUIRED),
        QUERY_PARAM("limit", INT, struct sample, limit, .min = 1, .max = 5),
    };
    const struct query query = QUERY(struct sample, params);
    assert_false(query_decode(&query, STR_LITERAL("limit=x&limit=1&what=2"), &fixture->arena,
                              &fixture->sample, NULL, &fixture->faults));
    assert_int_equal(fixture->faults.count, 4);
    assert_string_equal(fixture->faults.items[0].code, "format");
    assert_string_equal(fixture->faults.items[1].code, "duplicate");
    assert_string_equal(fixture->faults.items[2].code, "unknown");
    assert_string_equal(fixture->faults.items[3].code, "required");
    assert_string_equal(fixture->faults.items[3].pointer, "?need");
}

static void test_limits(void **state)
{
    struct fixture *fixture = *state;
    static char text[QUERY_BYTES_MAX + 2];
    size_t len = 0;
    for (int i = 0; i <= QUERY_PARAMS_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%sp%d=1", i > 0 ? "&" : "", i);
    assert_false(decode(fixture, text));
    assert_int_equal(fixture->faults.count, QUERY_PARAMS_MAX + 1);
    assert_string_equal(fixture->faults.items[QUERY_PARAMS_MAX].code, "too_many");
    memset(text, 'a', sizeof text - 1);
    assert_refused(fixture, text, "?", "too_long");
    len = (size_t)snprintf(text, sizeof text, "types=a");
    for (int i = 1; i < QUERY_LIST_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, ",a");
    assert_true(decode(fixture, text));
    assert_int_equal(fixture->sample.types.count, QUERY_LIST_MAX);
    snprintf(text + len, sizeof text - len, ",a");
    assert_refused(fixture, text, "?types", "too_many");
    /* A long unknown name is repeated in part, cut between characters. */
    snprintf(text, sizeof text, "a");
    for (int i = 0; i < 100; i++)
        snprintf(text + 1 + 6 * i, sizeof text - 1 - 6 * (size_t)i, "%%C3%%A9");
    assert_false(decode(fixture, text));
    assert_int_equal(strlen(fixture->faults.items[0].pointer), 100);
}

static void test_binding(void **state)
{
    struct fixture *fixture = *state;
    assert_true(decode(fixture, "stage=lead&q=a"));
    struct sha256 binding = fixture->binding;
    static const char *const same[] = {"q=a&stage=lead", "stage=%6cead&q=a&limit=7",
                                       "cursor=xyz&q=a&&stage=lead&limit=1"};
    static const char *const other[] = {
        "", "q=a", "stage=lead", "stage=mql&q=a", "stage=lead&q=a&order=newest", "stage=lead&q=A"};
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        assert_true(decode(fixture, same[i]));
        assert_true(sha256_eq(&binding, &fixture->binding));
    }
    for (size_t i = 0; i < ARRAY_LEN(other); i++) {
        assert_true(decode(fixture, other[i]));
        assert_false(sha256_eq(&binding, &fixture->binding));
    }
}

static void test_percent(void **state)
{
    struct fixture *fixture = *state;
    struct str text = {.data = NULL};
    struct random random = testing_random();
    assert_true(percent_decode(STR_LITERAL("a+b%2fc"), PERCENT_PATH, &fixture->arena, &text));
    assert_str_is(text, "a+b/c");
    assert_true(percent_decode(STR_LITERAL("a+b"), PERCENT_QUERY, &fixture->arena, &text));
    assert_str_is(text, "a b");
    assert_true(percent_decode((struct str){0}, PERCENT_PATH, &fixture->arena, &text));
    assert_str_is(text, "");
    for (int i = 0; i < 2000; i++) {
        char plain[20], escaped[80] = "";
        size_t len = random_below(&random, sizeof plain);
        for (size_t j = 0; j < len; j++) {
            plain[j] = (char)(1 + random_below(&random, 127));
            snprintf(escaped + strlen(escaped), sizeof escaped - strlen(escaped),
                     random_below(&random, 2) == 0 ? "%%%02x" : "%%%02X", (unsigned)plain[j]);
        }
        assert_true(percent_decode(str_from(escaped), PERCENT_QUERY, &fixture->arena, &text));
        assert_int_equal(text.len, len);
        assert_memory_equal(text.data, plain, len);
    }
}

static void test_soundness(void **state)
{
    (void)state;
    assert_true(query_is_sound(&sample_query));
    const struct query_param unlimited[] = {QUERY_PARAM("a", STRING, struct sample, q)};
    const struct query_param twice[] = {QUERY_PARAM("a", SLUG, struct sample, slug),
                                        QUERY_PARAM("a", BOOL, struct sample, is_deep)};
    const struct query_param no_choices[] = {QUERY_PARAM("a", ENUMS, struct sample, stages)};
    const struct query unsound[] = {
        QUERY(struct sample, unlimited),
        QUERY(struct sample, twice),
        QUERY(struct sample, no_choices),
    };
    for (size_t i = 0; i < ARRAY_LEN(unsound); i++)
        assert_false(query_is_sound(&unsound[i]));
}

static bool use_query(void *context)
{
    (void)context;
    struct arena arena;
    static struct faults faults;
    struct sample sample;
    arena_init(&arena, 1 << 20);
    faults_init(&faults, &arena);
    bool is_ok =
        query_decode(&sample_query, STR_LITERAL("types=a,b&q=x"), &arena, &sample, NULL, &faults);
    assert_int_equal(is_ok, faults.count == 0);
    arena_done(&arena);
    return is_ok;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    assert_true(testing_fail_each_allocation(use_query, NULL) >= 1);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_everything),
        WITH_FIXTURE(test_nothing),
        WITH_FIXTURE(test_refusals),
        WITH_FIXTURE(test_all_faults_at_once),
        WITH_FIXTURE(test_limits),
        WITH_FIXTURE(test_binding),
        WITH_FIXTURE(test_percent),
        cmocka_unit_test(test_soundness),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
