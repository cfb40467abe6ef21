/* Working hours are known for some years: as time goes by, for some more. And versions of calendars
 * that nobody counts by any more go. */
#include "store/calendar_rows.h"
#include "store/store_internal.h"

static const int64_t look_pause_us = 3600 * US_PER_SECOND;

enum err_code background_extend_calendars(struct store *store, struct err *reterr)
{
    struct background *background = &store->background;
    const int64_t now_us = clock_monotonic_us();
    if (now_us < background->next_calendars_us) {
        return OK;
    }
    /* One at a time: the thread has clocks to look at. */
    size_t count = 0;
    enum err_code code = calendars_extend(background->conn, 1, &count, reterr);
    if (code == OK && count == 0) {
        code = conn_run(background->conn, STATEMENT_CALENDAR_FORGET, /* params= */ NULL,
                        /* ret_rows= */ NULL, reterr);
        background->next_calendars_us = code == OK ? now_us + look_pause_us : 0;
    }
    return code;
}
