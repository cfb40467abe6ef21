#include "schema/event_id.h"

#include <inttypes.h>
#include <stdio.h>

enum { EPOCH_CHARS = UUID_TEXT_BYTES - 1 };

char *event_id_format(struct event_id id, char out[static EVENT_ID_BYTES])
{
    (void)uuid_format(id.epoch, out);
    (void)snprintf(out + EPOCH_CHARS, EVENT_ID_BYTES - EPOCH_CHARS, ":%" PRId64, id.position);
    return out;
}

/* One number has one text: no sign, no zeros before it. */
static bool is_canonical(struct str digits)
{
    return digits.len == 1 || (digits.len > 1 && digits.data[0] >= '1' && digits.data[0] <= '9');
}

bool event_id_parse(struct str text, struct event_id *ret_id)
{
    if (text.len <= EPOCH_CHARS || text.data[EPOCH_CHARS] != ':') {
        return false;
    }
    const struct str digits = str_slice(text.data + EPOCH_CHARS + 1, text.len - EPOCH_CHARS - 1);
    struct event_id id;
    if (!uuid_parse(str_slice(text.data, EPOCH_CHARS), &id.epoch) || uuid_is_nil(id.epoch) ||
        !is_canonical(digits) || !str_to_int64(digits, &id.position) ||
        id.position > EVENT_POSITION_MAX) {
        return false;
    }
    *ret_id = id;
    return true;
}
