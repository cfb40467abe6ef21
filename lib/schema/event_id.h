/*
 * The id of an event in a stream: "{epoch}:{position}". A client that lost its stream sends back
 * the last one it saw (Last-Event-ID), and goes on behind it.
 */
#pragma once

#include "base/str.h"
#include "base/uuid.h"

enum { EVENT_ID_BYTES = UUID_TEXT_BYTES + 20 }; /* with the colon, the digits and a NUL */

/* The largest integer that every reader of JSON keeps: positions stay below. */
#define EVENT_POSITION_MAX INT64_C(9007199254740991)

struct event_id {
    struct uuid epoch; /* never nil */
    int64_t position;  /* 0 (before the first event) to EVENT_POSITION_MAX */
};

/* NUL-terminated into `out`. Returns out. */
char *event_id_format(struct event_id id, char out[static EVENT_ID_BYTES]);
/* Only what event_id_format writes, the epoch in any case. False when it is anything else. */
bool event_id_parse(struct str text, struct event_id *ret_id) MUSTCHECK;
