/* Form bodies as PHP reads them: WordPress's plugins can send their webhooks so, too. */
#include "schema/adapter.h"
#include "schema/json.h"

enum { STEPS_MAX = 8 };

/* "a[b][]": the steps a, b and an empty one, which appends. */
struct name_steps {
    struct str items[STEPS_MAX];
    size_t count;
};

/* A name with brackets that do not pair up, or too many, is one step, as it is. */
static void split(struct str name, struct name_steps *ret_steps)
{
    *ret_steps = (struct name_steps){.items = {name}, .count = 1};
    const char *open = memchr(name.data, '[', name.len);
    if (open == NULL || open == name.data) {
        return;
    }
    struct name_steps steps = {.items = {str_slice(name.data, (size_t)(open - name.data))},
                               .count = 1};
    struct str rest = str_slice(open, name.len - (size_t)(open - name.data));
    while (rest.len > 0) {
        const char *close = memchr(rest.data, ']', rest.len);
        if (rest.data[0] != '[' || close == NULL || steps.count == STEPS_MAX) {
            return;
        }
        const size_t len = (size_t)(close - rest.data) - 1;
        steps.items[steps.count++] = str_slice(rest.data + 1, len);
        rest = str_slice(close + 1, rest.len - len - 2);
    }
    *ret_steps = steps;
}

/* The array or object at a step, made when there is none; NULL when something else is there. False:
 * out of memory. */
static bool descend(json_t *parent, struct str step, bool to_array, json_t **ret_child)
{
    json_t *child = json_is_object(parent) ? json_object_getn(parent, step.data, step.len) : NULL;
    if (child != NULL) {
        const bool is_right = to_array ? json_is_array(child) : json_is_object(child);
        *ret_child = is_right ? child : NULL;
        return true;
    }
    *ret_child = to_array ? json_array() : json_object();
    return (json_is_array(parent)
                ? json_array_append_new(parent, *ret_child)
                : json_object_setn_new(parent, step.data, step.len, *ret_child)) == 0;
}

/* Names that contradict each other ("a=1&a[b]=2"): the first one stays. */
static bool put(json_t *tree, const struct form_field *field)
{
    struct name_steps steps;
    split(field->name, &steps);
    json_t *at = tree;
    for (size_t i = 0; i + 1 < steps.count && at != NULL; i++) {
        const bool to_array = steps.items[i + 1].len == 0;
        if (!descend(at, steps.items[i], to_array, &at)) {
            return false;
        }
    }
    if (at == NULL) {
        return true;
    }
    json_t *value = json_stringn(field->value.data, field->value.len);
    const struct str last = steps.items[steps.count - 1];
    return (json_is_array(at) ? json_array_append_new(at, value)
                              : json_object_setn_new(at, last.data, last.len, value)) == 0;
}

json_t *adapter_form_tree(const struct form_body *form)
{
    json_t *tree = json_object();
    for (size_t i = 0; i < form->count; i++) {
        if (!put(tree, &form->fields[i])) {
            json_decref(tree);
            return NULL;
        }
    }
    return tree;
}
