#include "base/uuid_library.h"

#include <string.h>
#include <uuid/uuid.h>

bool uuid_library_parse(const char *text, uint8_t ret_bytes[static 16])
{
    uuid_t parsed;
    if (uuid_parse(text, parsed) != 0)
        return false;
    memcpy(ret_bytes, parsed, sizeof parsed);
    return true;
}

void uuid_library_format(const uint8_t bytes[static 16], char out[static 37])
{
    uuid_unparse_lower(bytes, out);
}
