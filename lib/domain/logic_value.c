#include "domain/logic_value.h"

struct logic_value logic_json(const json_t *json)
{
    if (json == NULL)
        return logic_missing();
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return (struct logic_value){.kind = LOGIC_JSON_OBJECT, .json = json};
    case JSON_ARRAY:
        return (struct logic_value){.kind = LOGIC_JSON_ARRAY, .json = json};
    case JSON_STRING:
        return logic_text(str_slice(json_string_value(json), json_string_length(json)));
    case JSON_INTEGER:
    case JSON_REAL:
        return logic_number(json_number_value(json));
    case JSON_TRUE:
        return logic_boolean(true);
    case JSON_FALSE:
        return logic_boolean(false);
    case JSON_NULL:
        break;
    }
    return logic_null();
}

bool logic_is_array(const struct logic_value *value)
{
    return value->kind == LOGIC_ARRAY || value->kind == LOGIC_JSON_ARRAY;
}

bool logic_is_object(const struct logic_value *value)
{
    return value->kind == LOGIC_OBJECT || value->kind == LOGIC_JSON_OBJECT;
}

bool logic_is_nothing(const struct logic_value *value)
{
    return value->kind == LOGIC_NULL || value->kind == LOGIC_MISSING;
}

static size_t count_members(const struct logic_value *object)
{
    size_t count = 0;
    for (size_t i = 0; i < object->object.count; i++)
        if (object->object.members[i].value.kind != LOGIC_MISSING)
            count++;
    return count;
}

size_t logic_count(const struct logic_value *value)
{
    switch (value->kind) {
    case LOGIC_ARRAY:
        return value->array.count;
    case LOGIC_OBJECT:
        return count_members(value);
    case LOGIC_JSON_ARRAY:
        return json_array_size(value->json);
    case LOGIC_JSON_OBJECT:
        return json_object_size(value->json);
    case LOGIC_MISSING:
    case LOGIC_NULL:
    case LOGIC_BOOLEAN:
    case LOGIC_NUMBER:
    case LOGIC_TEXT:
        break;
    }
    return 0;
}

struct logic_value logic_item(const struct logic_value *array, size_t index)
{
    if (array->kind == LOGIC_ARRAY && index < array->array.count)
        return array->array.items[index];
    if (array->kind == LOGIC_JSON_ARRAY)
        return logic_json(json_array_get(array->json, index));
    return logic_missing();
}

struct logic_value logic_member(const struct logic_value *object, struct str name)
{
    if (object->kind == LOGIC_JSON_OBJECT)
        return logic_json(json_object_getn(object->json, name.data, name.len));
    if (object->kind == LOGIC_OBJECT)
        for (size_t i = 0; i < object->object.count; i++)
            if (str_eq(object->object.members[i].name, name))
                return object->object.members[i].value;
    return logic_missing();
}

bool logic_truthy(const struct logic_value *value)
{
    switch (value->kind) {
    case LOGIC_MISSING:
    case LOGIC_NULL:
        return false;
    case LOGIC_BOOLEAN:
        return value->boolean;
    case LOGIC_NUMBER:
        return value->number < 0 || value->number > 0;
    case LOGIC_TEXT:
        return value->text.len > 0;
    case LOGIC_ARRAY:
    case LOGIC_JSON_ARRAY:
        return logic_count(value) > 0;
    case LOGIC_OBJECT:
    case LOGIC_JSON_OBJECT:
        break;
    }
    return true;
}

struct logic_members logic_members(const struct logic_value *object)
{
    struct logic_members members = {.object = *object};
    if (object->kind == LOGIC_JSON_OBJECT) {
        /* jansson takes a pointer to non-const here although it changes nothing. */
        union {
            const json_t *read;
            json_t *iterate;
        } json = {.read = object->json};
        members.document = json.iterate;
        members.at = json_object_iter(json.iterate);
    }
    return members;
}

bool logic_members_next(struct logic_members *members, struct logic_member *ret_member)
{
    if (members->at != NULL) {
        ret_member->name =
            str_slice(json_object_iter_key(members->at), json_object_iter_key_len(members->at));
        ret_member->value = logic_json(json_object_iter_value(members->at));
        members->at = json_object_iter_next(members->document, members->at);
        return true;
    }
    if (members->object.kind != LOGIC_OBJECT)
        return false;
    while (members->index < members->object.object.count) {
        *ret_member = members->object.object.members[members->index++];
        if (ret_member->value.kind != LOGIC_MISSING)
            return true;
    }
    return false;
}

bool logic_fits(const struct logic_value *value, unsigned levels)
{
    bool is_array = logic_is_array(value);
    if (!is_array && !logic_is_object(value))
        return true;
    if (levels == 0)
        return false;
    for (size_t i = 0; is_array && i < logic_count(value); i++) {
        struct logic_value item = logic_item(value, i);
        if (!logic_fits(&item, levels - 1))
            return false;
    }
    struct logic_members members = logic_members(value);
    struct logic_member member;
    while (logic_members_next(&members, &member))
        if (!logic_fits(&member.value, levels - 1))
            return false;
    return true;
}

static void write_value(const struct logic_value *value, struct json_writer *json);

static void write_array(const struct logic_value *array, struct json_writer *json)
{
    json_array_begin(json);
    for (size_t i = 0; i < logic_count(array); i++) {
        struct logic_value item = logic_item(array, i);
        write_value(&item, json);
    }
    json_array_end(json);
}

static void write_object(const struct logic_value *object, struct json_writer *json)
{
    struct logic_members members = logic_members(object);
    struct logic_member member;
    json_object_begin(json);
    while (logic_members_next(&members, &member)) {
        json_key_str(json, member.name);
        write_value(&member.value, json);
    }
    json_object_end(json);
}

static void write_value(const struct logic_value *value, struct json_writer *json)
{
    switch (value->kind) {
    case LOGIC_BOOLEAN:
        json_bool(json, value->boolean);
        return;
    case LOGIC_NUMBER:
        json_double(json, value->number);
        return;
    case LOGIC_TEXT:
        json_str(json, value->text);
        return;
    case LOGIC_ARRAY:
    case LOGIC_JSON_ARRAY:
        write_array(value, json);
        return;
    case LOGIC_OBJECT:
    case LOGIC_JSON_OBJECT:
        write_object(value, json);
        return;
    case LOGIC_MISSING:
    case LOGIC_NULL:
        break;
    }
    json_nil(json);
}

enum err_code logic_write(const struct logic_value *value, struct json_writer *json)
{
    if (!logic_fits(value, JSON_WRITE_DEPTH_MAX - json->depth))
        return ERR_TOO_LARGE;
    write_value(value, json);
    return OK;
}
