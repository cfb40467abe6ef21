/*
 * The words of the funnel: stages, handoff states, decisions and who owns what. The one state
 * machine (what may follow what) is here too; API, import and automation all go through it.
 */
#pragma once

#include "base/str.h"

enum stage {
    STAGE_CONTACT,
    STAGE_PROSPECT,
    STAGE_LEAD,
    STAGE_MQL,
    STAGE_SAL,
    STAGE_SQL,
    STAGE_OPPORTUNITY,
    STAGE_CUSTOMER,
    STAGE_DISQUALIFIED,
    STAGE_COUNT_
};

enum handoff_state {
    HANDOFF_OPEN,
    HANDOFF_ACCEPTED,
    HANDOFF_CONTACTED,
    HANDOFF_QUALIFIED,
    HANDOFF_OPPORTUNITY,
    HANDOFF_WON, /* from here on closed */
    HANDOFF_LOST,
    HANDOFF_RECYCLED,
    HANDOFF_REJECTED,
    HANDOFF_STATE_COUNT_
};

enum move {
    MOVE_ACCEPT,
    MOVE_ATTEMPTS,
    MOVE_QUALIFY,
    MOVE_OPPORTUNITY,
    MOVE_WIN,
    MOVE_LOSE,
    MOVE_RECYCLE,
    MOVE_REJECT,
    MOVE_ASSIGN,
    MOVE_PAUSE,
    MOVE_RESUME,
    MOVE_FEEDBACK,
    MOVE_COUNT_
};

enum purpose { PURPOSE_CLOSE, PURPOSE_STIMULATE, PURPOSE_UPSELL, PURPOSE_COUNT_ };

enum clock_state {
    CLOCK_RUNNING,
    CLOCK_PAUSED,
    CLOCK_MET,
    CLOCK_BREACHED,
    CLOCK_CANCELLED,
    CLOCK_EXCUSED,
    CLOCK_STATE_COUNT_
};

/* NULL-terminated tables in the order of the enums, for schemas and queries. */
extern const char *const stage_names[];
extern const char *const handoff_state_names[];
extern const char *const move_names[];
extern const char *const purpose_names[];
extern const char *const clock_state_names[];

/* The index of `text` in a NULL-terminated table of names, -1 when it is none of them. */
int name_index(const char *const names[], struct str text);

static inline bool handoff_is_closed(enum handoff_state state)
{
    return state >= HANDOFF_WON;
}

/* api.md's table of moves: whether `move` may be made in `state`. */
bool move_is_allowed(enum move move, enum handoff_state state);
/* What opened a handoff, as people and rules see it, from the very cause that is stored: at_once,
 * manual (by_hand), decision (review), or score: by an activity, by what was learnt about the
 * contact, by a merge. handoff_unmatched.sql says the same. */
const char *handoff_trigger_kind(struct str because);
/* "sales" while a handoff is open and for customers, else "marketing". */
const char *stage_owner(enum stage stage, bool has_open_handoff);
