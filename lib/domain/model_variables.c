#include "domain/model_variables.h"

/* How an operator treats its arguments, as far as variables are concerned. */
enum reach {
    REACH_ALL,    /* all arguments see the data */
    REACH_FIRST,  /* the further ones see something else: an item, an error */
    REACH_LOOKUP, /* the first names a variable */
    REACH_NAMES,  /* all name variables, also as one list */
    REACH_SECOND_NAMES,
    REACH_NONE, /* nothing is evaluated */
};

static enum reach reach_of(const char *operator_name)
{
    static const struct {
        const char *name;
        enum reach reach;
    } reaches[] = {
        {"var",          REACH_LOOKUP      },
        {"val",          REACH_LOOKUP      },
        {"exists",       REACH_LOOKUP      },
        {"missing",      REACH_NAMES       },
        {"missing_some", REACH_SECOND_NAMES},
        {"map",          REACH_FIRST       },
        {"filter",       REACH_FIRST       },
        {"reduce",       REACH_FIRST       },
        {"all",          REACH_FIRST       },
        {"some",         REACH_FIRST       },
        {"none",         REACH_FIRST       },
        {"try",          REACH_FIRST       },
        {"preserve",     REACH_NONE        },
    };
    for (size_t i = 0; i < ARRAY_LEN(reaches); i++)
        if (strcmp(operator_name, reaches[i].name) == 0)
            return reaches[i].reach;
    return REACH_ALL;
}

/* The first name of a path "a.b"; a backslash before a dot, slash or backslash quotes it. */
static struct str first_name(struct arena *arena, struct str path)
{
    char *name = arena_alloc(arena, path.len + 1);
    size_t len = 0;
    for (size_t i = 0; name != NULL && i < path.len && path.data[i] != '.'; i++) {
        bool is_quote = path.data[i] == '\\' && i + 1 < path.len &&
                        strchr("./\\", path.data[i + 1]) != NULL;
        i += is_quote ? 1 : 0;
        name[len++] = path.data[i];
    }
    return str_slice(name, len);
}

static void note(struct model_variables *variables, const json_t *path)
{
    struct str text = str_slice(json_string_value(path), json_string_length(path));
    if (text.len == 0 || text.len > MODEL_VARIABLE_BYTES_MAX || str_starts_with(text, "../"))
        return; /* the data as a whole, or nothing that could be there */
    struct str name = first_name(variables->arena, text);
    if (name.data == NULL) {
        variables->is_out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < variables->count; i++)
        if (str_eq(variables->names[i], name))
            return;
    if (variables->count == MODEL_VARIABLES_MAX) {
        variables->is_full = true;
        return;
    }
    variables->names[variables->count++] = name;
}

static const json_t *argument(const json_t *arguments, size_t index)
{
    if (json_is_array(arguments))
        return json_array_get(arguments, index);
    return index == 0 ? arguments : NULL;
}

/* The names in the argument of `missing`: strings, as they are or in a list. */
static void note_names(struct model_variables *variables, const json_t *names)
{
    if (json_is_string(names))
        note(variables, names);
    else if (json_is_object(names))
        model_variables_add(variables, names);
    for (size_t i = 0; i < json_array_size(names); i++)
        note_names(variables, json_array_get(names, i));
}

static void note_operator(struct model_variables *variables, const char *operator_name,
                          const json_t *arguments)
{
    switch (reach_of(operator_name)) {
    case REACH_ALL:
        model_variables_add(variables, arguments);
        break;
    case REACH_FIRST:
        model_variables_add(variables, argument(arguments, 0));
        break;
    case REACH_LOOKUP:
        if (json_is_string(argument(arguments, 0)))
            note(variables, argument(arguments, 0));
        model_variables_add(variables, arguments);
        break;
    case REACH_NAMES:
        note_names(variables, arguments);
        break;
    case REACH_SECOND_NAMES:
        note_names(variables, argument(arguments, 1));
        break;
    case REACH_NONE:
        break;
    }
}

void model_variables_add(struct model_variables *variables, const json_t *rule)
{
    for (size_t i = 0; i < json_array_size(rule); i++)
        model_variables_add(variables, json_array_get(rule, i));
    if (!json_is_object(rule))
        return;
    json_t *object;
    memcpy(&object, &rule, sizeof object); /* jansson's iterators take no const tree */
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at))
        note_operator(variables, json_object_iter_key(at), json_object_iter_value(at));
}
