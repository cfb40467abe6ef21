/*
 * Whom an event concerns and how they are told, and whether it is still worth telling. Pure: the
 * events come from the change feed, the facts from the store; sending is lib/delivery's.
 *
 * A member is told of what is theirs (their handoffs), of what nobody has yet (their team's), and
 * managers of what runs late; each kind as the member chose, or as is usual in their team. Nobody
 * is told of what they did themselves. A chat is told of the kinds that its team wants there.
 */
#pragma once

#include "domain/catalog.h"
#include "domain/escalation.h"

/* Something that happened, as the feed tells it. */
struct notification_event {
    enum notification_kind kind;
    struct uuid assignee; /* of the handoff, as it is now; nil: nobody, or no handoff */
    struct uuid actor;    /* the member who did it; nil: somebody else or nobody */
    enum escalation step; /* of an escalation, with those whom it names */
    struct uuid named[ESCALATION_MANAGERS_MAX];
    size_t named_count;
};

/* The feed's types that somebody may be told of, NULL-terminated. */
extern const char *const notification_event_types[];
/* False: nobody is told of this type. */
bool notification_kind_of(struct str event_type, enum notification_kind *ret_kind) MUSTCHECK;

/* How the member is told of the event; NOTIFY_NONE: not. Only members with an address are. */
enum notification_mode notification_for_member(const struct notification_event *event,
                                               const struct member *member);
/* Whether the team's chat is told. */
bool notification_for_team(const struct notification_event *event, const struct organisation *org,
                           enum team team);

/* What members of a team are told who chose nothing. */
enum notification_mode notification_default(enum team team, bool is_manager,
                                            enum notification_kind kind);
/* The same for its chat: a set of bits, 1 << kind. */
unsigned notification_chat_default(enum team team);

/* A local time. */
struct notification_time {
    bool is_known;
    int weekday; /* 1 is Monday */
    int day;
    int month;
    int year;
    int hour;
    int minute;
};
/* "ID DD MM YYYY HH24 MI" as the store writes it; absent: not known. */
struct notification_time notification_time_parse(struct str text);

/* What a notification is about, as it is when it goes out. Texts are absent where unknown. */
struct notification_facts {
    struct uuid id;
    enum notification_kind kind;
    enum notification_mode mode;
    struct str subject; /* an offer's slug, a commitment's id */
    struct str data;    /* the event's, JSON */
    struct uuid contact_id;
    struct uuid handoff_id;

    bool has_handoff;
    struct str handoff_state;
    struct uuid assignee;
    bool is_closed;
    struct str reason; /* why it was closed: a code */
    struct str purpose;

    bool is_erased; /* the contact */
    struct str first_name;
    struct str last_name;
    struct str company;
    struct str job_title;
    struct str grade;
    struct str offer; /* slug of what opened the handoff */

    struct uuid clock_id;  /* what happened to it is told; nil: not about a clock */
    struct str clock_kind; /* absent: there is none */
    struct str clock_state;
    bool is_met;
    struct notification_time due;

    struct str step;   /* of an escalation: a name of enum escalation */
    struct uuid named; /* … and the first whom it names */

    bool is_forecast;   /* of a commitment: not missed yet */
    bool has_recovered; /* … and on its pace again */
    bool is_judged;     /* … or its period is over and judged */
};

/* Why nobody needs to be told any more: a static word such as "handled", "met", "erased"; NULL: it
 * still stands. `member` is whom a mail is for; NULL for a chat. */
const char *notification_is_over(const struct notification_facts *facts,
                                 const struct member *member);

/* Whether a later one of the same message (they are in the order in which things happened) says
 * more about the same promise: of a warning, a breach and an escalation the last is told. */
bool notification_is_superseded(const struct notification_facts *facts, size_t count, size_t at);

/* When somebody may be written to at the earliest: `now_us`, unless they are away, or the calendar
 * they work by (their own, else their team's) has the day off; then when that is over. */
int64_t notification_free_us(const struct catalog *catalog, const struct member *member,
                             int64_t now_us);

/* Whether a mail of this mode may go now, by the member's local time. A digest may also go within
 * the hour that the member chose for it, whatever the hours are. */
bool notification_may_go(const struct member *member, enum notification_mode mode,
                         const struct notification_time *now);
