#include "domain/answers.h"

#include <string.h>

#include "domain/email_address.h"
#include "domain/fold.h"
#include "domain/funnel.h"
#include "domain/headcount.h"
#include "domain/known_label.h"
#include "domain/person_name.h"
#include "schema/json.h"
#include "schema/schema.h"

enum {
    FOLDED_BYTES_MAX = 512,
    SAME_NAME_MAX = 9, /* attributes that would be called the same: name, name_2 … name_9 */
    CONSENT_PREFIX_LEN = 8,
};

/* How sure it is what an answer is for; the surer takes the name. */
enum rank {
    RANK_MAPPED,        /* the form says so */
    RANK_FORMAT,        /* the tool says so */
    RANK_TYPE_AND_NAME, /* of the type, and called so: a colleague's address may be asked for first
                         */
    RANK_TYPE,
    RANK_NAME, /* it is called so */
    RANK_OWN,  /* nothing says; an attribute of its own */
    RANK_COUNT_
};

struct candidate {
    const struct answer *answer;
    struct str name; /* absent: none yet, or none at all */
    enum rank rank;
    enum known_label known; /* only that it is a name of a person is told by it */
    bool is_done;
};

struct map_entry {
    struct str folded; /* theirs */
    struct str name;   /* ours */
};

/* Names of theirs with ours, made when they are first looked through. */
struct map_entries {
    struct map_entry *items;
    size_t count;
    bool is_made;
};

struct resolver {
    const struct catalog *catalog;
    const json_t *map;
    struct arena *arena;
    struct map_entries folded_map;
    struct map_entries attribute_labels;
    struct candidate *items;
    size_t count;
    struct our_field *fields;
    size_t field_count;
    bool is_out_of_memory;
};

static const char *const context_names[] = {
    "page_url",     "referrer",    "utm_source", "utm_medium",
    "utm_campaign", "utm_content", "utm_term",   NULL};

static bool is_consent(struct str name)
{
    return str_starts_with(name, "consent_") && name.len > CONSENT_PREFIX_LEN &&
           slug_is_valid(name);
}

/* ---- 1. the form's map ---- */

static void entries_add(struct resolver *resolver, struct map_entries *entries, struct str words,
                        struct str name)
{
    const struct str kept = arena_str(resolver->arena, words);
    resolver->is_out_of_memory |= kept.data == NULL;
    if (words.len > 0 && kept.data != NULL) {
        entries->items[entries->count++] = (struct map_entry){.folded = kept, .name = name};
    }
}

static bool entries_begin(struct resolver *resolver, struct map_entries *entries, size_t count)
{
    entries->is_made = true;
    entries->items = arena_array(resolver->arena, count, sizeof *entries->items);
    resolver->is_out_of_memory |= entries->items == NULL;
    return entries->items != NULL;
}

static struct str entries_find(const struct map_entries *entries, struct str words)
{
    for (size_t i = 0; words.len > 0 && i < entries->count; i++) {
        if (str_eq(entries->items[i].folded, words)) {
            return entries->items[i].name;
        }
    }
    return (struct str){.data = NULL};
}

static void fold_map(struct resolver *resolver)
{
    json_t *map = json_unconst(resolver->map);
    if (!entries_begin(resolver, &resolver->folded_map, json_object_size(map))) {
        return;
    }
    for (void *at = json_object_iter(map); at != NULL; at = json_object_iter_next(map, at)) {
        char words[FOLDED_BYTES_MAX];
        const struct str theirs = str_slice(json_object_iter_key(at), json_object_iter_key_len(at));
        const size_t len = fold_words(theirs, words, sizeof words);
        entries_add(resolver, &resolver->folded_map, str_slice(words, len),
                    json_str_of(json_object_iter_value(at)));
    }
}

static struct str mapped(const struct resolver *resolver, struct str name)
{
    return name.data != NULL && resolver->map != NULL
               ? json_str_of(json_object_getn(json_unconst(resolver->map), name.data, name.len))
               : (struct str){.data = NULL};
}

static struct str mapped_folded(struct resolver *resolver, struct str name)
{
    if (name.data == NULL || resolver->map == NULL) {
        return (struct str){.data = NULL};
    }
    if (!resolver->folded_map.is_made) {
        fold_map(resolver);
    }
    char words[FOLDED_BYTES_MAX];
    const size_t len = fold_words(name, words, sizeof words);
    return entries_find(&resolver->folded_map, str_slice(words, len));
}

static struct str name_by_map(struct resolver *resolver, const struct answer *answer)
{
    for (size_t i = 0; i < ANSWER_NAMES_MAX; i++) {
        const struct str name = mapped(resolver, answer->names[i]);
        if (name.data != NULL) {
            return name;
        }
    }
    const struct str by_label = mapped(resolver, answer->label);
    if (by_label.data != NULL) {
        return by_label;
    }
    for (size_t i = 0; i < ANSWER_NAMES_MAX; i++) {
        const struct str name = mapped_folded(resolver, answer->names[i]);
        if (name.data != NULL) {
            return name;
        }
    }
    return mapped_folded(resolver, answer->label);
}

/* ---- 3. and 4. names and labels ---- */

/* Without "{{…}}": where a tool puts earlier answers. */
static struct str without_placeholders(struct resolver *resolver, struct str label)
{
    if (label.len == 0 || memmem(label.data, label.len, "{{", 2) == NULL) {
        return label;
    }
    char *text = arena_alloc(resolver->arena, label.len);
    if (text == NULL) {
        resolver->is_out_of_memory = true;
        return label;
    }
    size_t len = 0;
    struct str rest = label;
    while (rest.len > 0) {
        const char *close = rest.len > 1 && rest.data[0] == '{' && rest.data[1] == '{'
                                ? memmem(rest.data, rest.len, "}}", 2)
                                : NULL;
        const size_t step = close != NULL ? (size_t)(close - rest.data) + 2 : 1;
        text[len++] = close != NULL ? ' ' : rest.data[0];
        rest = str_slice(rest.data + step, rest.len - step);
    }
    return str_slice(text, len);
}

/* A name of ours as it stands: somebody made the form with us in mind. */
static bool is_ours(const struct resolver *resolver, struct str name)
{
    return str_is(name, "email") || is_consent(name) || name_index(context_names, name) >= 0 ||
           catalog_attribute(resolver->catalog, name) != NULL;
}

static void fold_attribute_labels(struct resolver *resolver)
{
    static const char *const languages[] = {"fr", "en"};
    size_t count;
    const struct catalog_entry *const *entries =
        catalog_list(resolver->catalog, CATALOG_ATTRIBUTE, &count);
    if (!entries_begin(resolver, &resolver->attribute_labels, count * ARRAY_LEN(languages))) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *labels = json_object_get(entries[i]->body, "label");
        for (size_t j = 0; j < ARRAY_LEN(languages); j++) {
            char words[KNOWN_LABEL_BYTES_MAX];
            const struct str text = json_str_of(json_object_get(labels, languages[j]));
            entries_add(resolver, &resolver->attribute_labels,
                        str_slice(words, known_label_fold(text, words)), entries[i]->slug);
        }
    }
}

/* The attribute whose label in one of the languages this is. */
static struct str name_by_attribute(struct resolver *resolver, struct str label)
{
    if (!resolver->attribute_labels.is_made) {
        fold_attribute_labels(resolver);
    }
    char words[KNOWN_LABEL_BYTES_MAX];
    return entries_find(&resolver->attribute_labels,
                        str_slice(words, known_label_fold(label, words)));
}

/* All that an answer is called: its names, then its label. */
static struct str called(const struct answer *answer, size_t index)
{
    return index < ANSWER_NAMES_MAX ? answer->names[index] : answer->label;
}

static void name_by_label(struct resolver *resolver, struct candidate *item)
{
    for (size_t i = 0; i <= ANSWER_NAMES_MAX; i++) {
        const struct str name = called(item->answer, i);
        if (name.data != NULL && is_ours(resolver, name)) {
            item->name = name;
            return;
        }
    }
    for (size_t i = 0; i <= ANSWER_NAMES_MAX && item->known == KNOWN_NOTHING; i++) {
        const char *name;
        const struct str label = without_placeholders(resolver, called(item->answer, i));
        item->known = known_label(label, &name);
        item->name = str_from(name);
    }
    for (size_t i = 0;
         i <= ANSWER_NAMES_MAX && item->known == KNOWN_NOTHING && item->name.data == NULL; i++) {
        item->name = name_by_attribute(resolver, called(item->answer, i));
    }
}

/* Whether an answer would be this without its type, too. */
static bool is_called(struct resolver *resolver, const struct answer *answer, const char *name)
{
    struct candidate untyped = {.answer = answer};
    name_by_label(resolver, &untyped);
    return str_is(untyped.name, name);
}

/* ---- 5. an attribute of its own ---- */

bool answers_has_a_meaning(struct str name)
{
    static const char *const taken[] = {"email",     "id",           "occurred_at", "consents",
                                        "seniority", "email_domain", "free_mail",   NULL};
    return name_index(taken, name) >= 0 || is_consent(name) || name_index(context_names, name) >= 0;
}

/* The beginning of a slug, where more is to come. */
static struct str shortened(struct str slug, size_t more_len)
{
    const size_t max = SLUG_BYTES_MAX - more_len;
    return str_slice(slug.data, slug.len < max ? slug.len : max);
}

/* "Quel est votre budget ?" is quel_est_votre_budget. */
static struct str slug_of(struct resolver *resolver, const struct candidate *item, size_t index)
{
    char words[SLUG_BYTES_MAX + 1];
    const struct str label = without_placeholders(resolver, item->answer->label);
    size_t len = fold_words(label, words, sizeof words);
    for (size_t i = 0; len == 0 && i < ANSWER_NAMES_MAX; i++) {
        len = fold_words(item->answer->names[i], words, sizeof words);
    }
    for (size_t i = 0; i < len; i++) {
        words[i] = words[i] == ' ' ? '_' : words[i];
    }
    const struct str slug = str_slice(words, len);
    const char *name;
    if (len == 0) {
        name = arena_printf(resolver->arena, "field_%zu", index + 1);
    } else if (answers_has_a_meaning(slug)) {
        const struct str short_slug = shortened(slug, strlen("field_"));
        name = arena_printf(resolver->arena, "field_%.*s", STR_ARGS(short_slug));
    } else {
        name = arena_printf(resolver->arena, "%.*s", STR_ARGS(slug));
    }
    resolver->is_out_of_memory |= name == NULL;
    return str_from(name);
}

/* ---- who gets a name ---- */

static bool is_taken(const struct resolver *resolver, struct str name)
{
    for (size_t i = 0; i < resolver->field_count; i++) {
        if (str_eq(resolver->fields[i].name, name)) {
            return true;
        }
    }
    return false;
}

enum err_code our_field_read_range(struct our_field *field, struct arena *arena)
{
    int64_t count;
    double number;
    if (!str_is(field->name, "company_size") || str_to_double(str_trim(field->value), &number) ||
        !headcount_lower_end(field->value, &count)) {
        return OK;
    }
    const char *digits = arena_printf(arena, "%lld", (long long)count);
    if (digits == NULL) {
        return ERR_NOMEM;
    }
    field->range = field->value;
    field->value = str_from(digits);
    return OK;
}

static void give(struct resolver *resolver, struct candidate *item, struct str name,
                 struct str value)
{
    struct our_field *field = &resolver->fields[resolver->field_count++];
    *field = (struct our_field){.name = name, .value = value};
    if (is_consent(name) && item->answer->is_ticked) {
        field->value = STR_LITERAL("true");
    }
    resolver->is_out_of_memory |= our_field_read_range(field, resolver->arena) != OK;
    item->is_done = true;
}

static void give_by_rank(struct resolver *resolver, enum rank rank)
{
    for (size_t i = 0; i < resolver->count; i++) {
        struct candidate *item = &resolver->items[i];
        if (!item->is_done && item->rank == rank && item->name.data != NULL &&
            (is_consent(item->name) || !is_taken(resolver, item->name))) {
            give(resolver, item, item->name, item->answer->value);
        }
    }
}

/* ---- names of people ---- */

static void give_full_name(struct resolver *resolver, struct candidate *item)
{
    const struct str first = STR_LITERAL("first_name");
    const struct str last = STR_LITERAL("last_name");
    const struct person_name name = person_name_split(item->answer->value);
    if (name.last.data == NULL) {
        give(resolver, item, item->known == KNOWN_NOM ? last : first, name.first);
        return;
    }
    give(resolver, item, first, name.first);
    give(resolver, item, last, name.last);
}

static void give_names(struct resolver *resolver)
{
    for (size_t i = 0; i < resolver->count; i++) {
        struct candidate *item = &resolver->items[i];
        if (item->is_done || item->known == KNOWN_NOTHING || item->known == KNOWN_FIELD) {
            continue;
        }
        const bool has_first = is_taken(resolver, STR_LITERAL("first_name"));
        const bool has_last = is_taken(resolver, STR_LITERAL("last_name"));
        if (!has_first && !has_last) {
            give_full_name(resolver, item);
            return; /* there is one visitor */
        }
        if (has_first && !has_last && item->known != KNOWN_FULL_NAME) {
            give(resolver, item, STR_LITERAL("last_name"), item->answer->value);
        }
    }
}

/* ---- the rest ---- */

static void find_email(struct resolver *resolver)
{
    for (size_t i = 0; i < resolver->count; i++) {
        struct candidate *item = &resolver->items[i];
        const struct str value = item->answer->value;
        struct email_address address;
        struct err ignored;
        if (item->is_done || item->answer->kind == ANSWER_DETAIL ||
            value.len > EMAIL_INPUT_BYTES_MAX || memchr(value.data, '@', value.len) == NULL) {
            continue;
        }
        const enum err_code code = email_address_parse(value, resolver->arena, &address, &ignored);
        resolver->is_out_of_memory |= code == ERR_NOMEM;
        if (code == OK) {
            give(resolver, item, STR_LITERAL("email"), value);
            return;
        }
    }
}

static void give_own_name(struct resolver *resolver, struct candidate *item, size_t index)
{
    const struct str slug = slug_of(resolver, item, index);
    struct str name = slug;
    for (int number = 2; number <= SAME_NAME_MAX && is_taken(resolver, name); number++) {
        const struct str short_slug = shortened(slug, strlen("_9"));
        name = str_from(arena_printf(resolver->arena, "%.*s_%d", STR_ARGS(short_slug), number));
    }
    resolver->is_out_of_memory |= name.data == NULL;
    if (name.data != NULL && !is_taken(resolver, name)) {
        give(resolver, item, name, item->answer->value);
    }
}

static void look_at(struct resolver *resolver, struct candidate *item)
{
    const struct answer *answer = item->answer;
    item->rank = RANK_MAPPED;
    item->name = name_by_map(resolver, answer);
    if (item->name.data == NULL && answer->ours != NULL) {
        item->rank = RANK_FORMAT;
        item->name = str_from(answer->ours);
    }
    if (item->name.data != NULL) {
        return;
    }
    if (answer->kind == ANSWER_DETAIL) {
        item->is_done = true;
        return;
    }
    if (answer->kind == ANSWER_PLAIN) {
        item->rank = RANK_NAME;
        name_by_label(resolver, item);
        return;
    }
    const char *name = answer->kind == ANSWER_EMAIL ? "email" : "phone";
    item->rank = is_called(resolver, answer, name) ? RANK_TYPE_AND_NAME : RANK_TYPE;
    item->name = str_from(name);
}

static void resolve(struct resolver *resolver)
{
    for (size_t i = 0; i < resolver->count; i++) {
        look_at(resolver, &resolver->items[i]);
    }
    for (enum rank rank = RANK_MAPPED; rank < RANK_OWN; rank++) {
        give_by_rank(resolver, rank);
    }
    if (!is_taken(resolver, STR_LITERAL("email"))) {
        find_email(resolver);
    }
    give_names(resolver);
    for (size_t i = 0; i < resolver->count; i++) {
        if (!resolver->items[i].is_done) {
            give_own_name(resolver, &resolver->items[i], i);
        }
    }
}

enum err_code answers_resolve(const struct catalog *catalog, const json_t *map,
                              const struct answer *answers, size_t count, struct arena *arena,
                              struct our_field **ret_fields, size_t *ret_count)
{
    struct resolver resolver = {
        .catalog = catalog,
        .map = json_is_object(map) ? map : NULL,
        .arena = arena,
        .items = arena_array(arena, count, sizeof *resolver.items),
        .count = count,
        .fields = arena_array(arena, count + 1, sizeof *resolver.fields),
    };
    if (resolver.items == NULL || resolver.fields == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        resolver.items[i].answer = &answers[i];
    }
    resolve(&resolver);
    if (resolver.is_out_of_memory) {
        return ERR_NOMEM;
    }
    *ret_fields = resolver.fields;
    *ret_count = resolver.field_count;
    return OK;
}
