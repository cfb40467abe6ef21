/* Paths into data: split once where the rule has them, then followed through scopes and values. */
#include <math.h>

#include "domain/logic_program.h"
#include "domain/logic_text.h"

enum {
    CLIMB_MAX = 1000,     /* levels; a rule cannot be nested that deep */
    MEMBERS_PER_STEP = 16 /* names compared in a flat object for the price of a step */
};

/* "0", "7", "12" but not "07", "+7" or "7.0". */
static size_t index_of_name(struct str name)
{
    int64_t index;
    bool is_canonical = name.len > 0 && (name.data[0] != '0' || name.len == 1);
    if (!is_canonical || name.data[0] == '-' || !str_to_int64(name, &index))
        return SIZE_MAX;
    return (size_t)index;
}

static struct logic_key key_of_name(struct str name)
{
    return (struct logic_key){.name = name, .index = index_of_name(name)};
}

static bool is_escaped(struct str text, size_t at)
{
    return text.data[at] == '\\' && at + 1 < text.len &&
           (text.data[at + 1] == '.' || text.data[at + 1] == '/' || text.data[at + 1] == '\\');
}

/* The name at the start of `rest`, which then begins behind the name's dot, or is absent. */
static bool cut_name(struct arena *arena, struct str *rest, struct str *ret_name)
{
    size_t len = 0;
    size_t escapes = 0;
    while (len < rest->len && rest->data[len] != '.') {
        bool is_escape = is_escaped(*rest, len);
        escapes += is_escape ? 1 : 0;
        len += is_escape ? 2 : 1;
    }
    struct str name = str_slice(rest->data, len);
    *rest = len < rest->len ? str_slice(rest->data + len + 1, rest->len - len - 1)
                            : (struct str){.data = NULL};
    if (escapes > 0) {
        char *copy = arena_alloc(arena, len);
        if (copy == NULL)
            return false;
        size_t used = 0;
        for (size_t i = 0; i < len; i++) {
            i += is_escaped(name, i) ? 1 : 0;
            copy[used++] = name.data[i];
        }
        name = str_slice(copy, used);
    }
    *ret_name = name;
    return true;
}

static size_t count_dots(struct str text)
{
    size_t dots = 0;
    for (size_t i = 0; i < text.len; i++)
        dots += text.data[i] == '.' ? 1 : 0;
    return dots;
}

static enum err_code path_split(struct arena *arena, struct str text, struct logic_path *ret_path)
{
    struct logic_key *keys = arena_array(arena, count_dots(text) + 1, sizeof *keys);
    if (keys == NULL)
        return ERR_NOMEM;
    /* A text of nothing but dots has as many empty names as dots: "." is the member "". */
    bool is_all_dots = text.len > 0 && count_dots(text) == text.len;
    struct str rest = is_all_dots ? str_slice(text.data + 1, text.len - 1) : text;
    size_t count = 0;
    while (rest.data != NULL) {
        struct str name;
        if (!cut_name(arena, &rest, &name))
            return ERR_NOMEM;
        keys[count++] = key_of_name(name);
    }
    ret_path->keys = keys;
    ret_path->count = count;
    return OK;
}

enum err_code logic_path_from_name(struct arena *arena, const struct logic_value *name,
                                   struct logic_path *ret_path)
{
    struct str text;
    *ret_path = (struct logic_path){.climb = 0};
    enum err_code code = logic_to_text(arena, name, &text);
    return code == OK && text.len > 0 ? path_split(arena, text, ret_path) : code;
}

enum err_code logic_path_from_var(struct arena *arena, const struct logic_value *key,
                                  struct logic_path *ret_path)
{
    *ret_path = (struct logic_path){.climb = 0};
    if (logic_is_nothing(key))
        return OK;
    struct logic_value name = *key;
    size_t climb = 0;
    while (name.kind == LOGIC_TEXT && str_starts_with(name.text, "../")) {
        name.text = str_slice(name.text.data + 3, name.text.len - 3);
        climb++;
    }
    enum err_code code = logic_path_from_name(arena, &name, ret_path);
    ret_path->climb = climb;
    return code;
}

/* [n] and [-n] both climb n levels. */
static size_t climb_of(const struct logic_value *value)
{
    double levels = 0;
    if (value->kind == LOGIC_NUMBER)
        levels = ceil(fabs(value->number));
    else if (value->kind == LOGIC_TEXT && logic_text_to_number(value->text, &levels))
        levels = ceil(fabs(levels));
    return levels < CLIMB_MAX ? (size_t)levels : CLIMB_MAX;
}

static enum err_code key_of_value(struct arena *arena, const struct logic_value *value,
                                  struct logic_key *ret_key)
{
    struct str name;
    enum err_code code = logic_to_text(arena, value, &name);
    if (code == OK)
        *ret_key = key_of_name(name);
    return code;
}

enum err_code logic_path_from_val(struct arena *arena, const struct logic_value *names,
                                  struct logic_path *ret_path)
{
    struct logic_path path = {.climb = 0};
    bool is_list = logic_is_array(names);
    size_t count = is_list ? logic_count(names) : 1;
    struct logic_key *keys = arena_array(arena, count > 0 ? count : 1, sizeof *keys);
    if (keys == NULL)
        return ERR_NOMEM;
    path.keys = keys;
    for (size_t i = 0; i < count; i++) {
        struct logic_value name = is_list ? logic_item(names, i) : *names;
        if (i == 0 && is_list && logic_is_array(&name) && logic_count(&name) == 1) {
            struct logic_value levels = logic_item(&name, 0);
            path.climb = climb_of(&levels);
            continue;
        }
        enum err_code code = key_of_value(arena, &name, &keys[path.count]);
        if (code != OK)
            return code;
        path.count++;
    }
    *ret_path = path;
    return OK;
}

/* What stands between a scope and the outer one. */
static bool scope_between(struct logic_run *run, const struct logic_scope *scope,
                          struct logic_value *ret_value)
{
    switch (scope->between) {
    case LOGIC_BETWEEN_NOTHING:
        *ret_value = logic_null();
        return true;
    case LOGIC_BETWEEN_LIST:
        *ret_value = scope->list;
        return true;
    case LOGIC_BETWEEN_INDEX:
        break;
    }
    struct logic_member *members = arena_array(run->arena, 2, sizeof *members);
    if (members == NULL)
        return logic_fail(run, ERR_NOMEM);
    members[0] = (struct logic_member){STR_LITERAL("iterator"), scope->list};
    members[1] = (struct logic_member){STR_LITERAL("index"), logic_number((double)scope->index)};
    *ret_value = logic_object(members, 2);
    return true;
}

static bool scope_climb(struct logic_run *run, const struct logic_scope *scope, size_t levels,
                        struct logic_value *ret_value)
{
    while (levels >= 2 && scope->outer != NULL) {
        scope = scope->outer;
        levels -= 2;
    }
    if (levels == 0) {
        *ret_value = scope->value;
        return true;
    }
    if (levels == 1 && scope->outer != NULL)
        return scope_between(run, scope, ret_value);
    *ret_value = logic_missing();
    return true;
}

static bool text_member(struct logic_run *run, struct str text, const struct logic_key *key,
                        struct logic_value *ret_value)
{
    *ret_value = logic_missing();
    if (!logic_charge_text(run, text.len))
        return false;
    if (str_is(key->name, "length")) {
        *ret_value = logic_number((double)logic_text_length(text));
        return true;
    }
    if (key->index == SIZE_MAX)
        return true;
    struct str unit = logic_text_slice(run->arena, text, key->index, 1);
    if (unit.data == NULL)
        return logic_fail(run, ERR_NOMEM);
    if (unit.len > 0)
        *ret_value = logic_text(unit);
    return true;
}

static bool member_of(struct logic_run *run, const struct logic_value *value,
                      const struct logic_key *key, struct logic_value *ret_value)
{
    switch (value->kind) {
    case LOGIC_OBJECT:
        if (!logic_charge(run, value->object.count / MEMBERS_PER_STEP))
            return false;
        *ret_value = logic_member(value, key->name);
        return true;
    case LOGIC_JSON_OBJECT:
        *ret_value = logic_member(value, key->name);
        return true;
    case LOGIC_ARRAY:
    case LOGIC_JSON_ARRAY:
        *ret_value = str_is(key->name, "length") ? logic_number((double)logic_count(value))
                                                 : logic_item(value, key->index);
        return true;
    case LOGIC_TEXT:
        return text_member(run, value->text, key, ret_value);
    case LOGIC_MISSING:
    case LOGIC_NULL:
    case LOGIC_BOOLEAN:
    case LOGIC_NUMBER:
        break;
    }
    *ret_value = logic_missing();
    return true;
}

bool logic_path_follow(struct logic_run *run, const struct logic_scope *scope,
                       const struct logic_path *path, struct logic_value *ret_value)
{
    struct logic_value value;
    if (!scope_climb(run, scope, path->climb, &value))
        return false;
    for (size_t i = 0; i < path->count; i++) {
        struct logic_value holder = value;
        if (!member_of(run, &holder, &path->keys[i], &value))
            return false;
    }
    *ret_value = value;
    return true;
}
