#include "schema/schema.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "base/json_write.h"
#include "base/utf8.h"

/*
 * One walk over a value with its table. Nothing stops at the first fault; a member whose value is
 * refused keeps what it was set to before (none).
 */
struct walk {
    struct arena *arena;
    struct faults *faults;
    struct json_pointer pointer;
    bool is_ok;
};

static const char *const kind_expected[] = {
    [FIELD_STRING] = "a string",
    [FIELD_SLUG] = "a string",
    [FIELD_INT] = "an integer",
    [FIELD_REAL] = "a number",
    [FIELD_BOOL] = "true or false",
    [FIELD_UUID] = "a string with a UUID",
    [FIELD_TIME] = "a string with an RFC 3339 time",
    [FIELD_DATE] = "a string with a date",
    [FIELD_DURATION] = "a string with an ISO 8601 duration",
    [FIELD_ENUM] = "a string",
    [FIELD_OBJECT] = "an object",
    [FIELD_LIST] = "an array",
    [FIELD_JSON] = "a value",
    [FIELD_MAP] = "an object",
};
_Static_assert(ARRAY_LEN(kind_expected) == FIELD_KIND_COUNT_, "every kind is described");

/* Of the member. An object's size is its schema's. */
static const size_t kind_bytes[] = {
    [FIELD_STRING] = sizeof(struct str),
    [FIELD_SLUG] = sizeof(struct str),
    [FIELD_INT] = sizeof(int64_t),
    [FIELD_REAL] = sizeof(double),
    [FIELD_BOOL] = sizeof(bool),
    [FIELD_UUID] = sizeof(struct uuid),
    [FIELD_TIME] = sizeof(int64_t),
    [FIELD_DATE] = sizeof(int32_t),
    [FIELD_DURATION] = sizeof(int64_t),
    [FIELD_ENUM] = sizeof(int),
    [FIELD_OBJECT] = 0,
    [FIELD_LIST] = sizeof(void *),
    [FIELD_JSON] = sizeof(const json_t *),
    [FIELD_MAP] = sizeof(const json_t *),
};
_Static_assert(ARRAY_LEN(kind_bytes) == FIELD_KIND_COUNT_, "every kind has a size");

static void walk_fault(struct walk *walk, const char *code, const char *format, ...)
    PRINTF_LIKE(3, 4);
static void walk_value(struct walk *walk, const struct field *field, const json_t *value,
                       void *member);

static void walk_fault(struct walk *walk, const char *code, const char *format, ...)
{
    char detail[CHOICES_TEXT_BYTES + 64];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    faults_add(walk->faults, walk->pointer.text, code, "%s", detail);
    walk->is_ok = false;
}

/* Members are written through this: a NULL member is a check without a struct. */
static void store(void *member, const void *value, size_t size)
{
    if (member != NULL)
        memcpy(member, value, size);
}

static void *member_at(void *base, size_t offset)
{
    return base != NULL ? (char *)base + offset : NULL;
}

static void store_int64(void *member, int64_t value)
{
    store(member, &value, sizeof value);
}

static void store_int32(void *member, int32_t value)
{
    store(member, &value, sizeof value);
}

static void store_choice(void *member, int value)
{
    store(member, &value, sizeof value);
}

static void store_real(void *member, double value)
{
    store(member, &value, sizeof value);
}

static void store_bool(void *member, bool value)
{
    store(member, &value, sizeof value);
}

static void set_none(const struct field *field, void *member);

static void set_all_none(const struct schema *schema, void *base)
{
    if (base == NULL)
        return;
    memset(base, 0, schema->size);
    for (size_t i = 0; i < schema->count; i++)
        set_none(&schema->fields[i], member_at(base, schema->fields[i].offset));
}

/* What a member holds without a value. The struct around it is zeroed already. */
static void set_none(const struct field *field, void *member)
{
    switch (field->kind) {
    case FIELD_INT:
    case FIELD_TIME:
    case FIELD_DURATION:
        store_int64(member, INT_NONE);
        break;
    case FIELD_REAL:
        store_real(member, (double)NAN);
        break;
    case FIELD_DATE:
        store_int32(member, DATE_NONE);
        break;
    case FIELD_ENUM:
        store_choice(member, ENUM_NONE);
        break;
    case FIELD_OBJECT:
        set_all_none(field->schema, member);
        break;
    case FIELD_STRING:
    case FIELD_SLUG:
    case FIELD_BOOL:
    case FIELD_UUID:
    case FIELD_LIST:
    case FIELD_JSON:
    case FIELD_MAP:
    case FIELD_KIND_COUNT_:
        break;
    }
}

static void set_fallback(const struct field *field, void *member)
{
    switch (field->kind) {
    case FIELD_INT:
        store_int64(member, (int64_t)field->fallback);
        break;
    case FIELD_DURATION:
        store_int64(member, (int64_t)(field->fallback * (double)US_PER_SECOND));
        break;
    case FIELD_REAL:
        store_real(member, field->fallback);
        break;
    case FIELD_BOOL:
        store_bool(member, field->fallback != 0.0);
        break;
    case FIELD_ENUM:
        store_choice(member, (int)field->fallback);
        break;
    case FIELD_STRING:
    case FIELD_SLUG:
    case FIELD_UUID:
    case FIELD_TIME:
    case FIELD_DATE:
    case FIELD_OBJECT:
    case FIELD_LIST:
    case FIELD_JSON:
    case FIELD_MAP:
    case FIELD_KIND_COUNT_:
        assert(false && "this kind has no fallback");
    }
}

static const char *json_type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a number with a fraction or exponent";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        return "null";
    }
    return "something else";
}

static void walk_type_fault(struct walk *walk, const struct field *field, const json_t *value)
{
    walk_fault(walk, "type", "Expected %s, not %s.", kind_expected[field->kind],
               json_type_name(value));
}

/* The value's text when it is a string; else a fault and false. */
static bool walk_text(struct walk *walk, const struct field *field, const json_t *value,
                      struct str *ret_text)
{
    if (!json_is_string(value)) {
        walk_type_fault(walk, field, value);
        return false;
    }
    *ret_text = json_str_of(value);
    return true;
}

static bool is_control(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7F && code_point <= 0x9F) ||
           code_point == 0x2028 || code_point == 0x2029;
}

static bool has_control(struct str text)
{
    while (text.len > 0) {
        uint32_t code_point;
        size_t bytes = utf8_decode(text, &code_point);
        if (bytes == 0 || is_control(code_point))
            return true;
        text.data += bytes;
        text.len -= bytes;
    }
    return false;
}

/* A count against the field's limits; `unit` is what is counted. */
static bool walk_count(struct walk *walk, const struct field *field, size_t count,
                       const char *code_few, const char *code_many, const char *unit)
{
    assert(field->max > 0.0);
    if ((double)count < field->min)
        walk_fault(walk, code_few, "At least %.0f %s, not %zu.", field->min, unit, count);
    else if ((double)count > field->max)
        walk_fault(walk, code_many, "At most %.0f %s, not %zu.", field->max, unit, count);
    else
        return true;
    return false;
}

static void walk_string(struct walk *walk, const struct field *field, const json_t *value,
                        void *member)
{
    struct str text;
    if (!walk_text(walk, field, value, &text))
        return;
    if (!walk_count(walk, field, utf8_length(text), "too_short", "too_long", "characters"))
        return;
    if ((field->flags & FIELD_LINE) != 0 && has_control(text)) {
        walk_fault(walk, "format", "Line breaks and other control characters do not belong here.");
        return;
    }
    store(member, &text, sizeof text);
}

bool slug_is_valid(struct str text)
{
    if (text.len == 0 || text.len > SLUG_BYTES_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];
        bool is_allowed = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
                          byte == '_' || byte == '-';
        if (!is_allowed)
            return false;
    }
    return true;
}

static void walk_slug(struct walk *walk, const struct field *field, const json_t *value,
                      void *member)
{
    struct str text;
    if (!walk_text(walk, field, value, &text))
        return;
    if (slug_is_valid(text))
        store(member, &text, sizeof text);
    else
        walk_fault(walk, "format", "A slug is 1 to %d of a-z, 0-9, \"_\" and \"-\".",
                   SLUG_BYTES_MAX);
}

static bool walk_range(struct walk *walk, const struct field *field, double value)
{
    char min[32], max[32];
    if ((field->min == 0.0 && field->max == 0.0) || (value >= field->min && value <= field->max))
        return true;
    json_format_real(field->min, min);
    json_format_real(field->max, max);
    walk_fault(walk, "range", "Must be between %s and %s%s.", min, max,
               field->kind == FIELD_DURATION ? " seconds" : "");
    return false;
}

static void walk_int(struct walk *walk, const struct field *field, const json_t *value,
                     void *member)
{
    int64_t number;
    double real = json_number_value(value);
    if (json_is_integer(value)) {
        number = json_integer_value(value);
    } else if (json_is_real(value) && real == trunc(real) && fabs(real) < 0x1p63) {
        number = (int64_t)real;
    } else {
        walk_type_fault(walk, field, value);
        return;
    }
    if (walk_range(walk, field, (double)number))
        store_int64(member, number);
}

static void walk_real(struct walk *walk, const struct field *field, const json_t *value,
                      void *member)
{
    double number = json_number_value(value);
    if (!json_is_number(value))
        walk_type_fault(walk, field, value);
    else if (walk_range(walk, field, number))
        store_real(member, number);
}

static void walk_bool(struct walk *walk, const struct field *field, const json_t *value,
                      void *member)
{
    if (json_is_boolean(value))
        store_bool(member, json_is_true(value));
    else
        walk_type_fault(walk, field, value);
}

static void walk_uuid(struct walk *walk, const struct field *field, const json_t *value,
                      void *member)
{
    struct str text;
    struct uuid uuid;
    if (!walk_text(walk, field, value, &text))
        return;
    if (uuid_parse(text, &uuid) && !uuid_is_nil(uuid))
        store(member, &uuid, sizeof uuid);
    else
        walk_fault(walk, "format", "Not a UUID like 01890a5d-ac96-774b-bcce-b302099a8057.");
}

static void walk_time(struct walk *walk, const struct field *field, const json_t *value,
                      void *member)
{
    struct str text;
    int64_t at_us;
    if (!walk_text(walk, field, value, &text))
        return;
    if (time_parse(text, &at_us))
        store_int64(member, at_us);
    else
        walk_fault(walk, "format", "Not an RFC 3339 time like 2026-11-21T17:36:00Z.");
}

static void walk_date(struct walk *walk, const struct field *field, const json_t *value,
                      void *member)
{
    struct str text;
    int32_t days;
    if (!walk_text(walk, field, value, &text))
        return;
    if (date_parse(text, &days))
        store_int32(member, days);
    else
        walk_fault(walk, "format", "Not a date like 2026-11-21.");
}

static void walk_duration(struct walk *walk, const struct field *field, const json_t *value,
                          void *member)
{
    struct str text;
    int64_t us;
    if (!walk_text(walk, field, value, &text))
        return;
    if (!duration_parse(text, &us))
        walk_fault(walk, "format",
                   "Not an ISO 8601 duration of weeks, days, hours, minutes and seconds, like "
                   "PT24H or P30D.");
    else if (walk_range(walk, field, (double)us / (double)US_PER_SECOND))
        store_int64(member, us);
}

void choices_format(const char *const *choices, char out[static CHOICES_TEXT_BYTES])
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; choices[i] != NULL; i++) {
        size_t needed = strlen(choices[i]) + (i > 0 ? 2 : 0);
        bool is_last = choices[i + 1] == NULL;
        if (len + needed + (is_last ? 0 : sizeof " …") >= CHOICES_TEXT_BYTES) {
            memcpy(out + len, " …", sizeof " …");
            return;
        }
        len += (size_t)snprintf(out + len, CHOICES_TEXT_BYTES - len, "%s%s", i > 0 ? ", " : "",
                                choices[i]);
    }
}

static void walk_enum(struct walk *walk, const struct field *field, const json_t *value,
                      void *member)
{
    struct str text;
    if (!walk_text(walk, field, value, &text))
        return;
    for (int i = 0; field->choices[i] != NULL; i++) {
        if (str_is(text, field->choices[i])) {
            store_choice(member, i);
            return;
        }
    }
    char list[CHOICES_TEXT_BYTES];
    choices_format(field->choices, list);
    walk_fault(walk, "choice", "One of: %s.", list);
}

static size_t element_size(const struct field *element)
{
    return element->kind == FIELD_OBJECT ? element->schema->size : kind_bytes[element->kind];
}

static void walk_list(struct walk *walk, const struct field *field, const json_t *value,
                      void *member, void *count_member)
{
    size_t count = json_array_size(value);
    if (!json_is_array(value)) {
        walk_type_fault(walk, field, value);
        return;
    }
    if (!walk_count(walk, field, count, "too_few", "too_many", "items"))
        return;
    size_t size = element_size(field->element);
    char *items = NULL;
    if (member != NULL) {
        items = arena_array(walk->arena, count, size);
        if (items == NULL) {
            walk_fault(walk, "memory", "There is not enough memory for these items.");
            return;
        }
    }
    for (size_t i = 0; i < count; i++) {
        void *item = member_at(items, i * size);
        size_t mark = json_pointer_push_index(&walk->pointer, i);
        set_none(field->element, item);
        walk_value(walk, field->element, json_array_get(value, i), item);
        json_pointer_pop(&walk->pointer, mark);
    }
    store(member, &items, sizeof(void *));
    store(count_member, &count, sizeof count);
}

static void walk_map(struct walk *walk, const struct field *field, const json_t *value,
                     void *member)
{
    if (!json_is_object(value))
        walk_type_fault(walk, field, value);
    else if (walk_count(walk, field, json_object_size(value), "too_few", "too_many", "names"))
        store(member, &value, sizeof(const json_t *));
}

const struct field *schema_field(const struct schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->count; i++)
        if (strcmp(schema->fields[i].name, name) == 0)
            return &schema->fields[i];
    return NULL;
}

static void walk_unknown_fault(struct walk *walk, const struct schema *schema, struct str name)
{
    struct str_guess guess = {.wanted = name};
    for (size_t i = 0; i < schema->count; i++)
        str_guess(&guess, schema->fields[i].name);
    size_t mark = json_pointer_push(&walk->pointer, name);
    if (guess.best != NULL)
        walk_fault(walk, "unknown", "There is no such field; did you mean \"%s\"?", guess.best);
    else
        walk_fault(walk, "unknown", "There is no such field.");
    json_pointer_pop(&walk->pointer, mark);
}

static void walk_unknowns(struct walk *walk, const struct schema *schema, const json_t *object)
{
    json_t *same = json_unconst(object);
    void *at = json_object_iter(same);
    /* Beyond FAULTS_MAX nothing is kept: a huge wrong object must not cost much. */
    while (at != NULL && walk->faults->count < FAULTS_MAX) {
        struct str name = str_slice(json_object_iter_key(at), json_object_iter_key_len(at));
        if (schema_field(schema, name.data) == NULL)
            walk_unknown_fault(walk, schema, name);
        at = json_object_iter_next(same, at);
    }
}

static void walk_field(struct walk *walk, const struct field *field, const json_t *value,
                       void *base)
{
    void *member = member_at(base, field->offset);
    size_t mark = json_pointer_push(&walk->pointer, str_from(field->name));
    if (value != NULL) {
        if (field->presence > 0)
            store_bool(member_at(base, field->presence - 1), true);
        if (field->kind == FIELD_LIST && !json_is_null(value))
            walk_list(walk, field, value, member, member_at(base, field->count_offset));
        else
            walk_value(walk, field, value, member);
    } else if ((field->flags & FIELD_REQUIRED) != 0) {
        walk_fault(walk, "required", "This field is required.");
    } else if ((field->flags & FIELD_DEFAULT) != 0) {
        set_fallback(field, member);
    }
    json_pointer_pop(&walk->pointer, mark);
}

/* The members at `base` are none already. */
static void walk_object(struct walk *walk, const struct schema *schema, const json_t *object,
                        void *base)
{
    if (!json_is_object(object)) {
        walk_fault(walk, "type", "Expected an object, not %s.", json_type_name(object));
        return;
    }
    size_t known = 0;
    for (size_t i = 0; i < schema->count; i++) {
        const json_t *value = json_object_get(object, schema->fields[i].name);
        known += value != NULL ? 1 : 0;
        walk_field(walk, &schema->fields[i], value, base);
    }
    if ((schema->flags & SCHEMA_OPEN) == 0 && json_object_size(object) > known) {
        walk->is_ok = false;
        walk_unknowns(walk, schema, object);
    }
}

static void walk_value(struct walk *walk, const struct field *field, const json_t *value,
                       void *member)
{
    assert((unsigned)field->kind < FIELD_KIND_COUNT_);
    if (json_is_null(value)) {
        if ((field->flags & FIELD_NULLABLE) == 0)
            walk_type_fault(walk, field, value);
        return;
    }
    switch (field->kind) {
    case FIELD_STRING:
        walk_string(walk, field, value, member);
        break;
    case FIELD_SLUG:
        walk_slug(walk, field, value, member);
        break;
    case FIELD_INT:
        walk_int(walk, field, value, member);
        break;
    case FIELD_REAL:
        walk_real(walk, field, value, member);
        break;
    case FIELD_BOOL:
        walk_bool(walk, field, value, member);
        break;
    case FIELD_UUID:
        walk_uuid(walk, field, value, member);
        break;
    case FIELD_TIME:
        walk_time(walk, field, value, member);
        break;
    case FIELD_DATE:
        walk_date(walk, field, value, member);
        break;
    case FIELD_DURATION:
        walk_duration(walk, field, value, member);
        break;
    case FIELD_ENUM:
        walk_enum(walk, field, value, member);
        break;
    case FIELD_OBJECT:
        walk_object(walk, field->schema, value, member);
        break;
    case FIELD_JSON:
        store(member, &value, sizeof(const json_t *));
        break;
    case FIELD_MAP:
        walk_map(walk, field, value, member);
        break;
    case FIELD_LIST: /* walk_field knows where its count goes; lists of lists do not exist */
    case FIELD_KIND_COUNT_:
        assert(false && "a list stands alone in a field");
    }
}

static void walk_init(struct walk *walk, const char *pointer, struct arena *arena,
                      struct faults *faults)
{
    walk->arena = arena;
    walk->faults = faults;
    walk->is_ok = true;
    json_pointer_init(&walk->pointer, pointer);
}

bool schema_decode_at(const struct schema *schema, const json_t *value, const char *base_pointer,
                      struct arena *arena, void *ret_struct, struct faults *faults)
{
    struct walk walk;
    walk_init(&walk, base_pointer, arena, faults);
    set_all_none(schema, ret_struct);
    walk_object(&walk, schema, value, ret_struct);
    return walk.is_ok;
}

bool schema_decode(const struct schema *schema, const json_t *value, struct arena *arena,
                   void *ret_struct, struct faults *faults)
{
    return schema_decode_at(schema, value, /* base_pointer= */ "", arena, ret_struct, faults);
}

bool schema_decode_value(const struct field *field, const json_t *value, const char *pointer,
                         struct arena *arena, void *ret_member, struct faults *faults)
{
    struct walk walk;
    walk_init(&walk, pointer, arena, faults);
    if (ret_member != NULL && field->kind != FIELD_OBJECT)
        memset(ret_member, 0, kind_bytes[field->kind]);
    set_none(field, ret_member);
    walk_value(&walk, field, value, ret_member);
    return walk.is_ok;
}

static bool kind_has_fallback(enum field_kind kind)
{
    return kind == FIELD_INT || kind == FIELD_REAL || kind == FIELD_BOOL ||
           kind == FIELD_DURATION || kind == FIELD_ENUM;
}

static bool field_is_sound(const struct field *field, size_t struct_size)
{
    bool needs_max = field->kind == FIELD_STRING || field->kind == FIELD_LIST ||
                     field->kind == FIELD_MAP;
    if ((unsigned)field->kind >= FIELD_KIND_COUNT_ || field->min > field->max ||
        (needs_max && field->max <= 0.0))
        return false;
    if ((field->flags & FIELD_DEFAULT) != 0 &&
        (!kind_has_fallback(field->kind) || (field->flags & FIELD_REQUIRED) != 0))
        return false;
    if (field->kind == FIELD_ENUM && (field->choices == NULL || field->choices[0] == NULL))
        return false;
    if (field->kind == FIELD_OBJECT && (field->schema == NULL || !schema_is_sound(field->schema)))
        return false;
    if (field->kind == FIELD_LIST) {
        const struct field *element = field->element;
        if (element == NULL || element->kind == FIELD_LIST || element->name != NULL ||
            !field_is_sound(element, element_size(element)))
            return false;
    }
    return field->offset + element_size(field) <= struct_size && field->presence <= struct_size;
}

bool schema_is_sound(const struct schema *schema)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        if (field->name == NULL || schema_field(schema, field->name) != field ||
            !field_is_sound(field, schema->size))
            return false;
    }
    return true;
}
