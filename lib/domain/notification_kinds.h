/*
 * The words of what people are told: kinds, ways, what a member gets who chose nothing. Part of
 * domain/catalog.h, since members choose; what concerns whom is decided in domain/notification.h.
 */
#pragma once

#include "base/str.h"

enum notification_kind {
    NOTIFY_NEW_MQL,            /* marketing handed a contact over */
    NOTIFY_ASSIGNED,           /* somebody gave a handoff to somebody else */
    NOTIFY_WARNING,            /* part of the time for a promise is over */
    NOTIFY_BREACH,             /* all of it */
    NOTIFY_REFUSAL,            /* sales gave a contact back, or refused it */
    NOTIFY_NEW_OFFER,          /* there is new content to offer */
    NOTIFY_COMMITMENT_AT_RISK, /* what a team promised will probably not be, or was not kept */
    NOTIFY_ESCALATION,         /* a step of a policy's ladder */
    NOTIFY_KIND_COUNT_
};

/* What a member wants to be told of a kind. */
enum notification_mode {
    NOTIFY_NONE,
    NOTIFY_AT_ONCE, /* within the member's hours; outside of them when these begin again */
    NOTIFY_DIGEST,  /* with all else in one mail a day */
    NOTIFY_MODE_COUNT_
};

enum notification_channel { NOTIFY_BY_MAIL, NOTIFY_BY_CHAT, NOTIFY_CHANNEL_COUNT_ };

/* How a team's chat wants its messages. */
enum chat_format {
    CHAT_SLACK, /* {"text"} in Slack's mrkdwn; Mattermost and Rocket.Chat take it too */
    CHAT_TEAMS, /* an Adaptive Card, as Microsoft Teams' workflows take it */
    CHAT_PLAIN, /* {"text"} without any markup */
    CHAT_FORMAT_COUNT_
};

extern const char *const notification_kind_names[];
extern const char *const notification_mode_names[];
extern const char *const notification_channel_names[];
extern const char *const notification_state_names[]; /* pending, sent, skipped, failed */
extern const char *const chat_format_names[];

enum { MINUTES_PER_DAY = 24 * 60 };

/* When somebody works, in local time. */
struct working_hours {
    int opens_minute;  /* since midnight */
    int closes_minute; /* later on the same day */
    unsigned days;     /* bit 0 is Monday; at least one */
};
extern const struct working_hours default_working_hours; /* Monday to Friday, 08:00 to 19:00 */
