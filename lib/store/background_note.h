/*
 * What the background thread does to handoffs and tells about it: collected while it decides, then
 * written in three statements of the transaction that is open. For lib/store only.
 */
#pragma once

#include "base/json_write.h"
#include "store/store_internal.h"

enum { NOTES_MAX = 16384 /* events of one transaction */ };

/* A handoff as the thread found it, or has left it. */
struct noted_handoff {
    struct uuid shown_id;   /* the contact that events tell */
    struct uuid contact_id; /* the handoff's own */
    struct uuid handoff_id;
    struct str state;
    struct uuid assignee;
};

struct notes {
    struct background *background;
    int64_t now_us;
    struct event_row *events;
    size_t event_count;
    struct noted_handoff *given; /* each handoff once, as it is left */
    size_t given_count;
    struct buf history; /* rows of handoff_history as a JSON array */
    struct json_writer json;
    size_t history_count;
};

/* OK, ERR_NOMEM. _done takes what _init failed to make. */
enum err_code notes_init(struct notes *notes, struct background *background,
                         int64_t now_us) MUSTCHECK;
void notes_done(struct notes *notes);

/* The handoff's assignee by now: this transaction may have given it to somebody. */
struct uuid notes_assignee(const struct notes *notes, const struct noted_handoff *handoff);

/* Tells it; the data is JSON text in the background's arena. */
void notes_event(struct notes *notes, const char *type, struct uuid shown_id, struct str data);
/* handoff.TYPE as everywhere, by the system. */
void notes_handoff_event(struct notes *notes, const char *type, const struct noted_handoff *handoff,
                         struct uuid assignee, const char *reason);
/* A row of the handoff's history; more columns may be written to notes->json before _entry_end. */
void notes_entry_begin(struct notes *notes, const char *kind, const struct noted_handoff *handoff,
                       struct uuid member, const char *reason);
void notes_entry_end(struct notes *notes);
/* Gives it to a member: the row, its history and the event. */
void notes_give(struct notes *notes, const struct noted_handoff *handoff, struct uuid member,
                const char *reason);

/* Writes all of it. */
enum err_code notes_send(struct notes *notes, struct err *reterr) MUSTCHECK;
