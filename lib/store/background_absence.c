/*
 * Members who are away: what they have goes to who stands in, when the absence begins; where nobody
 * does it waits, and that is told once. Who is away is in the set-up, so nothing is asked of the
 * database until an absence begins, the set-up changes, or a minute has passed (somebody may have
 * accepted something while away).
 *
 * As everywhere the contacts are locked first, then, with a fresh snapshot, what is still theirs is
 * given away: any number of instances may do it, each handoff is given once.
 */
#include "domain/absence.h"
#include "store/background_note.h"

enum { ABSENCE_BATCH = 200 /* contacts locked at once */ };

static const int64_t look_again_us = 60 * US_PER_SECOND;
/* Contacts that are busy are passed over: so for a while after a change, soon again. */
static const int64_t look_soon_us = US_PER_SECOND;
static const int64_t eager_us = 10 * US_PER_SECOND;

/* Columns of absence_handoffs.sql. */
enum away_column { AWAY_SHOWN_ID, AWAY_CONTACT_ID, AWAY_HANDOFF_ID, AWAY_STATE, AWAY_ASSIGNEE };

/* $1, $2, $3: who is away, since when, and whether somebody stands in. */
static size_t away_params(struct params *params, const struct catalog *catalog, int64_t now_us)
{
    size_t count;
    const struct absence *const *absences = catalog_absences(catalog, &count);
    params_clear(params);
    struct param *members = param_array(params, ITEM_UUID);
    struct param *since = param_array(params, ITEM_TIME);
    struct param *stand_ins = param_array(params, ITEM_BOOL);
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (absence_of(catalog, absences[i]->member_id, now_us) == absences[i]) {
            item_uuid(members, absences[i]->member_id);
            item_time(since, absences[i]->from_us);
            item_bool(stand_ins, absence_stand_in(catalog, absences[i]->member_id, now_us) != NULL);
            found++;
        }
    }
    return found;
}

static void settle(struct notes *notes, const struct catalog *catalog, const struct rows *rows,
                   size_t row)
{
    const struct noted_handoff handoff = {
        .shown_id = row_uuid(rows, row, AWAY_SHOWN_ID),
        .contact_id = row_uuid(rows, row, AWAY_CONTACT_ID),
        .handoff_id = row_uuid(rows, row, AWAY_HANDOFF_ID),
        .state = row_text(rows, row, AWAY_STATE),
        .assignee = row_uuid(rows, row, AWAY_ASSIGNEE),
    };
    const struct member *stand_in = absence_stand_in(catalog, handoff.assignee, notes->now_us);
    if (stand_in != NULL) {
        notes_give(notes, &handoff, stand_in->id, "absence");
        return;
    }
    notes_entry_begin(notes, "waiting", &handoff, handoff.assignee, "absence");
    notes_entry_end(notes);
    notes_handoff_event(notes, "handoff.activity", &handoff, handoff.assignee, "absence");
}

static enum err_code settle_all(struct background *background, const struct catalog *catalog,
                                const struct rows *rows, int64_t now_us, struct err *reterr)
{
    struct notes notes;
    enum err_code code = notes_init(&notes, background, now_us);
    if (code != OK) {
        (void)err_set(reterr, code, "Out of memory for the handoffs of who is away.");
    }
    for (size_t row = 0; code == OK && row < rows_count(rows); row++) {
        settle(&notes, catalog, rows, row);
    }
    code = code != OK ? code : notes_send(&notes, reterr);
    notes_done(&notes);
    return code;
}

/* One batch; *ret_count: how many handoffs were settled. */
static enum err_code give_away(struct store *store, const struct catalog *catalog, int64_t now_us,
                               size_t *ret_count, struct err *reterr)
{
    struct background *background = &store->background;
    struct rows *locked = NULL;
    struct rows *rows = NULL;
    *ret_count = 0;
    if (away_params(&background->params, catalog, now_us) == 0) {
        return OK;
    }
    param_int(&background->params, ABSENCE_BATCH);
    enum err_code code = background_begin(background, STATEMENT_ABSENCE_LOCK, &locked, reterr);
    if (code == OK && rows_count(locked) > 0) {
        (void)away_params(&background->params, catalog, now_us);
        struct param *ids = param_array(&background->params, ITEM_UUID);
        for (size_t i = 0; i < rows_count(locked); i++) {
            item_uuid(ids, row_uuid(locked, i, 0));
        }
        code = background_go_on(background, STATEMENT_ABSENCE_HANDOFFS, &rows, reterr);
        *ret_count = code == OK ? rows_count(rows) : 0;
    }
    if (code == OK && *ret_count > 0) {
        code = settle_all(background, catalog, rows, now_us, reterr);
    }
    code = background_end(background, code, *ret_count > 0, reterr);
    if (code == OK && *ret_count > 0) {
        background_notify(store, /* has_events= */ true, /* has_clocks= */ false);
    }
    rows_free(locked);
    rows_free(rows);
    arena_clear(&background->arena);
    return code;
}

/* How long until the next absence begins or ends, or until it is worth while to look again. */
static int64_t until_next_us(const struct catalog *catalog, int64_t changed_at_us, int64_t now_us)
{
    size_t count;
    const struct absence *const *absences = catalog_absences(catalog, &count);
    bool is_eager = now_us - changed_at_us < eager_us;
    for (size_t i = 0; i < count; i++) {
        is_eager = is_eager ||
                   (absences[i]->from_us <= now_us && now_us - absences[i]->from_us < eager_us);
    }
    int64_t next_us = now_us + (is_eager && count > 0 ? look_soon_us : look_again_us);
    for (size_t i = 0; i < count; i++) {
        const int64_t bounds[] = {absences[i]->from_us, absences[i]->to_us};
        for (size_t b = 0; b < ARRAY_LEN(bounds); b++) {
            if (bounds[b] > now_us && bounds[b] < next_us) {
                next_us = bounds[b];
            }
        }
    }
    return next_us - now_us;
}

enum err_code background_settle_absences(struct store *store, int64_t now_us, int64_t *next_us,
                                         struct err *reterr)
{
    struct background *background = &store->background;
    struct catalog *catalog = store_catalog(store);
    enum err_code code = OK;
    const bool has_changed = catalog_version(catalog) != background->absences_version;
    if (has_changed || now_us >= background->absences_at_us) {
        size_t count;
        do {
            code = give_away(store, catalog, now_us, &count, reterr);
        } while (code == OK && count > 0);
        if (code == OK) {
            background->absences_version = catalog_version(catalog);
            background->absences_changed_at_us = has_changed ? now_us
                                                             : background->absences_changed_at_us;
            background->absences_at_us =
                now_us + until_next_us(catalog, background->absences_changed_at_us, now_us);
        }
    }
    const int64_t left_us = background->absences_at_us - now_us;
    *next_us = code == OK && left_us < *next_us ? left_us : *next_us;
    catalog_unref(catalog);
    return code;
}
