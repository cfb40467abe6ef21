#include "commands/import_names.h"

#include <assert.h>

#include "base/sha256.h"
#include "commands/command.h"

static_assert((size_t)IMPORT_NAMES_MAX * 2 < (size_t)IMPORT_NAMES_SLOTS,
              "a search always meets a free slot");

/* ---- the sets ---- */

/* FNV-1a, 32 bits (Fowler, Noll, Vo): the names are the user's own, so nobody gains by collisions.
 */
static uint32_t hash_of(struct str text)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.data[i]) * 16777619U;
    }
    return hash;
}

/* The slot of this name, or the free one where it would go. */
static struct import_name *slot_of(const struct import_name_set *set, struct str text)
{
    size_t index = hash_of(text) % IMPORT_NAMES_SLOTS;
    while (set->slots[index].text.data != NULL && !str_eq(set->slots[index].text, text)) {
        index = (index + 1) % IMPORT_NAMES_SLOTS;
    }
    return &set->slots[index];
}

static enum err_code add(struct import_names *names, struct import_name_set *set, struct str text,
                         struct str kind, const char *what, struct err *reterr)
{
    if (text.data == NULL || slot_of(set, text)->text.data != NULL) {
        return OK;
    }
    if (set->count == IMPORT_NAMES_MAX) {
        return err_set(reterr, ERR_TOO_LARGE,
                       "The file names more than %d different %s. Is the map right?",
                       IMPORT_NAMES_MAX, what);
    }
    struct import_name *slot = slot_of(set, text);
    const struct str kept = arena_str(names->arena, text);
    const struct str kept_kind = kind.data != NULL ? arena_str(names->arena, kind) : kind;
    if (kept.data == NULL || (kind.data != NULL && kept_kind.data == NULL)) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for the names of %s.", what);
    }
    *slot = (struct import_name){.text = kept, .kind = kept_kind};
    set->count++;
    return OK;
}

enum err_code import_names_init(struct import_names *names, struct arena *arena, struct err *reterr)
{
    *names = (struct import_names){.arena = arena};
    names->forms.slots = arena_array(arena, IMPORT_NAMES_SLOTS, sizeof *names->forms.slots);
    names->members.slots = arena_array(arena, IMPORT_NAMES_SLOTS, sizeof *names->members.slots);
    return names->forms.slots != NULL && names->members.slots != NULL
               ? OK
               : err_set(reterr, ERR_NOMEM, "Out of memory for an import.");
}

enum err_code import_names_add(struct import_names *names, const struct import_record *record,
                               struct err *reterr)
{
    const struct str none = {0};
    enum err_code code = OK;
    if (record->kind.data != NULL) {
        code = add(names, &names->forms, record->form, record->kind, "forms", reterr);
    }
    code = code != OK ? code
                      : add(names, &names->members, record->assignee, none, "members", reterr);
    return code != OK ? code
                      : add(names, &names->members, record->qualified_by, none, "members", reterr);
}

/* ---- what exists ---- */

/* By id, by e-mail, then by name; of several of one name the first made. Nil: unknown. */
static struct uuid find_member(const struct catalog *catalog, struct str name)
{
    struct uuid id;
    if (uuid_parse(name, &id) && catalog_member(catalog, id) != NULL) {
        return id;
    }
    struct uuid found = {{0}};
    size_t count;
    const struct catalog_entry *const *entries = catalog_list(catalog, CATALOG_MEMBER, &count);
    for (size_t i = 0; i < count; i++) { /* newest first */
        const struct member *member = entries[i]->typed;
        if (member->email.data != NULL && str_eq_nocase(member->email, name)) {
            return member->id;
        }
        if (str_eq(member->name, name)) {
            found = member->id;
        }
    }
    return found;
}

/* ---- making ---- */

/* One set-up write; that somebody else made the same meanwhile is as good. `body` is taken over. */
static enum err_code create(struct store *store, enum catalog_kind kind, json_t *body,
                            struct uuid *ret_id, struct err *reterr)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena, 1 << 20);
    struct faults faults;
    faults_init(&faults, &arena);
    struct setup_op op;
    setup_op_init(&op);
    op.action = SETUP_CREATE;
    op.entry_kind = kind;
    op.body = body;
    op.id = uuid_new(clock_wall_us());
    op.arena = &arena;
    op.faults = &faults;
    *ret_id = op.id;
    enum err_code code = body != NULL ? command_run(store, &op.op, reterr)
                                      : err_set(reterr, ERR_NOMEM, "Out of memory for a %s.",
                                                catalog_kind_names[kind]);
    if (code == ERR_CONFLICT && op.entry != NULL) {
        code = OK;
    } else if (code == ERR_INVALID && faults.count > 0) {
        code = err_set(reterr, ERR_INVALID, "A new %s cannot be made: %s %s",
                       catalog_kind_names[kind], faults.items[0].pointer, faults.items[0].detail);
    }
    catalog_unref(op.snapshot);
    json_decref(body);
    return code;
}

static enum err_code make_form(struct store *store, const struct import_name *form,
                               struct err *reterr)
{
    struct uuid ignored;
    return create(store, CATALOG_FORM,
                  json_pack("{s:s%, s:s%, s:s%, s:b}", "slug", form->text.data, form->text.len,
                            "name", form->text.data, form->text.len, "activity", form->kind.data,
                            form->kind.len, "open", 0),
                  &ignored, reterr);
}

static enum err_code make_member(struct store *store, struct import_name *member,
                                 struct err *reterr)
{
    return create(store, CATALOG_MEMBER,
                  json_pack("{s:s%, s:s, s:b}", "name", member->text.data, member->text.len, "team",
                            "sales", "active", 0),
                  &member->id, reterr);
}

static enum err_code make_forms(struct import_names *names, const struct catalog *catalog,
                                struct store *store, bool is_dry_run, size_t *made,
                                struct err *reterr)
{
    for (size_t i = 0; i < IMPORT_NAMES_SLOTS; i++) {
        const struct import_name *form = &names->forms.slots[i];
        if (form->text.data == NULL || catalog_form(catalog, form->text) != NULL) {
            continue;
        }
        *made += 1;
        const enum err_code code = is_dry_run ? OK : make_form(store, form, reterr);
        if (code != OK) {
            return code;
        }
    }
    return OK;
}

static enum err_code make_members(struct import_names *names, const struct catalog *catalog,
                                  struct store *store, bool is_dry_run, size_t *made,
                                  struct err *reterr)
{
    for (size_t i = 0; i < IMPORT_NAMES_SLOTS; i++) {
        struct import_name *member = &names->members.slots[i];
        if (member->text.data == NULL) {
            continue;
        }
        member->id = find_member(catalog, member->text);
        if (!uuid_is_nil(member->id)) {
            continue;
        }
        *made += 1;
        const enum err_code code = is_dry_run ? OK : make_member(store, member, reterr);
        if (code != OK) {
            return code;
        }
    }
    return OK;
}

enum err_code import_names_make(struct import_names *names, struct store *store, bool is_dry_run,
                                struct import_names_made *ret_made, struct err *reterr)
{
    struct catalog *catalog = store_catalog(store);
    *ret_made = (struct import_names_made){0};
    enum err_code code = make_forms(names, catalog, store, is_dry_run, &ret_made->forms, reterr);
    code = code != OK ? code
                      : make_members(names, catalog, store, is_dry_run, &ret_made->members, reterr);
    catalog_unref(catalog);
    return code;
}

struct uuid import_names_member(const struct import_names *names, struct str name)
{
    return name.data != NULL ? slot_of(&names->members, name)->id : (struct uuid){{0}};
}
