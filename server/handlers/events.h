/* What the change feed's pages and its stream share. */
#pragma once

#include "feed_page.h"
#include "request.h"
#include "schema/event_id.h"

/* Where in the feed, and which events of it. Put FEED_PARAMS(struct x) into the table and `struct
 * feed_query feed;` into the struct. */
struct feed_query {
    int64_t after;
    struct uuid epoch; /* nil: not given */
    uint64_t types;
};
#define FEED_PARAMS(type)                                                                          \
    QUERY_PARAM("after", INT, type, feed.after, .max = (double)EVENT_POSITION_MAX,                 \
                QUERY_FALLBACK(0)),                                                                \
        QUERY_PARAM("epoch", UUID, type, feed.epoch),                                              \
        QUERY_PARAM("types", ENUMS, type, feed.types, .choices = feed_type_names)

/* 410 with the feed's bounds. */
enum request_step reply_feed_gone(struct request *request, const struct feed_found *found);
