/*
 * A stream and its place. A stream has everything up to `position`. The events behind it are in a
 * page, or have to be read; at the end of the feed there are none yet.
 *
 *     position < tail     it is behind: a page that covers it, or a read for such a page
 *     position ≥ tail     it waits for the follower, whose next page begins at `tail`
 *
 * A page covers a position when it begins at or before it and ends behind it, is of the same epoch,
 * and was read for all types or for those of the stream. Near the end pages are read for all types,
 * so that all streams share them; far behind it, where looking for a rare type event by event would
 * take long, for the stream's own.
 *
 * Is it still the same feed? A look is made for an epoch and a position, and its answer says
 * whether that feed goes on from there. The verdict of a look binds those streams that waited, in
 * that epoch at that position, when its answer came; nobody else. The follower's look does not bind
 * anybody (its snapshot may be older than that of a stream that has just begun), but it raises a
 * doubt in those whom it does not fit: then a look of their own decides. So a stream ends because
 * of an older snapshot never, and because of another epoch within about a second.
 *
 * A stream belongs to the list of those who wait, guarded by the lock, or to its HTTP thread. A
 * read belongs to the store while it is under way; its page is then filled without the lock, and
 * put among the others under it.
 */
#include "event_streams.h"

#include "base/clock.h"
#include "base/log.h"
#include "request.h"
#include "schema/event_id.h"

/* How often the follower looks although nothing has come: whether the feed is still the same, and
 * whether the set-up is. */
static const int64_t follow_us = US_PER_SECOND;

/* ---- pages ---- */

static void page_clear(struct event_page *page)
{
    page->after = page->through = 0;
    page->kinds = 0;
    page->count = 0;
    buf_clear(&page->text);
}

static bool page_covers(const struct event_page *page, const struct event_stream *stream)
{
    return page->after <= stream->position && stream->position < page->through &&
           uuid_eq(page->epoch, stream->epoch) &&
           (page->types == 0 || page->types == stream->types);
}

static bool is_wanted(const struct event_stream *stream, uint64_t kinds)
{
    return stream->types == 0 || (stream->types & kinds) != 0;
}

/* The page that goes on from the stream's place, which moves over those that have nothing for it.
 * NULL: it has to be read, or does not exist yet. */
static const struct event_page *page_for(struct event_streams *streams, struct event_stream *stream)
{
    for (size_t i = 0; i < EVENT_PAGES_KEPT;) {
        const struct event_page *page = streams->pages[i];
        if (!page_covers(page, stream)) {
            i++;
        } else if (is_wanted(stream, page->kinds)) {
            return page;
        } else {
            stream->position = page->through;
            i = 0;
        }
    }
    return NULL;
}

/* The page of a read that has ended takes the place of the oldest. */
static void keep_page(struct event_streams *streams, struct event_read *read)
{
    struct event_page *oldest = streams->pages[EVENT_PAGES_KEPT - 1];
    memmove(streams->pages + 1, streams->pages, sizeof streams->pages - sizeof *streams->pages);
    streams->pages[0] = read->page;
    read->page = oldest;
}

/* Nobody listens: an idle service holds no memory for it. */
static void forget_pages(struct event_streams *streams)
{
    for (size_t i = 0; i < EVENT_PAGES_KEPT; i++) {
        page_clear(streams->pages[i]);
        buf_done(&streams->pages[i]->text);
    }
}

static uint64_t type_bit(struct str type)
{
    for (size_t i = 0; feed_type_names[i] != NULL; i++) {
        if (str_is(type, feed_type_names[i])) {
            return UINT64_C(1) << i;
        }
    }
    return 0; /* of a later release, which shares the database for a moment: for those who take all
               */
}

/* A line of data is one line, whatever white space its JSON came with. */
static void join_lines(struct buf *text, size_t begin)
{
    for (size_t i = begin; i < text->len; i++) {
        if (text->data[i] == '\n' || text->data[i] == '\r') {
            text->data[i] = ' ';
        }
    }
}

static void write_event(struct buf *text, struct uuid epoch, const struct rows *rows, size_t row)
{
    char id[EVENT_ID_BYTES];
    const struct event_id place = {.epoch = epoch, .position = feed_event_position(rows, row)};
    buf_printf(text, "id: %s\nevent: %.*s\ndata: ", event_id_format(place, id),
               STR_ARGS(feed_event_type(rows, row)));
    const size_t begin = text->len;
    struct json_writer json;
    json_writer_init(&json, text);
    feed_write_event(&json, rows, row);
    join_lines(text, begin);
    buf_append_text(text, "\n\n");
}

/* As many of the events as it takes; it ends with the last of them. False: not even one. */
static bool page_fill(struct event_page *page, const struct feed_look *look,
                      const struct feed_found *found, const struct rows *rows)
{
    page_clear(page);
    page->epoch = found->bounds.epoch;
    page->after = look->after;
    page->types = look->types;
    page->through = found->looked;
    for (size_t i = 0; i < found->count; i++) {
        const size_t begin = page->text.len;
        write_event(&page->text, page->epoch, rows, i);
        if (page->text.failed) {
            page->text.failed = false;
            page->text.len = begin;
            page->through = i > 0 ? page->items[i - 1].position : page->after;
            return i > 0;
        }
        const uint64_t type = type_bit(feed_event_type(rows, i));
        page->items[page->count++] = (struct event_page_item){
            .position = feed_event_position(rows, i),
            .type = type,
            .end = page->text.len,
        };
        page->kinds |= type;
    }
    return true;
}

/* ---- reads ---- */

static struct event_stream *of_stream(struct stream *stream)
{
    return CONTAINER_OF(stream, struct event_stream, stream);
}

static bool has_news(struct stream *one)
{
    struct event_stream *stream = of_stream(one);
    return stream->is_gone || page_for(stream->streams, stream) != NULL;
}

static struct stream *take_ready(struct event_streams *streams)
{
    return stream_list_take(&streams->waiting, streams->store, has_news);
}

/* The look that a stream needs which does not wait for the follower. */
static struct feed_look look_of(const struct event_streams *streams,
                                const struct event_stream *stream)
{
    const bool is_near = uuid_eq(stream->epoch, streams->epoch) &&
                         streams->tail - stream->position <= EVENT_PAGE_ITEMS;
    return (struct feed_look){
        .epoch = stream->epoch,
        .after = stream->position,
        .types = is_near ? 0 : stream->types,
        .limit = EVENT_PAGE_ITEMS,
    };
}

static bool needs_look(const struct event_streams *streams, const struct event_stream *stream)
{
    return !stream->is_gone && (stream->is_doubtful || (uuid_eq(stream->epoch, streams->epoch) &&
                                                        stream->position < streams->tail));
}

/* A read that is under way for just this, or else one that is free; NULL: none of both. */
static struct event_read *find_read(struct event_streams *streams, const struct feed_look *look)
{
    struct event_read *found = NULL;
    for (size_t i = 0; i < EVENT_READS_MAX; i++) {
        struct event_read *read = &streams->reads[i];
        if (!read->is_under_way) {
            found = read;
        } else if (uuid_eq(read->look.epoch, look->epoch) && read->look.after == look->after &&
                   (read->look.types == 0 || read->look.types == look->types)) {
            return read;
        }
    }
    return found;
}

static void on_read(struct op *op);
static void on_look_done(struct op *op);

static void prepare_read(struct event_read *read, void (*done)(struct op *op))
{
    read_op_init(&read->op);
    read->op.op.finish = on_read;
    read->op.op.done = done;
    read->op.op.context = read;
    (void)read_op_query(&read->op, STATEMENT_FEED_PAGE);
}

/* Has pages read for those that are behind, first come, first served. What cannot be asked for now
 * is asked for when a read is over, or the follower looks again. */
static void ask_for_pages(struct event_streams *streams)
{
    for (struct stream *stream = streams->waiting.first; stream != NULL;
         stream = stream->next_waiting) {
        if (!needs_look(streams, of_stream(stream))) {
            continue;
        }
        const struct feed_look look = look_of(streams, of_stream(stream));
        struct event_read *read = find_read(streams, &look);
        if (read == NULL) {
            return;
        }
        if (read->is_under_way) {
            continue;
        }
        prepare_read(read, on_look_done);
        read->look = look;
        read->asked_at_us = clock_monotonic_us();
        feed_look_params(&read->op.queries[0].params, &look);
        read->is_under_way = store_submit(streams->store, &read->op.op);
        if (!read->is_under_way) {
            read_op_done(&read->op);
            return;
        }
    }
}

/* On a store thread, with the rows at hand. */
static void on_read(struct op *op)
{
    struct event_read *read = op->context;
    const struct rows *rows = read->op.queries[0].rows;
    read->is_good = false;
    if (op->err.code != OK || feed_look_found(rows, &read->look, &read->found, &op->err) != OK) {
        return;
    }
    read->is_good = read->found.gone != NULL ||
                    page_fill(read->page, &read->look, &read->found, rows);
    if (!read->is_good) {
        log_write(LOG_ERROR, "event_too_large", LOG_INT("after", read->look.after));
    }
}

/* What a look says to those who waited for it. */
static void give_verdict(struct event_streams *streams, const struct event_read *read)
{
    for (struct stream *one = streams->waiting.first; one != NULL; one = one->next_waiting) {
        struct event_stream *stream = of_stream(one);
        if (stream->position == read->look.after && uuid_eq(stream->epoch, read->look.epoch)) {
            stream->is_doubtful = false;
            stream->is_gone = read->found.gone != NULL;
            stream->found = read->found;
        }
    }
}

static void on_look_done(struct op *op)
{
    struct event_read *read = op->context;
    struct event_streams *streams = read->streams;
    const bool is_good = read->is_good;
    const bool is_gone = is_good && read->found.gone != NULL;
    const bool has_page = is_good && !is_gone && read->page->through > read->page->after;
    read_op_done(&read->op);
    (void)pthread_mutex_lock(&streams->lock);
    read->is_under_way = false;
    if (is_good) {
        give_verdict(streams, read);
    }
    if (has_page) {
        keep_page(streams, read);
    }
    struct stream *ready = take_ready(streams);
    if (is_gone || has_page) {
        ask_for_pages(streams); /* else only with the follower's next look */
    }
    (void)pthread_mutex_unlock(&streams->lock);
    stream_resume_all(ready);
}

/* ---- the follower ---- */

/* A look that has begun after they did does not fit these: they look for themselves. */
static void raise_doubts(struct event_streams *streams)
{
    const struct event_read *follower = &streams->follower;
    const struct feed_bounds *bounds = &follower->found.bounds;
    for (struct stream *one = streams->waiting.first; one != NULL; one = one->next_waiting) {
        struct event_stream *stream = of_stream(one);
        const bool fits = uuid_eq(stream->epoch, bounds->epoch) && stream->position <= bounds->last;
        if (!fits && stream->waiting_since_us < follower->asked_at_us) {
            stream->is_doubtful = true;
        }
    }
}

static void take_news(struct event_streams *streams)
{
    struct event_read *follower = &streams->follower;
    raise_doubts(streams);
    streams->epoch = follower->found.bounds.epoch;
    if (follower->found.gone != NULL) {
        streams->tail = follower->found.bounds.last;
        return;
    }
    streams->tail = follower->page->through;
    if (follower->page->through > follower->page->after) {
        keep_page(streams, follower);
    }
}

static void stop_following(struct event_streams *streams)
{
    read_op_done(&streams->follower.op);
    streams->is_following = false;
}

/* Looks behind the tail: at once, or when there is something or it is time to. */
static void look_on(struct event_streams *streams, bool at_once, bool for_news)
{
    struct event_read *follower = &streams->follower;
    struct op *op = &follower->op.op;
    const int64_t now_us = clock_monotonic_us();
    follower->look = (struct feed_look){
        .epoch = streams->epoch, .after = streams->tail, .limit = EVENT_PAGE_ITEMS};
    follower->asked_at_us = now_us;
    feed_look_params(&follower->op.queries[0].params, &follower->look);
    op->deadline_us = 0;
    if (at_once && store_submit(streams->store, op)) {
        return;
    }
    if (!store_follow_feed(streams->store, op, for_news ? streams->tail : INT64_MAX,
                           now_us + follow_us)) {
        stop_following(streams); /* the service stops */
    }
}

static void on_follower_done(struct op *op)
{
    struct event_read *follower = op->context;
    struct event_streams *streams = follower->streams;
    (void)pthread_mutex_lock(&streams->lock);
    const bool is_good = follower->is_good;
    const bool has_more = is_good && follower->found.gone == NULL &&
                          follower->page->through < follower->found.bounds.last;
    if (is_good) {
        take_news(streams);
    }
    struct stream *ready = take_ready(streams);
    ask_for_pages(streams);
    if (streams->open_count > 0) {
        look_on(streams, has_more, is_good);
    } else {
        stop_following(streams);
        forget_pages(streams);
    }
    (void)pthread_mutex_unlock(&streams->lock);
    stream_resume_all(ready);
}

static void begin_following(struct event_streams *streams, const struct event_stream *stream)
{
    streams->is_following = true;
    streams->epoch = stream->epoch;
    streams->tail = stream->last;
    prepare_read(&streams->follower, on_follower_done);
    look_on(streams, /* at_once= */ false, /* for_news= */ true);
}

/* ---- a stream ---- */

/* Some events of a page, up to a piece. */
static void take_events(struct event_stream *stream, const struct event_page *page, struct buf *out)
{
    size_t begin = 0;
    for (size_t i = 0; i < page->count; i++) {
        const struct event_page_item *item = &page->items[i];
        if (item->position > stream->position && is_wanted(stream, item->type)) {
            buf_append(out, page->text.data + begin, item->end - begin);
            stream->told_position = item->position;
            if (out->len >= STREAM_PIECE_BYTES) {
                stream->position = item->position;
                return;
            }
        }
        begin = item->end;
    }
    stream->position = page->through;
}

/* No id goes with it: who comes back is told the same by a 410. */
static void tell_gone(struct event_stream *stream, struct buf *out)
{
    buf_append_text(out, "event: gone\ndata: ");
    struct json_writer json;
    json_writer_init(&json, out);
    json_object_begin(&json);
    JSON_FIELD(&json, "detail", json_text, stream->found.gone);
    feed_write_bounds(&json, &stream->found.bounds);
    json_object_end(&json);
    buf_append_text(out, "\n\n");
    stream->stream.is_over = true;
}

/* With the place it has come to, if there was nothing for it on the way: an id without an event
 * becomes the one a client comes back with. */
static void write_beat(struct event_stream *stream, struct buf *out)
{
    buf_append_text(out, STREAM_BEAT);
    if (stream->position > stream->told_position) {
        const struct event_id id = {.epoch = stream->epoch, .position = stream->position};
        char text[EVENT_ID_BYTES];
        buf_printf(out, "id: %s\n", event_id_format(id, text));
        stream->told_position = stream->position;
    }
    buf_append_char(out, '\n');
}

static enum http_step next_piece(struct stream *one, struct buf *out)
{
    struct event_stream *stream = of_stream(one);
    struct event_streams *streams = stream->streams;
    (void)pthread_mutex_lock(&streams->lock);
    const struct event_page *page = page_for(streams, stream);
    while (page != NULL && out->len < STREAM_PIECE_BYTES) {
        take_events(stream, page, out);
        page = page_for(streams, stream);
    }
    (void)pthread_mutex_unlock(&streams->lock);
    if (out->len == 0 && stream->is_gone) {
        tell_gone(stream, out);
    } else if (out->len == 0 && stream_beat_is_due(one)) {
        write_beat(stream, out);
    }
    return out->len > 0 ? HTTP_REPLY : HTTP_WAIT;
}

static void wait_for_events(struct stream *one)
{
    struct event_stream *stream = of_stream(one);
    struct event_streams *streams = stream->streams;
    (void)pthread_mutex_lock(&streams->lock);
    stream->waiting_since_us = clock_monotonic_us();
    const bool must_go_on = stream_is_due(one) || has_news(one);
    if (!must_go_on) {
        stream_list_add(&streams->waiting, one);
        if (!streams->is_following) {
            begin_following(streams, stream);
        }
        ask_for_pages(streams);
    }
    (void)pthread_mutex_unlock(&streams->lock);
    if (must_go_on) {
        http_resume(one->request->message);
    }
}

static void leave(struct stream *one)
{
    struct event_stream *stream = of_stream(one);
    if (stream->is_open) {
        (void)pthread_mutex_lock(&stream->streams->lock);
        stream->streams->open_count--;
        (void)pthread_mutex_unlock(&stream->streams->lock);
    }
}

const struct stream_source event_stream_source = {
    .next = next_piece, .wait = wait_for_events, .end = leave};

void event_stream_join(struct event_stream *stream)
{
    struct event_streams *streams = stream->streams;
    (void)pthread_mutex_lock(&streams->lock);
    streams->open_count++;
    (void)pthread_mutex_unlock(&streams->lock);
    stream->is_open = true;
}

/* ---- all of them ---- */

void event_streams_init(struct event_streams *streams, struct store *store)
{
    streams->store = store;
    (void)pthread_mutex_init(&streams->lock, NULL);
    struct event_page *page = streams->page_memory;
    for (size_t i = 0; i < ARRAY_LEN(streams->page_memory); i++) {
        buf_init(&streams->page_memory[i].text, EVENT_PAGE_BYTES_MAX);
    }
    for (size_t i = 0; i < EVENT_PAGES_KEPT; i++) {
        streams->pages[i] = page;
        page++;
    }
    for (size_t i = 0; i < EVENT_READS_MAX; i++) {
        streams->reads[i] = (struct event_read){.streams = streams, .page = page};
        page++;
    }
    streams->follower = (struct event_read){.streams = streams, .page = page};
}

void event_streams_done(struct event_streams *streams)
{
    if (streams->store != NULL) {
        for (size_t i = 0; i < ARRAY_LEN(streams->page_memory); i++) {
            buf_done(&streams->page_memory[i].text);
        }
        (void)pthread_mutex_destroy(&streams->lock);
        streams->store = NULL;
    }
}

void event_streams_wake(struct event_streams *streams)
{
    (void)pthread_mutex_lock(&streams->lock);
    struct stream *ready = take_ready(streams);
    (void)pthread_mutex_unlock(&streams->lock);
    stream_resume_all(ready);
}
