#include "domain/suspicion.h"

#include <assert.h>

const char *const suspicion_names[] = {
    [SUSPICION_HONEYPOT] = "honeypot",
    [SUSPICION_TOKEN_MISSING] = "token_missing",
    [SUSPICION_TOKEN_INVALID] = "token_invalid",
    [SUSPICION_TOKEN_TOO_FAST] = "token_too_fast",
    [SUSPICION_TOKEN_TOO_OLD] = "token_too_old",
    [SUSPICION_TOKEN_USED] = "token_used",
    [SUSPICION_REPEATED_ADDRESS] = "repeated_address",
    [SUSPICION_REPEATED_CONTENT] = "repeated_content",
    [SUSPICION_DISPOSABLE_ADDRESS] = "disposable_address",
    [SUSPICION_INVALID_AT_DRAIN] = "invalid_at_drain",
    [SUSPICION_COUNT_] = NULL,
};

const char *const quarantine_state_names[] = {
    [QUARANTINE_HELD] = "held",
    [QUARANTINE_RELEASED] = "released",
    [QUARANTINE_PURGED] = "purged",
    [QUARANTINE_NONE] = NULL,
};
static_assert(SUSPICION_COUNT_ <= 32, "a bit for each");
