#include "domain/funnel.h"

const char *const stage_names[] = {"contact", "prospect",    "lead",     "mql",          "sal",
                                   "sql",     "opportunity", "customer", "disqualified", NULL};
const char *const handoff_state_names[] = {"open",        "accepted", "contacted", "qualified",
                                           "opportunity", "won",      "lost",      "recycled",
                                           "rejected",    NULL};
const char *const move_names[] = {"accept", "attempts", "qualify", "opportunity", "win",
                                  "lose",   "recycle",  "reject",  "assign",      "pause",
                                  "resume", "feedback", NULL};
const char *const purpose_names[] = {"close", "stimulate", "upsell", NULL};
const char *const clock_state_names[] = {"running",   "paused",  "met", "breached",
                                         "cancelled", "excused", NULL};

int name_index(const char *const names[], struct str text)
{
    for (int i = 0; text.data != NULL && names[i] != NULL; i++) {
        if (str_is(text, names[i])) {
            return i;
        }
    }
    return -1;
}

enum {
    OPEN = 1 << HANDOFF_OPEN,
    ACCEPTED = 1 << HANDOFF_ACCEPTED,
    CONTACTED = 1 << HANDOFF_CONTACTED,
    QUALIFIED = 1 << HANDOFF_QUALIFIED,
    OPPORTUNITY = 1 << HANDOFF_OPPORTUNITY,
    NOT_CLOSED = OPEN | ACCEPTED | CONTACTED | QUALIFIED | OPPORTUNITY,
    ANY = (1 << HANDOFF_STATE_COUNT_) - 1,
};

/* The states in which each move may be made. */
static const int allowed[MOVE_COUNT_] = {
    [MOVE_ACCEPT] = OPEN,
    [MOVE_ATTEMPTS] = NOT_CLOSED,
    [MOVE_QUALIFY] = CONTACTED,
    [MOVE_OPPORTUNITY] = QUALIFIED,
    [MOVE_WIN] = QUALIFIED | OPPORTUNITY,
    [MOVE_LOSE] = QUALIFIED | OPPORTUNITY,
    [MOVE_RECYCLE] = NOT_CLOSED,
    [MOVE_REJECT] = OPEN | ACCEPTED | CONTACTED,
    [MOVE_ASSIGN] = NOT_CLOSED,
    [MOVE_PAUSE] = NOT_CLOSED,
    [MOVE_RESUME] = NOT_CLOSED,
    [MOVE_FEEDBACK] = ANY,
};

bool move_is_allowed(enum move move, enum handoff_state state)
{
    return (allowed[move] & (1 << state)) != 0;
}

const char *handoff_trigger_kind(struct str because)
{
    static const struct {
        const char *because;
        const char *kind;
    } kinds[] = {
        {"at_once", "at_once" },
        {"by_hand", "manual"  },
        {"review",  "decision"},
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (str_is(because, kinds[i].because)) {
            return kinds[i].kind;
        }
    }
    return "score";
}

const char *stage_owner(enum stage stage, bool has_open_handoff)
{
    return has_open_handoff || stage == STAGE_CUSTOMER ? "sales" : "marketing";
}
