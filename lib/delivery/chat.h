/*
 * Posting a message to a chat's webhook: JSON over HTTPS to public addresses, no redirects.
 */
#pragma once

#include "base/str.h"
#include "delivery/outgoing.h"

/* Posts `body` (JSON) to `url`, within 15 s. A 2xx is done, a 4xx refused but for those that say
 * "later" (408, 425, 429), everything else again. Any thread. */
void chat_post(const struct outgoing *outgoing, struct str url, struct str body,
               struct delivery_report *ret_report);
