#include "schema/query.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "base/json_write.h"
#include "base/utf8.h"
#include "schema/percent.h"

/* How much of an unknown parameter's name a fault repeats. */
enum { QUERY_NAME_BYTES_MAX = 100 };

static const struct query_time query_time_none = {.at_us = TIME_NONE, .days = DATE_NONE};

/* One decoding. Parameters are found by position in the table. */
struct reader {
    const struct query *query;
    struct arena *arena;
    struct faults *faults;
    char *base; /* the caller's struct; never NULL with parameters */
    bool is_ok;
    bool is_seen[QUERY_PARAMS_MAX];
    struct str values[QUERY_PARAMS_MAX]; /* decoded */
};

static void reader_fault(struct reader *reader, const char *name, const char *code,
                         const char *format, ...) PRINTF_LIKE(4, 5);

static void reader_fault(struct reader *reader, const char *name, const char *code,
                         const char *format, ...)
{
    char pointer[QUERY_NAME_BYTES_MAX + 2];
    char detail[CHOICES_TEXT_BYTES + 64];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    snprintf(pointer, sizeof pointer, "?%s", name);
    faults_add(reader->faults, pointer, code, "%s", detail);
    reader->is_ok = false;
}

bool percent_decode(struct str text, enum percent_mode mode, struct arena *arena,
                    struct str *ret_text)
{
    char *out = arena_alloc(arena, text.len + 1);
    size_t len;
    if (out == NULL || !percent_decode_bytes(text, mode == PERCENT_QUERY, out, &len))
        return false;
    struct str decoded = str_slice(out, len);
    bool has_nul = len > 0 && memchr(out, '\0', len) != NULL;
    if (has_nul || !utf8_is_valid(decoded))
        return false;
    *ret_text = decoded;
    return true;
}

/* query_is_sound has seen that offsets fit and that macros checked types. */
static void store(struct reader *reader, const struct query_param *param, const void *value,
                  size_t size)
{
    memcpy(reader->base + param->offset, value, size);
}

static void store_int64(struct reader *reader, const struct query_param *param, int64_t value)
{
    store(reader, param, &value, sizeof value);
}

static void store_int32(struct reader *reader, const struct query_param *param, int32_t value)
{
    store(reader, param, &value, sizeof value);
}

static void store_choice(struct reader *reader, const struct query_param *param, int value)
{
    store(reader, param, &value, sizeof value);
}

static void store_set(struct reader *reader, const struct query_param *param, uint64_t value)
{
    store(reader, param, &value, sizeof value);
}

static void store_real(struct reader *reader, const struct query_param *param, double value)
{
    store(reader, param, &value, sizeof value);
}

static void store_bool(struct reader *reader, const struct query_param *param, bool value)
{
    store(reader, param, &value, sizeof value);
}

static void store_time(struct reader *reader, const struct query_param *param,
                       struct query_time value)
{
    store(reader, param, &value, sizeof value);
}

/* What an absent parameter leaves in its member. The struct is zeroed already. */
static void set_none(struct reader *reader, const struct query_param *param)
{
    switch (param->kind) {
    case QUERY_INT:
        store_int64(reader, param, INT_NONE);
        break;
    case QUERY_REAL:
        store_real(reader, param, (double)NAN);
        break;
    case QUERY_ENUM:
        store_choice(reader, param, ENUM_NONE);
        break;
    case QUERY_DATE:
        store_int32(reader, param, DATE_NONE);
        break;
    case QUERY_TIME:
        store_time(reader, param, query_time_none);
        break;
    case QUERY_STRING:
    case QUERY_SLUG:
    case QUERY_SLUGS:
    case QUERY_ENUMS:
    case QUERY_UUID:
    case QUERY_BOOL:
    case QUERY_KIND_COUNT_:
        break;
    }
}

static void set_fallback(struct reader *reader, const struct query_param *param)
{
    switch (param->kind) {
    case QUERY_INT:
        store_int64(reader, param, (int64_t)param->fallback);
        break;
    case QUERY_REAL:
        store_real(reader, param, param->fallback);
        break;
    case QUERY_BOOL:
        store_bool(reader, param, param->fallback != 0.0);
        break;
    case QUERY_ENUM:
        store_choice(reader, param, (int)param->fallback);
        break;
    case QUERY_ENUMS:
        store_set(reader, param, (uint64_t)param->fallback);
        break;
    case QUERY_STRING:
    case QUERY_SLUG:
    case QUERY_SLUGS:
    case QUERY_TIME:
    case QUERY_DATE:
    case QUERY_UUID:
    case QUERY_KIND_COUNT_:
        assert(false && "this kind has no fallback");
    }
}

static void read_string(struct reader *reader, const struct query_param *param, struct str text)
{
    size_t length = utf8_length(text);
    assert(param->max > 0.0);
    if ((double)length < param->min)
        reader_fault(reader, param->name, "too_short", "At least %.0f characters.", param->min);
    else if ((double)length > param->max)
        reader_fault(reader, param->name, "too_long", "At most %.0f characters.", param->max);
    else
        store(reader, param, &text, sizeof text);
}

static void slug_fault(struct reader *reader, const struct query_param *param)
{
    reader_fault(reader, param->name, "format", "A slug is 1 to %d of a-z, 0-9, \"_\" and \"-\".",
                 SLUG_BYTES_MAX);
}

static void read_slug(struct reader *reader, const struct query_param *param, struct str text)
{
    if (slug_is_valid(text))
        store(reader, param, &text, sizeof text);
    else
        slug_fault(reader, param);
}

/* Items of a comma list; 0 after a fault. */
static size_t count_items(struct reader *reader, const struct query_param *param, struct str text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++)
        count += text.data[i] == ',' ? 1 : 0;
    if (count <= QUERY_LIST_MAX)
        return count;
    reader_fault(reader, param->name, "too_many", "At most %d items, not %zu.", QUERY_LIST_MAX,
                 count);
    return 0;
}

static void read_slugs(struct reader *reader, const struct query_param *param, struct str text)
{
    struct query_slugs slugs = {.count = count_items(reader, param, text)};
    if (slugs.count == 0)
        return;
    struct str *items = arena_array(reader->arena, slugs.count, sizeof *items);
    if (items == NULL) {
        reader_fault(reader, param->name, "memory", "There is not enough memory for this list.");
        return;
    }
    for (size_t i = 0; i < slugs.count; i++) {
        items[i] = str_cut(&text, ',');
        if (!slug_is_valid(items[i])) {
            slug_fault(reader, param);
            return;
        }
    }
    slugs.items = items;
    store(reader, param, &slugs, sizeof slugs);
}

/* The index of a choice; ENUM_NONE and a fault when there is none. */
static int read_choice(struct reader *reader, const struct query_param *param, struct str text)
{
    char list[CHOICES_TEXT_BYTES];
    for (int i = 0; param->choices[i] != NULL; i++)
        if (str_is(text, param->choices[i]))
            return i;
    choices_format(param->choices, list);
    reader_fault(reader, param->name, "choice", "%s: %s.",
                 param->kind == QUERY_ENUMS ? "A comma list of" : "One of", list);
    return ENUM_NONE;
}

static void read_enum(struct reader *reader, const struct query_param *param, struct str text)
{
    int choice = read_choice(reader, param, text);
    if (choice != ENUM_NONE)
        store_choice(reader, param, choice);
}

static void read_enums(struct reader *reader, const struct query_param *param, struct str text)
{
    uint64_t set = 0;
    if (count_items(reader, param, text) == 0)
        return;
    while (text.data != NULL) {
        int choice = read_choice(reader, param, str_cut(&text, ','));
        if (choice == ENUM_NONE)
            return;
        set |= UINT64_C(1) << choice;
    }
    store_set(reader, param, set);
}

static bool in_range(struct reader *reader, const struct query_param *param, double value)
{
    char min[32], max[32];
    if ((param->min == 0.0 && param->max == 0.0) || (value >= param->min && value <= param->max))
        return true;
    json_format_real(param->min, min);
    json_format_real(param->max, max);
    reader_fault(reader, param->name, "range", "Must be between %s and %s.", min, max);
    return false;
}

static void read_int(struct reader *reader, const struct query_param *param, struct str text)
{
    int64_t value;
    if (!str_to_int64(text, &value))
        reader_fault(reader, param->name, "format", "Not an integer.");
    else if (in_range(reader, param, (double)value))
        store_int64(reader, param, value);
}

static void read_real(struct reader *reader, const struct query_param *param, struct str text)
{
    double value;
    if (!str_to_double(text, &value))
        reader_fault(reader, param->name, "format", "Not a number.");
    else if (in_range(reader, param, value))
        store_real(reader, param, value);
}

static void read_time(struct reader *reader, const struct query_param *param, struct str text)
{
    struct query_time time = query_time_none;
    if (date_parse(text, &time.days) || time_parse(text, &time.at_us))
        store_time(reader, param, time);
    else
        reader_fault(reader, param->name, "format",
                     "Neither a date like 2026-11-21 nor a time like 2026-11-21T17:36:00Z (in a "
                     "query, the \"+\" of an offset is written %%2B).");
}

static void read_date(struct reader *reader, const struct query_param *param, struct str text)
{
    int32_t days;
    if (date_parse(text, &days))
        store_int32(reader, param, days);
    else
        reader_fault(reader, param->name, "format", "Not a date like 2026-11-21.");
}

static void read_uuid(struct reader *reader, const struct query_param *param, struct str text)
{
    struct uuid uuid;
    if (uuid_parse(text, &uuid) && !uuid_is_nil(uuid))
        store(reader, param, &uuid, sizeof uuid);
    else
        reader_fault(reader, param->name, "format",
                     "Not a UUID like 01890a5d-ac96-774b-bcce-b302099a8057.");
}

static void read_bool(struct reader *reader, const struct query_param *param, struct str text)
{
    bool is_true = str_is(text, "true");
    if (is_true || str_is(text, "false"))
        store_bool(reader, param, is_true);
    else
        reader_fault(reader, param->name, "format", "Must be \"true\" or \"false\".");
}

static void read_value(struct reader *reader, const struct query_param *param, struct str text)
{
    static void (*const readers[])(struct reader *, const struct query_param *, struct str) = {
        [QUERY_STRING] = read_string, [QUERY_SLUG] = read_slug,   [QUERY_SLUGS] = read_slugs,
        [QUERY_ENUM] = read_enum,     [QUERY_ENUMS] = read_enums, [QUERY_INT] = read_int,
        [QUERY_REAL] = read_real,     [QUERY_TIME] = read_time,   [QUERY_DATE] = read_date,
        [QUERY_UUID] = read_uuid,     [QUERY_BOOL] = read_bool,
    };
    _Static_assert(ARRAY_LEN(readers) == QUERY_KIND_COUNT_, "every kind has a reader");
    const bool is_present = true;
    if (param->presence > 0)
        memcpy(reader->base + param->presence - 1, &is_present, sizeof is_present);
    readers[param->kind](reader, param, text);
}

static size_t find_param(const struct query *query, struct str name)
{
    size_t i = 0;
    while (i < query->count && !str_is(name, query->params[i].name))
        i++;
    return i;
}

static void unknown_fault(struct reader *reader, struct str name)
{
    const struct query *query = reader->query;
    struct str_guess guess = {.wanted = name};
    for (size_t i = 0; i < query->count; i++)
        str_guess(&guess, query->params[i].name);
    /* Cut where a character begins: the pointer goes into JSON. */
    char shown[QUERY_NAME_BYTES_MAX + 1];
    size_t len = name.len < QUERY_NAME_BYTES_MAX ? name.len : QUERY_NAME_BYTES_MAX;
    while (!utf8_is_valid(str_slice(name.data, len)))
        len--;
    snprintf(shown, sizeof shown, "%.*s", (int)len, name.data);
    if (guess.best != NULL)
        reader_fault(reader, shown, "unknown", "There is no such parameter; did you mean \"%s\"?",
                     guess.best);
    else
        reader_fault(reader, shown, "unknown", "There is no such parameter.");
}

static void read_pair(struct reader *reader, struct str pair)
{
    struct str raw_value = pair;
    struct str raw_name = str_cut(&raw_value, '=');
    struct str name, value;
    if (!percent_decode(raw_name, PERCENT_QUERY, reader->arena, &name)) {
        reader_fault(reader, "", "format", "A parameter's name is not percent-encoded UTF-8.");
        return;
    }
    size_t index = find_param(reader->query, name);
    if (index == reader->query->count) {
        unknown_fault(reader, name);
        return;
    }
    const struct query_param *param = &reader->query->params[index];
    if (reader->is_seen[index]) {
        reader_fault(reader, param->name, "duplicate", "This parameter may be given once.");
        return;
    }
    reader->is_seen[index] = true;
    if (!percent_decode(raw_value, PERCENT_QUERY, reader->arena, &value)) {
        reader_fault(reader, param->name, "format", "The value is not percent-encoded UTF-8.");
        return;
    }
    reader->values[index] = value;
    read_value(reader, param, value);
}

static void read_pairs(struct reader *reader, struct str text)
{
    size_t count = 0;
    if (text.len > QUERY_BYTES_MAX) {
        reader_fault(reader, "", "too_long", "A query string has at most %d bytes.",
                     QUERY_BYTES_MAX);
        return;
    }
    if (text.len == 0)
        return;
    while (text.data != NULL) {
        struct str pair = str_cut(&text, '&');
        if (++count > QUERY_PARAMS_MAX) {
            reader_fault(reader, "", "too_many", "A query string has at most %d parameters.",
                         QUERY_PARAMS_MAX);
            return;
        }
        if (pair.len > 0)
            read_pair(reader, pair);
    }
}

/* In the table's order, so that the order in the query string does not matter. */
static struct sha256 binding_of(const struct reader *reader)
{
    struct str parts[2 * QUERY_PARAMS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < reader->query->count; i++) {
        const struct query_param *param = &reader->query->params[i];
        if (!reader->is_seen[i] || (param->flags & QUERY_UNBOUND) != 0)
            continue;
        parts[count++] = str_from(param->name);
        parts[count++] = reader->values[i];
    }
    return sha256_of_parts(parts, count);
}

bool query_decode(const struct query *query, struct str text, struct arena *arena, void *ret_struct,
                  struct sha256 *ret_binding, struct faults *faults)
{
    assert(query->count <= QUERY_PARAMS_MAX && (ret_struct != NULL || query->count == 0));
    struct reader reader = {
        .query = query, .arena = arena, .faults = faults, .base = ret_struct, .is_ok = true};
    if (query->size > 0)
        memset(ret_struct, 0, query->size);
    for (size_t i = 0; i < query->count; i++)
        set_none(&reader, &query->params[i]);
    read_pairs(&reader, text);
    for (size_t i = 0; i < query->count; i++) {
        const struct query_param *param = &query->params[i];
        if (!reader.is_seen[i] && (param->flags & QUERY_REQUIRED) != 0)
            reader_fault(&reader, param->name, "required", "This parameter is required.");
        else if (!reader.is_seen[i] && (param->flags & QUERY_DEFAULT) != 0)
            set_fallback(&reader, param);
    }
    if (ret_binding != NULL)
        *ret_binding = binding_of(&reader);
    return reader.is_ok;
}

static bool kind_has_fallback(enum query_kind kind)
{
    return kind == QUERY_INT || kind == QUERY_REAL || kind == QUERY_BOOL || kind == QUERY_ENUM ||
           kind == QUERY_ENUMS;
}

static bool choices_are_sound(const struct query_param *param)
{
    size_t count = 0;
    if (param->kind != QUERY_ENUM && param->kind != QUERY_ENUMS)
        return true;
    while (param->choices != NULL && param->choices[count] != NULL)
        count++;
    return count > 0 && (param->kind == QUERY_ENUM || count <= 64);
}

bool query_is_sound(const struct query *query)
{
    if (query->count > QUERY_PARAMS_MAX)
        return false;
    for (size_t i = 0; i < query->count; i++) {
        const struct query_param *param = &query->params[i];
        bool has_fallback = (param->flags & QUERY_DEFAULT) != 0;
        if (param->name == NULL || find_param(query, str_from(param->name)) != i ||
            (unsigned)param->kind >= QUERY_KIND_COUNT_ || param->min > param->max ||
            (param->kind == QUERY_STRING && param->max <= 0.0) || !choices_are_sound(param) ||
            (has_fallback && !kind_has_fallback(param->kind)) ||
            (has_fallback && (param->flags & QUERY_REQUIRED) != 0) ||
            param->offset >= query->size || param->presence > query->size)
            return false;
    }
    return true;
}
