/*
 * A snapshot owns three things: an arena with its entries, typed structs and indexes; the JSON
 * bodies that most texts point into; and what was compiled (models, policy conditions). All are
 * made by catalog_build and never change, so any thread may read them; only the reference count
 * does, and it is atomic.
 *
 * Each kind has its entries three times, as sorted arrays of pointers: newest first for lists, by
 * slug and by id for binary search. Set-up is read millions of times between two changes.
 *
 * Keys are found by the SHA-256 of their text. How long the search takes tells something about the
 * hash, and nothing about the key to who cannot choose a text with a given hash; the last
 * comparison is in constant time all the same.
 */
#include "domain/catalog.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "domain/catalog_read.h"
#include "domain/jsonlogic.h"
#include "domain/model.h"

enum {
    CATALOG_BYTES_MAX = 256 * 1024 * 1024, /* without the JSON bodies and what is compiled */
    ROW_SCRATCH_BYTES_MAX = 4 * 1024 * 1024,
};

struct catalog_index {
    const struct catalog_entry **items;
    size_t count;
};

struct catalog {
    atomic_int references;
    int64_t version;
    struct catalog_entry *entries;
    json_t **bodies; /* of the entries; owned */
    size_t count;
    struct catalog_index newest[CATALOG_KIND_COUNT_];
    struct catalog_index by_slug[CATALOG_KIND_COUNT_];
    struct catalog_index by_id[CATALOG_KIND_COUNT_];
    struct catalog_index by_hubspot; /* forms that have a GUID, by it */
    struct catalog_parts parts;      /* parts.keys by hash */
    const struct absence **absences; /* by member */
    const struct policy **active_policies;
    size_t active_policy_count;
    const struct catalog_model_entry *active_model;
    struct form_token_secret form_secrets[FORM_TOKEN_SECRETS_MAX]; /* the newest first */
    size_t form_secret_count;
};

struct builder {
    struct catalog *catalog;
    struct arena scratch; /* of one row */
    struct faults faults;
    struct err *reterr;
};

static enum err_code out_of_memory(const struct builder *builder)
{
    return err_set(builder->reterr, ERR_NOMEM, "Out of memory for the set-up.");
}

/* ---- rows ---- */

static enum err_code refuse_row(const struct builder *builder, const struct catalog_row *row,
                                const char *pointer, const char *detail)
{
    return err_set(builder->reterr, ERR_STORE, "The stored %s \"%.*s\" cannot be read: %s%s%s",
                   catalog_kind_names[row->kind], STR_ARGS(row->slug), pointer,
                   pointer[0] != '\0' ? ": " : "", detail);
}

/* The first fault that is not about memory, which is a failure of another kind. */
static enum err_code refuse_faults(const struct builder *builder, const struct catalog_row *row)
{
    const struct fault *first = &builder->faults.items[0];
    for (size_t i = 0; i < builder->faults.count; i++)
        if (strcmp(builder->faults.items[i].code, "memory") == 0)
            return out_of_memory(builder);
    return refuse_row(builder, row, first->pointer, first->detail);
}

static enum err_code read_body(struct builder *builder, const struct catalog_row *row,
                               json_t **ret_body)
{
    struct err err = {.code = OK};
    const enum err_code code = json_parse(row->body, ret_body, &err);
    if (code == ERR_NOMEM)
        return out_of_memory(builder);
    return code == OK ? OK : refuse_row(builder, row, "", err.detail);
}

static enum err_code add_row(struct builder *builder, const struct catalog_row *row)
{
    struct catalog *catalog = builder->catalog;
    json_t *body = NULL;
    enum err_code code = read_body(builder, row, &body);
    if (code != OK)
        return code;
    struct catalog_entry *entry = &catalog->entries[catalog->count];
    catalog->bodies[catalog->count++] = body;
    *entry = (struct catalog_entry){
        .kind = row->kind,
        .id = row->id,
        .slug = arena_str(&catalog->parts.arena, row->slug),
        .body = body,
        .version = row->version,
        .created_at_us = row->created_at_us,
        .updated_at_us = row->updated_at_us,
    };
    if (entry->slug.data == NULL)
        return out_of_memory(builder);
    arena_clear(&builder->scratch);
    faults_init(&builder->faults, &builder->scratch);
    /* A newer release that runs beside this one during an upgrade may know more fields. */
    struct schema schema = catalog_kind_rules[row->kind].schema;
    schema.flags |= SCHEMA_OPEN;
    union catalog_body in;
    if (!schema_decode(&schema, body, &builder->scratch, &in, &builder->faults))
        return refuse_faults(builder, row);
    const void *typed = catalog_read(&catalog->parts, entry, &in, row->calendar, &builder->faults);
    if (typed == NULL)
        return out_of_memory(builder);
    if (builder->faults.count > 0)
        return refuse_faults(builder, row);
    entry->typed = typed != body ? typed : NULL;
    return OK;
}

/* ---- indexes ---- */

static const struct catalog_entry *entry_at(const void *item)
{
    const struct catalog_entry *entry;
    memcpy(&entry, item, sizeof entry);
    return entry;
}

static int compare_newest(const void *a, const void *b)
{
    const struct catalog_entry *left = entry_at(a);
    const struct catalog_entry *right = entry_at(b);
    if (left->created_at_us != right->created_at_us)
        return left->created_at_us > right->created_at_us ? -1 : 1;
    return uuid_compare(right->id, left->id);
}

static int compare_slug(const void *a, const void *b)
{
    return str_compare(entry_at(a)->slug, entry_at(b)->slug);
}

static int compare_id(const void *a, const void *b)
{
    return uuid_compare(entry_at(a)->id, entry_at(b)->id);
}

static int compare_key(const void *a, const void *b)
{
    const struct api_key *left = a;
    const struct api_key *right = b;
    return memcmp(left->hash.bytes, right->hash.bytes, SHA256_BYTES);
}

static const struct absence *absence_at(const void *item)
{
    const struct absence *absence;
    memcpy(&absence, item, sizeof absence);
    return absence;
}

static int compare_absence(const void *a, const void *b)
{
    const struct absence *left = absence_at(a);
    const struct absence *right = absence_at(b);
    const int order = uuid_compare(left->member_id, right->member_id);
    return order != 0 ? order : (left->from_us > right->from_us) - (left->from_us < right->from_us);
}

static const struct policy *policy_at(const void *item)
{
    const struct policy *policy;
    memcpy(&policy, item, sizeof policy);
    return policy;
}

/* Version 7 ids: the older first. */
static int compare_policy(const void *a, const void *b)
{
    const struct policy *left = policy_at(a);
    const struct policy *right = policy_at(b);
    if (left->position != right->position)
        return left->position < right->position ? -1 : 1;
    return uuid_compare(left->id, right->id);
}

static bool index_kind(struct catalog *catalog, struct catalog_index *index, enum catalog_kind kind,
                       int (*compare)(const void *, const void *))
{
    size_t count = 0;
    for (size_t i = 0; i < catalog->count; i++)
        count += catalog->entries[i].kind == kind ? 1 : 0;
    index->items = arena_array(&catalog->parts.arena, count, sizeof(void *));
    if (index->items == NULL)
        return false;
    for (size_t i = 0; i < catalog->count; i++)
        if (catalog->entries[i].kind == kind)
            index->items[index->count++] = &catalog->entries[i];
    if (count > 1)
        qsort(index->items, count, sizeof(void *), compare);
    return true;
}

static enum err_code index_entries(struct builder *builder)
{
    struct catalog *catalog = builder->catalog;
    for (unsigned kind = 0; kind < CATALOG_KIND_COUNT_; kind++) {
        const enum catalog_kind k = (enum catalog_kind)kind;
        if (!index_kind(catalog, &catalog->newest[k], k, compare_newest) ||
            !index_kind(catalog, &catalog->by_slug[k], k, compare_slug) ||
            !index_kind(catalog, &catalog->by_id[k], k, compare_id))
            return out_of_memory(builder);
        const struct catalog_index *slugs = &catalog->by_slug[k];
        for (size_t i = 1; i < slugs->count; i++)
            if (str_eq(slugs->items[i - 1]->slug, slugs->items[i]->slug))
                return err_set(builder->reterr, ERR_STORE, "The %s \"%.*s\" is stored twice.",
                               catalog_kind_names[kind], STR_ARGS(slugs->items[i]->slug));
    }
    return OK;
}

static struct uuid hubspot_guid_of(const struct catalog_entry *entry)
{
    const struct form *form = entry->typed;
    return form->hubspot_guid;
}

static int compare_hubspot(const void *a, const void *b)
{
    return uuid_compare(hubspot_guid_of(entry_at(a)), hubspot_guid_of(entry_at(b)));
}

static enum err_code index_hubspot(struct builder *builder)
{
    struct catalog *catalog = builder->catalog;
    struct catalog_index *index = &catalog->by_hubspot;
    const struct catalog_index *forms = &catalog->newest[CATALOG_FORM];
    index->items = arena_array(&catalog->parts.arena, forms->count, sizeof(void *));
    if (index->items == NULL)
        return out_of_memory(builder);
    for (size_t i = 0; i < forms->count; i++)
        if (!uuid_is_nil(hubspot_guid_of(forms->items[i])))
            index->items[index->count++] = forms->items[i];
    if (index->count > 1)
        qsort(index->items, index->count, sizeof(void *), compare_hubspot);
    return OK;
}

static enum err_code link_calendars(struct builder *builder)
{
    struct catalog_parts *parts = &builder->catalog->parts;
    for (size_t i = 0; i < parts->policy_count; i++) {
        const struct uuid id = parts->policy_calendars[i];
        if (uuid_is_nil(id))
            continue;
        parts->policies[i].calendar = catalog_calendar(builder->catalog, id);
        if (parts->policies[i].calendar == NULL)
            return err_set(builder->reterr, ERR_STORE,
                           "The calendar of the policy \"%.*s\" is missing, or it is not expanded "
                           "in table calendar_version.",
                           STR_ARGS(parts->policies[i].name));
    }
    return OK;
}

static void index_absences(struct catalog *catalog)
{
    for (size_t i = 0; i < catalog->parts.absence_count; i++)
        catalog->absences[i] = &catalog->parts.absences[i];
    if (catalog->parts.absence_count > 1)
        qsort(catalog->absences, catalog->parts.absence_count, sizeof(void *), compare_absence);
}

static void index_policies(struct catalog *catalog)
{
    for (size_t i = 0; i < catalog->parts.policy_count; i++)
        if (catalog->parts.policies[i].is_active)
            catalog->active_policies[catalog->active_policy_count++] = &catalog->parts.policies[i];
    if (catalog->active_policy_count > 1)
        qsort(catalog->active_policies, catalog->active_policy_count, sizeof(void *),
              compare_policy);
}

/* The one activated last. */
static void index_models(struct catalog *catalog)
{
    for (size_t i = 0; i < catalog->parts.model_count; i++) {
        const struct catalog_model_entry *model = &catalog->parts.models[i];
        if (model->activated > 0 &&
            (catalog->active_model == NULL || catalog->active_model->activated < model->activated))
            catalog->active_model = model;
    }
}

static void index_form_secrets(struct catalog *catalog)
{
    const struct catalog_index *newest = &catalog->newest[CATALOG_FORM_SECRET];
    for (size_t i = 0; i < newest->count && i < FORM_TOKEN_SECRETS_MAX; i++) {
        const struct form_token_secret *secret = newest->items[i]->typed;
        catalog->form_secrets[catalog->form_secret_count++] = *secret;
    }
}

static enum err_code index_all(struct builder *builder)
{
    struct catalog *catalog = builder->catalog;
    enum err_code code = index_entries(builder);
    code = code == OK ? index_hubspot(builder) : code;
    code = code == OK ? link_calendars(builder) : code;
    if (code != OK)
        return code;
    if (catalog->parts.key_count > 1)
        qsort(catalog->parts.keys, catalog->parts.key_count, sizeof *catalog->parts.keys,
              compare_key);
    index_absences(catalog);
    index_policies(catalog);
    index_models(catalog);
    index_form_secrets(catalog);
    if (catalog->newest[CATALOG_ORGANISATION].count != 1)
        return err_set(builder->reterr, ERR_STORE,
                       "The organisation's settings are missing in table catalog_entry.");
    if (catalog->active_model == NULL)
        return err_set(builder->reterr, ERR_STORE,
                       "No scoring model in table catalog_entry is in force.");
    return OK;
}

/* ---- building and sharing ---- */

static bool allocate(struct catalog *catalog, const struct catalog_row *rows, size_t count)
{
    size_t counts[CATALOG_KIND_COUNT_] = {0};
    for (size_t i = 0; i < count; i++)
        counts[rows[i].kind]++;
    struct arena *arena = &catalog->parts.arena;
    const size_t policies = counts[CATALOG_POLICY];
    catalog->entries = arena_array(arena, count, sizeof *catalog->entries);
    catalog->bodies = arena_array(arena, count, sizeof(json_t *));
    catalog->parts.keys = arena_array(arena, 2 * counts[CATALOG_KEY], sizeof *catalog->parts.keys);
    catalog->parts.absences =
        arena_array(arena, counts[CATALOG_ABSENCE], sizeof *catalog->parts.absences);
    catalog->absences = arena_array(arena, counts[CATALOG_ABSENCE], sizeof(void *));
    catalog->parts.policies = arena_array(arena, policies, sizeof *catalog->parts.policies);
    catalog->parts.conditions = arena_array(arena, policies, sizeof(struct jsonlogic *));
    catalog->parts.policy_calendars = arena_array(arena, policies, sizeof(struct uuid));
    catalog->active_policies = arena_array(arena, policies, sizeof(struct policy *));
    catalog->parts.models =
        arena_array(arena, counts[CATALOG_MODEL], sizeof *catalog->parts.models);
    return catalog->entries != NULL && catalog->bodies != NULL && catalog->parts.keys != NULL &&
           catalog->parts.policies != NULL && catalog->parts.conditions != NULL &&
           catalog->parts.policy_calendars != NULL && catalog->active_policies != NULL &&
           catalog->parts.absences != NULL && catalog->absences != NULL &&
           catalog->parts.models != NULL;
}

static enum err_code build(struct builder *builder, const struct catalog_row *rows, size_t count)
{
    if (count > CATALOG_ENTRIES_MAX)
        return err_set(builder->reterr, ERR_STORE,
                       "Table catalog_entry has %zu rows, more than the %d this release reads.",
                       count, CATALOG_ENTRIES_MAX);
    if (!allocate(builder->catalog, rows, count))
        return out_of_memory(builder);
    for (size_t i = 0; i < count; i++) {
        const enum err_code code = add_row(builder, &rows[i]);
        if (code != OK)
            return code;
    }
    return index_all(builder);
}

static void free_catalog(struct catalog *catalog)
{
    for (size_t i = 0; i < catalog->parts.model_count; i++)
        model_free(catalog->parts.models[i].compiled);
    for (size_t i = 0; i < catalog->parts.policy_count; i++)
        jsonlogic_free(catalog->parts.conditions[i]);
    for (size_t i = 0; i < catalog->count; i++)
        json_decref(catalog->bodies[i]);
    arena_done(&catalog->parts.arena);
    mem_free(catalog);
}

enum err_code catalog_build(int64_t version, const struct catalog_row *rows, size_t count,
                            struct catalog **ret_catalog, struct err *reterr)
{
    struct catalog *catalog = mem_alloc(sizeof *catalog);
    if (catalog == NULL)
        return err_set(reterr, ERR_NOMEM, "Out of memory for the set-up.");
    atomic_init(&catalog->references, 1);
    catalog->version = version;
    arena_init(&catalog->parts.arena, CATALOG_BYTES_MAX);
    struct builder builder = {.catalog = catalog, .reterr = reterr};
    arena_init(&builder.scratch, ROW_SCRATCH_BYTES_MAX);
    const enum err_code code = build(&builder, rows, count);
    arena_done(&builder.scratch);
    if (code == OK)
        *ret_catalog = catalog;
    else
        free_catalog(catalog);
    return code;
}

struct catalog *catalog_ref(struct catalog *catalog)
{
    const int before = atomic_fetch_add_explicit(&catalog->references, 1, memory_order_relaxed);
    assert(before > 0);
    return catalog;
}

void catalog_unref(struct catalog *catalog)
{
    if (catalog == NULL)
        return;
    /* Everybody's reads come before the last one's freeing. */
    const int before = atomic_fetch_sub_explicit(&catalog->references, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before == 1)
        free_catalog(catalog);
}

/* ---- finding ---- */

int64_t catalog_version(const struct catalog *catalog)
{
    return catalog->version;
}

const struct catalog_entry *const *catalog_list(const struct catalog *catalog,
                                                enum catalog_kind kind, size_t *ret_count)
{
    *ret_count = catalog->newest[kind].count;
    return catalog->newest[kind].items;
}

static const struct catalog_entry *search(const struct catalog_index *index,
                                          const struct catalog_entry *wanted,
                                          int (*compare)(const void *, const void *))
{
    if (index->count == 0)
        return NULL;
    const void *found = bsearch(&wanted, index->items, index->count, sizeof(void *), compare);
    return found != NULL ? entry_at(found) : NULL;
}

static const struct catalog_entry *find_id(const struct catalog *catalog, enum catalog_kind kind,
                                           struct uuid id)
{
    const struct catalog_entry wanted = {.id = id};
    return search(&catalog->by_id[kind], &wanted, compare_id);
}

static const struct catalog_entry *find_slug(const struct catalog *catalog, enum catalog_kind kind,
                                             struct str slug)
{
    const struct catalog_entry wanted = {.slug = slug};
    return search(&catalog->by_slug[kind], &wanted, compare_slug);
}

const struct catalog_entry *catalog_find(const struct catalog *catalog, enum catalog_kind kind,
                                         struct str slug_or_id)
{
    struct uuid id;
    return uuid_parse(slug_or_id, &id) ? find_id(catalog, kind, id)
                                       : find_slug(catalog, kind, slug_or_id);
}

static const void *find_typed(const struct catalog *catalog, enum catalog_kind kind,
                              struct str slug_or_id)
{
    const struct catalog_entry *entry = catalog_find(catalog, kind, slug_or_id);
    return entry != NULL ? entry->typed : NULL;
}

const struct organisation *catalog_organisation(const struct catalog *catalog)
{
    return catalog->newest[CATALOG_ORGANISATION].items[0]->typed;
}

const struct attribute_definition *catalog_attribute(const struct catalog *catalog, struct str name)
{
    const struct catalog_entry *entry = find_slug(catalog, CATALOG_ATTRIBUTE, name);
    return entry != NULL ? entry->typed : NULL;
}

const struct offer *catalog_offer(const struct catalog *catalog, struct str slug_or_id)
{
    return find_typed(catalog, CATALOG_OFFER, slug_or_id);
}

const struct form *catalog_form(const struct catalog *catalog, struct str slug_or_id)
{
    return find_typed(catalog, CATALOG_FORM, slug_or_id);
}

const struct form *catalog_form_by_hubspot(const struct catalog *catalog, struct uuid guid)
{
    const struct form form = {.hubspot_guid = guid};
    const struct catalog_entry wanted = {.typed = &form};
    const struct catalog_entry *entry = search(&catalog->by_hubspot, &wanted, compare_hubspot);
    return entry != NULL ? entry->typed : NULL;
}

const struct member *catalog_member(const struct catalog *catalog, struct uuid id)
{
    const struct catalog_entry *entry = find_id(catalog, CATALOG_MEMBER, id);
    return entry != NULL ? entry->typed : NULL;
}

const struct commitment *catalog_commitment(const struct catalog *catalog, struct str id)
{
    return find_typed(catalog, CATALOG_COMMITMENT, id);
}

const struct reason *catalog_reason(const struct catalog *catalog, enum reason_kind kind,
                                    struct str code)
{
    char slug[16 + SLUG_BYTES_MAX];
    const int len = snprintf(slug, sizeof slug, "%s:%.*s", reason_kind_names[kind], STR_ARGS(code));
    if (len < 0 || (size_t)len >= sizeof slug)
        return NULL;
    return find_typed(catalog, CATALOG_REASON, str_slice(slug, (size_t)len));
}

const struct api_key *catalog_key_by_hash(const struct catalog *catalog, const struct sha256 *hash)
{
    if (catalog->parts.key_count == 0)
        return NULL;
    const struct api_key wanted = {.hash = *hash};
    const struct api_key *key = bsearch(&wanted, catalog->parts.keys, catalog->parts.key_count,
                                        sizeof *catalog->parts.keys, compare_key);
    return key != NULL && sha256_eq(&key->hash, hash) ? key : NULL;
}

const struct calendar *catalog_calendar(const struct catalog *catalog, struct uuid id)
{
    const struct catalog_entry *entry = find_id(catalog, CATALOG_CALENDAR, id);
    const struct calendar *calendar = entry != NULL ? entry->typed : NULL;
    return calendar != NULL && calendar->version > 0 ? calendar : NULL;
}

const struct policy *const *catalog_policies(const struct catalog *catalog, size_t *ret_count)
{
    *ret_count = catalog->active_policy_count;
    return catalog->active_policies;
}

const struct absence *const *catalog_absences(const struct catalog *catalog, size_t *ret_count)
{
    *ret_count = catalog->parts.absence_count;
    return catalog->absences;
}

const struct form_token_secret *catalog_form_secrets(const struct catalog *catalog,
                                                     size_t *ret_count)
{
    *ret_count = catalog->form_secret_count;
    return catalog->form_secrets;
}

const struct model *catalog_active_model(const struct catalog *catalog, int32_t *ret_version)
{
    *ret_version = catalog->active_model->version;
    return catalog->active_model->compiled;
}

const struct model *catalog_model(const struct catalog *catalog, int32_t version)
{
    char slug[16];
    const int len = snprintf(slug, sizeof slug, "%d", (int)version);
    assert(len > 0 && (size_t)len < sizeof slug);
    const struct catalog_model_entry *model =
        find_typed(catalog, CATALOG_MODEL, str_slice(slug, (size_t)len));
    return model != NULL ? model->compiled : NULL;
}
