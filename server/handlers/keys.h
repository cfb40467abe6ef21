/* API keys as set-up entries. */
#pragma once

#include <jansson.h>

#include "auth.h"

/* What is stored for a key that a client asks for: their body with the new key's hash and shown
 * parts. The key's text is written to `text`. A new reference; NULL when out of memory. */
json_t *key_body(const json_t *asked, char text[static KEY_TEXT_BYTES]);

/* A key in a list, with when it was last used as key_list_start has asked. */
void key_write_listed(const struct request *request, struct json_writer *json,
                      const struct catalog_entry *entry);
