/*
 * The change feed for all streams that follow it: read once, however many they are.
 *
 * One reader, the follower, stands at the end of the feed as long as a stream is open. It wakes
 * when the feed has grown (and once a second, to see whether it is still the same feed), reads what
 * is new into a page, and the streams that wait there take their events from this page. Streams
 * that are behind have pages read for them; those at the same place share one. The last few pages
 * are kept.
 *
 * So an idle feed costs one small read a second, and a page of events one read, with one stream or
 * with a thousand. Memory is bounded by the pages here and a piece for each stream that is being
 * written to.
 *
 * All functions are thread-safe.
 */
#pragma once

#include <pthread.h>

#include "feed_page.h"
#include "store/store.h"
#include "stream.h"

enum {
    EVENT_PAGE_ITEMS = 256,
    EVENT_PAGE_BYTES_MAX = 256 << 10,
    EVENT_PAGES_KEPT = 12,
    EVENT_READS_MAX = 4, /* under way for streams that are behind */
};

/* Some of the feed, ready to be sent. */
struct event_page {
    struct uuid epoch;
    int64_t after;   /* it begins behind this position, */
    int64_t through; /* and ends with this one; equal: there is nothing in it */
    uint64_t types;  /* those it was read for; none: all */
    uint64_t kinds;  /* those that are in it */
    size_t count;
    struct event_page_item {
        int64_t position;
        uint64_t type; /* one bit */
        size_t end;    /* in the text */
    } items[EVENT_PAGE_ITEMS];
    struct buf text; /* one event after the other, as they are sent */
};

struct event_streams;

/* A read of the store's for a page. */
struct event_read {
    struct read_op op;
    struct event_streams *streams;
    struct feed_look look;
    int64_t asked_at_us; /* clock_monotonic_us */
    bool is_under_way;
    struct event_page *page; /* that it fills */
    struct feed_found found; /* what it found, and: */
    bool is_good;            /* whether it could be read */
};

struct event_streams {
    struct store *store;
    pthread_mutex_t lock; /* guards the rest, but for the reads that are under way */
    struct event_read follower;
    struct event_read reads[EVENT_READS_MAX];
    struct event_page page_memory[EVENT_PAGES_KEPT + EVENT_READS_MAX + 1];
    struct event_page *pages[EVENT_PAGES_KEPT]; /* the newest first */
    size_t open_count;
    bool is_following;
    struct uuid epoch; /* of the follower's last look, if it is following */
    int64_t tail;      /* the position it has looked to */
    struct stream_list waiting;
};

/* A stream of events, in the request's arena. */
struct event_stream {
    struct stream stream;
    struct event_streams *streams;
    struct uuid epoch;
    int64_t position;      /* all up to here is sent, or not wanted */
    int64_t told_position; /* the last one the client knows of */
    uint64_t types;        /* none: all */
    int64_t last;          /* the feed's last position when the stream began */
    int64_t waiting_since_us;
    bool is_open;
    bool is_doubtful; /* whether the feed still has its position has to be looked at */
    bool is_gone;     /* it has not: */
    struct feed_found found;
};

/* Of a zeroed one; `store` is borrowed. */
void event_streams_init(struct event_streams *streams, struct store *store);
/* The store has stopped. Takes a zeroed one. */
void event_streams_done(struct event_streams *streams);
/* After streams_close(): wakes those that wait, so that they end. */
void event_streams_wake(struct event_streams *streams);

extern const struct stream_source event_stream_source;
/* The stream's place is known and good: it may begin. Before stream_begin(); once. */
void event_stream_join(struct event_stream *stream);
