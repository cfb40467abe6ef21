/* Any bytes as a Last-Event-ID: what is read writes back as the same text. */
#include <assert.h>

#include "schema/event_id.h"

/* libFuzzer calls it by name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str given = str_slice((const char *)data, size);
    struct event_id id;
    if (event_id_parse(given, &id)) {
        char text[EVENT_ID_BYTES];
        assert(!uuid_is_nil(id.epoch));
        assert(id.position >= 0 && id.position <= EVENT_POSITION_MAX);
        assert(str_eq_nocase(given, str_from(event_id_format(id, text))));
    }
    return 0;
}
