/*
 * Any bytes: what json_parse takes must come back the same through json_serialize, be decodable
 * against a table with every kind, and be mergeable; what it refuses must be refused with a
 * sentence.
 */
#include <assert.h>

#include "base/utf8.h"
#include "schema/schema.h"

/* libFuzzer calls it by name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct item {
    struct str name;
    int64_t number;
};

struct sample {
    struct str text;
    bool has_text;
    struct str slug;
    int64_t integer;
    double real;
    bool is_on;
    struct uuid id;
    int64_t at_us;
    int32_t day;
    int64_t span_us;
    int colour;
    struct item item;
    const struct item *items;
    size_t item_count;
    const double *reals;
    size_t real_count;
    const json_t *any;
    const json_t *map;
};

static const char *const colours[] = {"red", "green", NULL};
static const struct field item_fields[] = {
    FIELD("name", STRING, struct item, name, .flags = FIELD_REQUIRED, .min = 1, .max = 20),
    FIELD("number", INT, struct item, number, FIELD_FALLBACK(3)),
};
static const struct schema item_schema = SCHEMA(struct item, item_fields);
static const struct field sample_fields[] = {
    FIELD("text", STRING, struct sample, text, .flags = FIELD_NULLABLE | FIELD_LINE, .max = 20,
          FIELD_PRESENCE(struct sample, has_text)),
    FIELD("slug", SLUG, struct sample, slug),
    FIELD("int", INT, struct sample, integer, .min = -5, .max = 5),
    FIELD("real", REAL, struct sample, real),
    FIELD("on", BOOL, struct sample, is_on),
    FIELD("id", UUID, struct sample, id),
    FIELD("at", TIME, struct sample, at_us),
    FIELD("day", DATE, struct sample, day),
    FIELD("span", DURATION, struct sample, span_us),
    FIELD_CHOICE("colour", struct sample, colour, colours),
    FIELD_NESTED("item", struct sample, item, &item_schema),
    FIELD_ARRAY("items", struct sample, items, item_count,
                &FIELD_ELEMENT(OBJECT, .schema = &item_schema), .max = 5),
    FIELD_ARRAY("reals", struct sample, reals, real_count,
                &FIELD_ELEMENT(REAL, .flags = FIELD_NULLABLE), .max = 5),
    FIELD("any", JSON, struct sample, any),
    FIELD("map", MAP, struct sample, map, .max = 5),
};
static const struct schema sample_schema = SCHEMA(struct sample, sample_fields);

static void check_round_trip(const json_t *root)
{
    CLEANUP(buf_done) struct buf first, second;
    buf_init(&first, 64 << 20);
    buf_init(&second, 64 << 20);
    json_serialize(&first, root);
    assert(!first.failed && utf8_is_valid(buf_str(&first)));
    json_auto_t *again = NULL;
    enum err_code code = json_parse(buf_str(&first), &again, /* reterr= */ NULL);
    assert(code == OK);
    json_serialize(&second, again);
    assert(str_eq(buf_str(&first), buf_str(&second)));
}

static void check_decode(const json_t *root)
{
    static struct faults faults;
    struct arena arena;
    struct sample sample;
    arena_init(&arena, 1 << 20);
    faults_init(&faults, &arena);
    bool is_ok = schema_decode(&sample_schema, root, &arena, &sample, &faults);
    assert(is_ok == (faults.count == 0));
    for (size_t i = 0; i < faults.count; i++) {
        assert(utf8_is_valid(str_from(faults.items[i].pointer)));
        assert(utf8_is_valid(str_from(faults.items[i].detail)));
    }
    assert((sample.text.data == NULL || sample.has_text) && sample.text.len <= 80);
    assert(sample.item_count <= 5 && sample.real_count <= 5);
    for (size_t i = 0; i < sample.item_count; i++)
        assert(sample.items[i].name.len <= 80);
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {.code = OK};
    json_auto_t *root = NULL;
    enum err_code code = json_parse(str_slice((const char *)data, size), &root, &err);
    if (code != OK) {
        assert(code == ERR_MALFORMED && err.code == code && err.detail[0] != '\0');
        return 0;
    }
    check_round_trip(root);
    check_decode(root);
    json_auto_t *patched = json_merge_patch(root, root);
    assert(patched != NULL);
    /* An object patched with itself loses what is null; once more changes nothing. */
    json_auto_t *twice = json_merge_patch(patched, root);
    assert(twice != NULL && json_equal(patched, twice));
    return 0;
}
