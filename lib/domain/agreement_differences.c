/*
 * Both forms are made from one walk over the two bodies: it finds each difference once and hands it
 * to who writes it. Promises are compared by their ids, so that another number in one is a change
 * and not an old one gone and a new one come.
 */
#include "domain/agreement_differences.h"

#include <stdio.h>

#include "domain/agreement_internal.h"
#include "domain/agreement_text.h"
#include "domain/agreement_words.h"
#include "domain/funnel.h"

#define NBSP "\u00a0"

enum { SENTENCE_BYTES_MAX = 256 * 1024 };

enum difference_kind {
    DIFFERENCE_COMMITMENT,
    DIFFERENCE_POLICY,
    DIFFERENCE_MODEL,
    DIFFERENCE_DEFINITION, /* of a stage */
    DIFFERENCE_AGREEMENT,  /* its own name and note */
};
static const char *const kind_names[] = {"commitment", "policy", "scoring_model", "definition",
                                         "agreement"};

/* before NULL: added; after NULL: removed. Objects, whose fields are compared. */
struct difference {
    enum difference_kind kind;
    struct str id; /* of promises; a stage's name; absent */
    const json_t *before;
    const json_t *after;
};

struct walk {
    const struct catalog *catalog;
    const json_t *before; /* the bodies; NULL: none */
    const json_t *after;
    void (*found)(struct walk *walk, const struct difference *difference);
    struct json_writer *json; /* for one who writes JSON … */
    json_t *blocks;           /* … or text */
    enum language language;
    bool failed;
};

/* ---- finding ---- */

static void compare_items(struct walk *walk, enum difference_kind kind, const char *list)
{
    const json_t *before = json_object_get(walk->before, list);
    const json_t *after = json_object_get(walk->after, list);
    for (size_t i = 0; i < json_array_size(after); i++) {
        const json_t *item = json_array_get(after, i);
        const struct difference difference = {
            .kind = kind,
            .id = agreement_text_of(item, "id"),
            .before = agreement_item(before, agreement_text_of(item, "id")),
            .after = item};
        if (difference.before == NULL || !json_equal(difference.before, item))
            walk->found(walk, &difference);
    }
    for (size_t i = 0; i < json_array_size(before); i++) {
        const json_t *item = json_array_get(before, i);
        const struct difference difference = {
            .kind = kind, .id = agreement_text_of(item, "id"), .before = item};
        if (agreement_item(after, difference.id) == NULL)
            walk->found(walk, &difference);
    }
}

static void compare_definitions(struct walk *walk)
{
    const json_t *before = json_object_get(walk->before, "definitions");
    const json_t *after = json_object_get(walk->after, "definitions");
    for (size_t i = 0; before != NULL && stage_names[i] != NULL; i++) {
        const struct difference difference = {.kind = DIFFERENCE_DEFINITION,
                                              .id = str_from(stage_names[i]),
                                              .before = json_object_get(before, stage_names[i]),
                                              .after = json_object_get(after, stage_names[i])};
        if (difference.before != NULL && difference.after != NULL &&
            !json_equal(difference.before, difference.after))
            walk->found(walk, &difference);
    }
}

/* Of an object the members with these names; a new reference. */
static json_t *members(const json_t *object, const char *const names[])
{
    json_t *some = json_object();
    for (size_t i = 0; names[i] != NULL; i++) {
        json_t *value = json_object_get(object, names[i]);
        if (value != NULL)
            (void)json_object_set(some, names[i], value);
    }
    return some;
}

static void compare_members(struct walk *walk, enum difference_kind kind, const char *const names[])
{
    json_auto_t *before = members(walk->before, names);
    json_auto_t *after = members(walk->after, names);
    const struct difference difference = {.kind = kind, .before = before, .after = after};
    if (walk->before != NULL && !json_equal(before, after))
        walk->found(walk, &difference);
}

static void walk_differences(struct walk *walk)
{
    static const char *const own[] = {"name", "note", NULL};
    static const char *const model[] = {"scoring_model", NULL};
    compare_items(walk, DIFFERENCE_COMMITMENT, "commitments");
    compare_items(walk, DIFFERENCE_POLICY, "policies");
    compare_members(walk, DIFFERENCE_MODEL, model);
    compare_definitions(walk);
    compare_members(walk, DIFFERENCE_AGREEMENT, own);
}

/* ---- in words ---- */

static void put(struct buf *out, const char *fr, const char *en, enum language language)
{
    buf_append_text(out, language == LANGUAGE_FR ? fr : en);
}

static void put_promise(struct buf *out, const struct walk *walk, enum difference_kind kind,
                        const json_t *item, enum language language)
{
    if (kind == DIFFERENCE_POLICY)
        words_policy(out, item, walk->catalog, language);
    else
        words_commitment(out, item, agreement_text_of(walk->after, "currency"), walk->catalog,
                         language);
}

/* Names of the fields that differ: "warn_at, position". */
static void put_field_names(struct buf *out, const struct difference *difference)
{
    const size_t begin = out->len;
    json_t *after = json_unconst(difference->after);
    for (void *at = json_object_iter(after); at != NULL; at = json_object_iter_next(after, at)) {
        const char *name = json_object_iter_key(at);
        if (json_equal(json_object_get(difference->before, name), json_object_iter_value(at)))
            continue;
        buf_append_text(out, out->len > begin ? ", " : "");
        buf_append_text(out, name);
    }
}

static void put_promise_words(struct buf *out, const struct walk *walk,
                              const struct difference *difference, enum language language)
{
    CLEANUP(buf_done) struct buf before;
    CLEANUP(buf_done) struct buf after;
    buf_init(&before, SENTENCE_BYTES_MAX);
    buf_init(&after, SENTENCE_BYTES_MAX);
    if (difference->before != NULL)
        put_promise(&before, walk, difference->kind, difference->before, language);
    if (difference->after != NULL)
        put_promise(&after, walk, difference->kind, difference->after, language);
    const json_t *named = difference->after != NULL ? difference->after : difference->before;
    if (difference->before == NULL)
        put(out, "Ajouté" NBSP ": ", "Added: ", language);
    else if (difference->after == NULL)
        put(out, "Supprimé" NBSP ": ", "Removed: ", language);
    else
        put(out, "Changé" NBSP ": ", "Changed: ", language);
    buf_append_str(out, agreement_text_of(named, "name"));
    put(out, NBSP ": ", ": ", language);
    if (difference->before == NULL || difference->after == NULL) {
        buf_append_str(out, buf_str(difference->after != NULL ? &after : &before));
    } else if (str_eq(buf_str(&before), buf_str(&after))) {
        put_field_names(out, difference);
        buf_append_char(out, '.');
    } else {
        put(out, "avant" NBSP ": «" NBSP, "before: “", language);
        buf_append_str(out, buf_str(&before));
        put(out,
            NBSP "»"
                 "\u202f"
                 "; maintenant" NBSP ": «" NBSP,
            "”; now: “", language);
        buf_append_str(out, buf_str(&after));
        put(out, NBSP "».", "”.", language);
    }
    out->failed |= before.failed || after.failed;
}

static void put_definition_words(struct buf *out, const struct difference *difference,
                                 enum language language)
{
    const char *name = language_names[language];
    const struct str before =
        agreement_text_of(json_object_get(difference->before, "definition"), name);
    const struct str after =
        agreement_text_of(json_object_get(difference->after, "definition"), name);
    put(out, "Changé" NBSP ": ce que veut dire «" NBSP, "Changed: what “", language);
    buf_append_str(out, agreement_text_of(json_object_get(difference->after, "label"), name));
    put(out, NBSP "»", "” means", language);
    if (str_eq(before, after)) {
        buf_append_text(out, " (");
        put_field_names(out, difference);
        buf_append_text(out, ").");
        return;
    }
    put(out, NBSP ": avant" NBSP ": «" NBSP, ": before: “", language);
    buf_append_str(out, before);
    put(out,
        NBSP "»"
             "\u202f"
             "; maintenant" NBSP ": «" NBSP,
        "”; now: “", language);
    buf_append_str(out, after);
    put(out, NBSP "».", "”.", language);
}

static void put_model_words(struct buf *out, const struct difference *difference,
                            enum language language)
{
    const json_t *before = json_object_get(difference->before, "scoring_model");
    const json_t *after = json_object_get(difference->after, "scoring_model");
    put(out, "Changé" NBSP ": le modèle de score n°" NBSP, "Changed: scoring model" NBSP, language);
    words_number(out, json_number_value(after), language);
    put(out, " remplace le n°" NBSP, " replaces" NBSP, language);
    words_number(out, json_number_value(before), language);
    buf_append_char(out, '.');
}

static void put_words(struct buf *out, const struct walk *walk, const struct difference *difference,
                      enum language language)
{
    switch (difference->kind) {
    case DIFFERENCE_COMMITMENT:
    case DIFFERENCE_POLICY:
        put_promise_words(out, walk, difference, language);
        break;
    case DIFFERENCE_MODEL:
        put_model_words(out, difference, language);
        break;
    case DIFFERENCE_DEFINITION:
        put_definition_words(out, difference, language);
        break;
    case DIFFERENCE_AGREEMENT:
        put(out, "Changé" NBSP ": le nom ou les remarques de l’accord.",
            "Changed: the agreement’s name or notes.", language);
        break;
    }
}

/* ---- as JSON ---- */

static void write_value(struct json_writer *json, const char *name, const json_t *value)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, SENTENCE_BYTES_MAX);
    if (value != NULL)
        json_serialize(&text, value);
    JSON_FIELD(json, name, json_raw, buf_str(&text));
    json->buf->failed |= text.failed;
}

static void write_field(struct json_writer *json, const struct difference *difference,
                        const char *name)
{
    json_object_begin(json);
    JSON_FIELD(json, "field", json_text, name);
    write_value(json, "before", json_object_get(difference->before, name));
    write_value(json, "after", json_object_get(difference->after, name));
    json_object_end(json);
}

/* Of a change, each field that differs. */
static void write_fields(struct json_writer *json, const struct difference *difference)
{
    json_key(json, "fields");
    json_array_begin(json);
    const bool is_change = difference->before != NULL && difference->after != NULL;
    json_t *after = json_unconst(difference->after);
    json_t *before = json_unconst(difference->before);
    for (void *at = is_change ? json_object_iter(after) : NULL; at != NULL;
         at = json_object_iter_next(after, at)) {
        const char *name = json_object_iter_key(at);
        if (!json_equal(json_object_get(before, name), json_object_iter_value(at)))
            write_field(json, difference, name);
    }
    for (void *at = is_change ? json_object_iter(before) : NULL; at != NULL;
         at = json_object_iter_next(before, at))
        if (json_object_get(after, json_object_iter_key(at)) == NULL)
            write_field(json, difference, json_object_iter_key(at));
    json_array_end(json);
}

static void found_for_json(struct walk *walk, const struct difference *difference)
{
    struct json_writer *json = walk->json;
    const json_t *named = difference->after != NULL ? difference->after : difference->before;
    json_object_begin(json);
    JSON_FIELD(json, "kind", json_text, kind_names[difference->kind]);
    JSON_FIELD(json, "id", json_str, difference->id);
    JSON_FIELD(json, "name", json_str, agreement_text_of(named, "name"));
    JSON_FIELD(json, "change", json_text,
               difference->before == NULL  ? "added"
               : difference->after == NULL ? "removed"
                                           : "changed");
    write_fields(json, difference);
    json_key(json, "words");
    json_object_begin(json);
    for (unsigned language = 0; language < LANGUAGE_COUNT_; language++) {
        CLEANUP(buf_done) struct buf words;
        buf_init(&words, 4 * SENTENCE_BYTES_MAX);
        put_words(&words, walk, difference, (enum language)language);
        JSON_FIELD(json, language_names[language], json_str, buf_str(&words));
        json->buf->failed |= words.failed;
    }
    json_object_end(json);
    json_object_end(json);
}

void agreement_differences_write(struct json_writer *json, const json_t *before,
                                 const json_t *after, const struct catalog *catalog)
{
    struct walk walk = {.catalog = catalog,
                        .before = before,
                        .after = after,
                        .found = found_for_json,
                        .json = json};
    json_array_begin(json);
    walk_differences(&walk);
    json_array_end(json);
}

/* ---- as a text ---- */

static void found_for_text(struct walk *walk, const struct difference *difference)
{
    CLEANUP(buf_done) struct buf words;
    buf_init(&words, 4 * SENTENCE_BYTES_MAX);
    put_words(&words, walk, difference, walk->language);
    const struct str line = buf_str(&words);
    json_t *block = json_array();
    if (words.failed ||
        json_array_append_new(block, json_string(agreement_block_names[BLOCK_ITEM])) != 0 ||
        json_array_append_new(block, json_stringn(line.data, line.len)) != 0 ||
        json_array_append(walk->blocks, block) != 0)
        walk->failed = true;
    json_decref(block);
}

json_t *agreement_differences_text(const json_t *before, const json_t *after,
                                   const struct catalog *catalog, enum language language)
{
    struct walk walk = {.catalog = catalog,
                        .before = before,
                        .after = after,
                        .found = found_for_text,
                        .blocks = json_array(),
                        .language = language};
    walk_differences(&walk);
    if (!walk.failed && walk.blocks != NULL)
        return walk.blocks;
    json_decref(walk.blocks);
    return NULL;
}
