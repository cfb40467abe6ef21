/*
 * The names in a file that stand for set-up: forms by slug, members by id, e-mail or name. The file
 * is looked through once before anything is imported, and what does not exist is made then: changes
 * of the set-up send everything under way back to be made again, so they come first and not in
 * between.
 */
#pragma once

#include "commands/import_record.h"
#include "store/store.h"

enum {
    IMPORT_NAMES_MAX =
        20000, /* different forms, and different members, in one file: as many as there may be */
    IMPORT_NAMES_SLOTS = 1 << 16,
};

struct import_name {
    struct str text; /* absent: a free slot */
    struct str kind; /* of a form: the activity it records */
    struct uuid id;  /* of a member, once resolved */
};

/* A set of names, open addressing. */
struct import_name_set {
    struct import_name *slots; /* IMPORT_NAMES_SLOTS, in the arena */
    size_t count;
};

struct import_names {
    struct arena *arena;
    struct import_name_set forms;
    struct import_name_set members;
};

enum err_code import_names_init(struct import_names *names, struct arena *arena,
                                struct err *reterr) MUSTCHECK;
/* Notes the names of a row that is fine. ERR_TOO_LARGE when there are more than may exist: the map
 * is wrong. */
enum err_code import_names_add(struct import_names *names, const struct import_record *record,
                               struct err *reterr) MUSTCHECK;

struct import_names_made {
    size_t forms;
    size_t members;
};
/* Makes the forms (closed, for the kind of the row they were first seen in) and the members (of
 * sales, inactive, without e-mail) that do not exist; with `is_dry_run` only counts them. Then
 * import_names_member knows all ids. */
enum err_code import_names_make(struct import_names *names, struct store *store, bool is_dry_run,
                                struct import_names_made *ret_made, struct err *reterr) MUSTCHECK;
/* Nil for an absent name. */
struct uuid import_names_member(const struct import_names *names, struct str name);
