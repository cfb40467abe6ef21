#include "domain/form_fields.h"

#include "domain/fold.h"
#include "domain/funnel.h"
#include "domain/known_label.h"
#include "domain/protection.h"
#include "schema/json.h"
#include "schema/schema.h"

/* ---- names ---- */

static struct str mapped(const json_t *map, struct str name)
{
    return map != NULL ? json_str_of(json_object_getn(json_unconst(map), name.data, name.len))
                       : (struct str){.data = NULL};
}

/* "topics" of "topics[]". */
static struct str without_brackets(struct str name)
{
    const bool has_brackets = name.len > 2 && memcmp(name.data + name.len - 2, "[]", 2) == 0;
    return has_brackets ? str_slice(name.data, name.len - 2) : name;
}

/* An attribute's name made of the words; where there are none, of the field's place. */
static struct str name_of_words(struct str name, size_t index, struct arena *arena)
{
    static const char prefix[] = "field_";
    char words[SLUG_BYTES_MAX - sizeof prefix + 2];
    const size_t len = fold_words(name, words, sizeof words);
    for (size_t i = 0; i < len; i++) {
        words[i] = words[i] == ' ' ? '_' : words[i];
    }
    if (len == 0) {
        return str_from(arena_printf(arena, "%s%zu", prefix, index + 1));
    }
    const struct str slug = str_slice(words, len);
    return str_from(
        arena_printf(arena, "%s%.*s", answers_has_a_meaning(slug) ? prefix : "", STR_ARGS(slug)));
}

struct str form_field_meaning(const json_t *map, struct str name, size_t index, struct arena *arena)
{
    const char *known;
    const struct str base = without_brackets(name);
    struct str meaning = mapped(map, name);
    meaning = meaning.data != NULL ? meaning : mapped(map, base);
    if (meaning.data != NULL) {
        return meaning;
    }
    if (slug_is_valid(base)) {
        return base;
    }
    return known_label(base, &known) == KNOWN_FIELD ? str_from(known)
                                                    : name_of_words(base, index, arena);
}

/* ---- values ---- */

bool form_box_is_ticked(struct str value)
{
    static const char *const yes[] = {"on", "true", "yes", "1", "oui", NULL};
    return name_index(yes, value) >= 0;
}

/* What pages put into a hidden field beside a box, so that an empty one is told. */
static bool is_unticked(struct str value)
{
    static const char *const no[] = {"off", "false", "no", "0", "non", NULL};
    return name_index(no, value) >= 0;
}

/* Whether one of the values that were joined is this one. */
static bool holds(struct str joined, struct str value)
{
    while (joined.len > value.len) {
        if (memcmp(joined.data, value.data, value.len) == 0 && joined.data[value.len] == ',') {
            return true;
        }
        const char *next = memmem(joined.data, joined.len, ", ", 2);
        if (next == NULL) {
            return false;
        }
        joined = str_slice(next + 2, joined.len - (size_t)(next - joined.data) - 2);
    }
    return str_eq(joined, value);
}

/* The value of a name that came before with this one, too; absent: out of memory. */
static struct str combined(struct str before, struct str value, struct arena *arena)
{
    if (str_trim(value).len == 0 || is_unticked(value) || holds(before, value)) {
        return str_trim(before).len > 0 ? before : value;
    }
    if (str_trim(before).len == 0 || is_unticked(before)) {
        return value;
    }
    const bool is_said = form_box_is_ticked(before) && form_box_is_ticked(value);
    if (is_said || before.len + 2 + value.len > ANSWER_MADE_BYTES_MAX) {
        return before;
    }
    return str_from(arena_printf(arena, "%.*s, %.*s", STR_ARGS(before), STR_ARGS(value)));
}

/* ---- fields ---- */

/* The last one counts, whatever came before. */
static bool is_alone(struct str name)
{
    static const char *const names[] = {
        "id",         "occurred_at",  PROTECTION_TOKEN_FIELD, "page_url", "referrer", "utm_source",
        "utm_medium", "utm_campaign", "utm_content",          "utm_term", NULL};
    return name_index(names, name) >= 0;
}

static struct our_field *find(struct our_field *fields, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(fields[i].name, name)) {
            return &fields[i];
        }
    }
    return NULL;
}

/* False: out of memory. */
static bool add(struct our_field *fields, size_t *count, struct our_field field,
                struct arena *arena)
{
    struct our_field *before = find(fields, *count, field.name);
    const bool is_email = str_is(field.name, "email");
    if (before == NULL) {
        fields[(*count)++] = field;
    } else if (is_alone(field.name) || (is_email && str_trim(before->value).len == 0)) {
        before->value = field.value;
    } else if (!is_email) {
        before->value = combined(before->value, field.value, arena);
    }
    return before == NULL || before->value.data != NULL;
}

enum err_code form_fields_resolve(const json_t *map, struct str honeypot,
                                  const struct form_field *fields, size_t count,
                                  struct arena *arena, struct our_field **ret_fields,
                                  size_t *ret_count)
{
    struct our_field *ours = arena_array(arena, count, sizeof *ours);
    size_t our_count = 0;
    if (ours == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        const bool is_trap = honeypot.data != NULL && str_eq(fields[i].name, honeypot);
        if (is_trap || form_field_is_captcha(fields[i].name)) {
            continue;
        }
        const struct our_field field = {.name = form_field_meaning(map, fields[i].name, i, arena),
                                        .value = fields[i].value};
        if (field.name.data == NULL || !add(ours, &our_count, field, arena)) {
            return ERR_NOMEM;
        }
    }
    for (size_t i = 0; i < our_count; i++) {
        if (our_field_read_range(&ours[i], arena) != OK) {
            return ERR_NOMEM;
        }
    }
    *ret_fields = ours;
    *ret_count = our_count;
    return OK;
}
