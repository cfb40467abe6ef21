/*
 * A batch of changes under way: what its three phases share. change_read.c reads (1),
 * change_details.c reads what only some contacts need, change_batch.c decides (2), writes (3) and
 * ends it.
 */
#pragma once

#include "store/idempotency.h"
#include "store/store_internal.h"

struct target {
    struct str email_key;   /* or */
    struct uuid id;         /* of a contact or a handoff */
    struct uuid contact_id; /* nil: an address that is nobody's */
    struct uuid new_id;     /* of an address that is nobody's: whose it becomes; nil: it stays so */
    bool is_claimed;        /* it was nobody's, and this transaction has made it new_id's */
    enum handoff_state state; /* of a handoff, and the next two */
    struct uuid assignee;
    struct uuid owner;
};

struct target_list {
    struct target *items;
    size_t count;
};

/* An id under which the input's activity may be known already. */
struct asked_id {
    struct uuid id;
    struct input *input;
};

struct batch {
    struct worker *worker;
    struct arena *arena;
    struct change_op *const *ops;
    size_t op_count;
    bool is_rerun;
    bool is_dry_run;
    struct err *reterr;

    struct input **inputs;
    size_t input_count;
    struct idempotent *idempotents; /* the operations with an Idempotency-Key */
    size_t idempotent_count;
    struct asked_id *asked; /* the ids of activities that are looked up */
    size_t asked_count;
    struct input **deals; /* the inputs whose deal may be known already */
    size_t deal_count;
    /* What change_watch.c asked for. */
    size_t token_count;
    size_t mark_count;
    size_t entry_count; /* of the quarantine */
    /* What change_privacy.c asked for. */
    bool asks_suppressions;
    size_t erase_count;
    struct address_hash *address_hashes; /* by input; NULL: nobody was ever erased */

    struct catalog *catalog; /* the newest, referenced */
    const struct model *model;
    int32_t model_version;

    int64_t catalog_version; /* as the database has it */
    int64_t now_us;
    struct target_list emails; /* sorted by key, each once */
    struct target_list ids;    /* sorted by id */
    struct target_list handoffs;
    struct uuid *wanted; /* the stored contacts that the targets stand for: sorted, each once */
    size_t wanted_count;
    struct contact **contacts; /* sorted by contact_id */
    size_t contact_count;
    struct rows *rows[20]; /* freed at the end: texts point into them */
    size_t row_count;
    size_t sent;                       /* statements */
    const struct calendar **calendars; /* older versions that clocks count by */
    size_t calendar_count;

    struct effects effects;
};

/* ---- change_batch.c ---- */
enum err_code batch_no_memory(struct batch *batch);
/* Sends a statement with the worker's params. */
enum err_code batch_send(struct batch *batch, enum statement statement) MUSTCHECK;
/* The next result, kept until the batch ends; NULL after a failure. */
enum err_code batch_receive(struct batch *batch, struct rows **ret_rows) MUSTCHECK;

/* ---- change_read.c ---- */

/* BEGIN, claims, locks, and everything the decisions need in most cases. */
enum err_code batch_read(struct batch *batch) MUSTCHECK;
/* The contact of that id; NULL when it was not read and is not new. */
struct contact *batch_find_contact(const struct batch *batch, struct uuid contact_id);
/* What an input is about, or NULL. */
const struct target *batch_target_of(const struct batch *batch, const struct input *input);
/* Whose address it is; NULL: nobody's. */
const struct target *batch_target_of_email(const struct batch *batch, struct str email_key);
/* The contact that a contact's id stands for (itself or, after a merge, its survivor); NULL:
 * unknown. */
const struct target *batch_target_of_contact(const struct batch *batch, struct uuid contact_id);

/* A deal with an id of the client's choosing: it may be there already. */
bool batch_may_be_known_deal(const struct input *input);
/* change_repeats.c: inputs that may have been taken in already are noted, looked up behind the
 * locks, and marked as repeats when they have been. */
enum err_code batch_collect_repeats(struct batch *batch) MUSTCHECK;
enum err_code batch_send_repeats(struct batch *batch) MUSTCHECK;
enum err_code batch_receive_repeats(struct batch *batch) MUSTCHECK;

/* ---- change_watch.c ---- */

/* What submissions have to be compared with, and entries of the quarantine: locked after contacts.
 * Nothing is sent for inputs that ask for nothing. Results come after those of the other reads. */
enum err_code batch_send_watch(struct batch *batch) MUSTCHECK;
enum err_code batch_receive_watch(struct batch *batch) MUSTCHECK;
/* An entry that an earlier input of this batch has settled is not held any more. */
void batch_follow_settlement(const struct batch *batch, size_t index);

/* ---- change_privacy.c ---- */

/* Whether addresses that were nobody's are those of erased persons: with the claims. Nothing is
 * sent for form posts. */
enum err_code batch_send_suppressions(struct batch *batch) MUSTCHECK;
enum err_code batch_receive_suppressions(struct batch *batch) MUSTCHECK;
/* Which addresses stand for the contacts that are to be erased: behind the locks. */
enum err_code batch_send_erasures(struct batch *batch) MUSTCHECK;
enum err_code batch_receive_erasures(struct batch *batch) MUSTCHECK;

/* ---- change_details.c ---- */

/* The contacts' latest handoffs with their clocks, and histories of contacts that have to be
 * computed again; often nothing. */
enum err_code batch_read_details(struct batch *batch) MUSTCHECK;
