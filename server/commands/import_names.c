#include "commands/import_names.h"

#include <assert.h>

#include "commands/command.h"
#include "schema/json.h"

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

enum { MAKING_ARENA_BYTES_MAX = 256 << 20 };

/* What does not exist yet, to be made in one transaction. */
struct making {
    struct arena arena;
    struct setup_item *items; /* room for all names */
    size_t count;
    struct import_names_made made;
};

static void making_done(struct making *making)
{
    for (size_t i = 0; i < making->count; i++) {
        json_decref(json_unconst(making->items[i].body));
    }
    arena_done(&making->arena);
}

/* `body` is taken over. */
static enum err_code add_item(struct making *making, enum catalog_kind kind, json_t *body,
                              struct err *reterr)
{
    if (body == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for a %s.", catalog_kind_names[kind]);
    }
    making->items[making->count++] =
        (struct setup_item){.kind = kind, .body = body, .id = uuid_new(clock_wall_us())};
    return OK;
}

static enum err_code add_forms(struct making *making, const struct import_names *names,
                               const struct catalog *catalog, struct err *reterr)
{
    enum err_code code = OK;
    for (size_t i = 0; i < IMPORT_NAMES_SLOTS && code == OK; i++) {
        const struct import_name *form = &names->forms.slots[i];
        if (form->text.data == NULL || catalog_form(catalog, form->text) != NULL) {
            continue;
        }
        making->made.forms++;
        code = add_item(making, CATALOG_FORM,
                        json_pack("{s:s%, s:s%, s:s%, s:b}", "slug", form->text.data,
                                  form->text.len, "name", form->text.data, form->text.len,
                                  "activity", form->kind.data, form->kind.len, "open", 0),
                        reterr);
    }
    return code;
}

/* A slot gets the id of the member it names, or of the new one. */
static enum err_code add_members(struct making *making, struct import_names *names,
                                 const struct catalog *catalog, struct err *reterr)
{
    enum err_code code = OK;
    for (size_t i = 0; i < IMPORT_NAMES_SLOTS && code == OK; i++) {
        struct import_name *member = &names->members.slots[i];
        if (member->text.data == NULL) {
            continue;
        }
        member->id = find_member(catalog, member->text);
        if (uuid_is_nil(member->id)) {
            making->made.members++;
            code = add_item(making, CATALOG_MEMBER,
                            json_pack("{s:s%, s:s, s:b}", "name", member->text.data,
                                      member->text.len, "team", "sales", "active", 0),
                            reterr);
            member->id = code == OK ? making->items[making->count - 1].id : member->id;
        }
    }
    return code;
}

static enum err_code make_all(struct making *making, struct store *store, struct err *reterr)
{
    struct faults faults;
    faults_init(&faults, &making->arena);
    struct setup_op op;
    setup_op_init(&op);
    op.action = SETUP_CREATE_ALL;
    op.items = making->items;
    op.item_count = making->count;
    op.arena = &making->arena;
    op.faults = &faults;
    const enum err_code code = store_run(store, &op.op, reterr);
    return code == ERR_INVALID && faults.count > 0
               ? err_set(reterr, code, "A new %s cannot be made: %s %s",
                         catalog_kind_names[op.entry_kind], faults.items[0].pointer,
                         faults.items[0].detail)
               : code;
}

enum err_code import_names_make(struct import_names *names, struct store *store, bool is_dry_run,
                                struct import_names_made *ret_made, struct err *reterr)
{
    struct making making = {.count = 0};
    arena_init(&making.arena, MAKING_ARENA_BYTES_MAX);
    making.items =
        arena_array(&making.arena, names->forms.count + names->members.count, sizeof *making.items);
    if (making.items == NULL) {
        arena_done(&making.arena);
        return err_set(reterr, ERR_NOMEM, "Out of memory for an import.");
    }
    struct catalog *catalog = store_catalog(store);
    enum err_code code = add_forms(&making, names, catalog, reterr);
    code = code != OK ? code : add_members(&making, names, catalog, reterr);
    if (code == OK && making.count > 0 && !is_dry_run) {
        code = make_all(&making, store, reterr);
    }
    *ret_made = making.made;
    catalog_unref(catalog);
    making_done(&making);
    return code;
}

struct uuid import_names_member(const struct import_names *names, struct str name)
{
    return name.data != NULL ? slot_of(&names->members, name)->id : (struct uuid){{0}};
}
