/*
 * When API keys were last used. A request only leaves a note in memory; the background thread
 * writes what was noted, each key at most once a minute.
 *
 * The notes are a small table with a few places for each key. A note that finds all its places
 * taken by others that are still to be written is dropped: the key's next use comes, and the time
 * is one to the minute anyway.
 */
#include "store/key_use.h"

#include "store/store_internal.h"

static const int64_t look_pause_us = US_PER_SECOND;
static const int64_t write_pause_us = 60 * US_PER_SECOND;

static bool is_pending(const struct key_note *note)
{
    return note->used_us > note->written_us;
}

/* The key's note, or a place for it; NULL: there is none. */
static struct key_note *place_of(struct key_use *use, struct uuid key_id)
{
    struct key_note *free_place = NULL;
    /* An id's last bytes are random. */
    const size_t first = (size_t)(key_id.bytes[14] << 8 | key_id.bytes[15]);
    for (size_t i = 0; i < KEY_PLACES; i++) {
        struct key_note *note = &use->notes[(first + i) % ARRAY_LEN(use->notes)];
        if (uuid_eq(note->key_id, key_id)) {
            return note;
        }
        if (free_place == NULL && !is_pending(note)) {
            free_place = note;
        }
    }
    return free_place;
}

void key_use_init(struct key_use *use)
{
    *use = (struct key_use){.next_look_us = 0};
    (void)pthread_mutex_init(&use->lock, NULL);
}

void key_use_done(struct key_use *use)
{
    (void)pthread_mutex_destroy(&use->lock);
}

void key_use_note(struct key_use *use, struct uuid key_id, int64_t now_us)
{
    (void)pthread_mutex_lock(&use->lock);
    struct key_note *note = place_of(use, key_id);
    if (note != NULL && !uuid_eq(note->key_id, key_id)) {
        *note = (struct key_note){.key_id = key_id};
    }
    if (note != NULL) {
        note->used_us = now_us;
    }
    (void)pthread_mutex_unlock(&use->lock);
}

size_t key_use_take(struct key_use *use, int64_t now_us, struct key_note taken[], size_t count_max)
{
    size_t count = 0;
    (void)pthread_mutex_lock(&use->lock);
    for (size_t i = 0; i < ARRAY_LEN(use->notes) && count < count_max; i++) {
        const struct key_note *note = &use->notes[i];
        const bool is_due = note->written_us == 0 || now_us - note->written_us >= write_pause_us;
        if (is_pending(note) && is_due) {
            taken[count++] = *note;
        }
    }
    (void)pthread_mutex_unlock(&use->lock);
    return count;
}

void key_use_written(struct key_use *use, const struct key_note taken[], size_t count)
{
    (void)pthread_mutex_lock(&use->lock);
    for (size_t i = 0; i < count; i++) {
        struct key_note *note = place_of(use, taken[i].key_id);
        if (note != NULL && uuid_eq(note->key_id, taken[i].key_id)) {
            note->written_us = taken[i].used_us;
        }
    }
    (void)pthread_mutex_unlock(&use->lock);
}

void store_note_key_use(struct store *store, struct uuid key_id)
{
    key_use_note(&store->key_use, key_id, clock_monotonic_us());
}

enum err_code background_write_key_use(struct store *store, struct err *reterr)
{
    struct background *background = &store->background;
    struct key_use *use = &store->key_use;
    const int64_t now_us = clock_monotonic_us();
    if (now_us < use->next_look_us) {
        return OK;
    }
    use->next_look_us = now_us + look_pause_us;
    struct key_note taken[KEY_NOTES_AT_ONCE];
    const size_t count = key_use_take(use, now_us, taken, ARRAY_LEN(taken));
    if (count == 0) {
        return OK;
    }
    struct params *params = &background->params;
    params_clear(params);
    struct param *ids = param_array(params, ITEM_UUID);
    struct param *ages = param_array(params, ITEM_REAL);
    for (size_t i = 0; i < count; i++) {
        item_uuid(ids, taken[i].key_id);
        item_real(ages, (double)(now_us - taken[i].used_us) / (double)US_PER_SECOND);
    }
    const enum err_code code =
        conn_run(background->conn, STATEMENT_KEY_USE_WRITE, params, /* ret_rows= */ NULL, reterr);
    if (code == OK) {
        key_use_written(use, taken, count);
    }
    return code;
}
