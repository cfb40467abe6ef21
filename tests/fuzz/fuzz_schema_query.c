/* Any bytes as a query string: every kind of parameter, faults that are text, stable binding. */
#include <assert.h>

#include "base/utf8.h"
#include "schema/query.h"

/* libFuzzer calls it by name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sample {
    struct str q;
    struct str slug;
    struct query_slugs types;
    uint64_t stages;
    int order;
    int64_t limit;
    double share;
    struct query_time from;
    int32_t period;
    struct uuid id;
    bool is_deep;
};

static const char *const stages[] = {"lead", "mql", NULL};
static const char *const orders[] = {"hottest", "newest", NULL};
static const struct query_param params[] = {
    QUERY_PARAM("q", STRING, struct sample, q, .max = 20),
    QUERY_PARAM("slug", SLUG, struct sample, slug),
    QUERY_PARAM("types", SLUGS, struct sample, types),
    QUERY_PARAM("stage", ENUMS, struct sample, stages, .choices = stages),
    QUERY_CHOICE("order", struct sample, order, orders, QUERY_FALLBACK(1)),
    QUERY_PARAM("limit", INT, struct sample, limit, .min = 1, .max = 1000,
                QUERY_UNBOUND_FALLBACK(50)),
    QUERY_PARAM("share", REAL, struct sample, share, .min = 0, .max = 1),
    QUERY_PARAM("from", TIME, struct sample, from),
    QUERY_PARAM("period", DATE, struct sample, period),
    QUERY_PARAM("id", UUID, struct sample, id, .flags = QUERY_REQUIRED),
    QUERY_PARAM("deep", BOOL, struct sample, is_deep),
};
static const struct query query = QUERY(struct sample, params);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct faults faults;
    struct arena arena;
    struct sample sample;
    struct sha256 binding, again;
    struct str text = str_slice((const char *)data, size);
    arena_init(&arena, 4 << 20);
    faults_init(&faults, &arena);
    bool is_ok = query_decode(&query, text, &arena, &sample, &binding, &faults);
    assert(is_ok == (faults.count == 0));
    for (size_t i = 0; i < faults.count; i++) {
        assert(faults.items[i].pointer[0] == '?');
        assert(utf8_is_valid(str_from(faults.items[i].pointer)));
        assert(utf8_is_valid(str_from(faults.items[i].detail)));
    }
    if (is_ok) {
        assert(sample.limit >= 1 && sample.limit <= 1000 && sample.stages < 4);
        assert(sample.types.count <= QUERY_LIST_MAX && !uuid_is_nil(sample.id));
        assert(utf8_is_valid(sample.q) && utf8_length(sample.q) <= 20);
    }
    faults_init(&faults, &arena);
    assert(query_decode(&query, text, &arena, &sample, &again, &faults) == is_ok);
    assert(sha256_eq(&binding, &again));
    arena_done(&arena);
    return 0;
}
