#include "domain/form_token.h"

#include <assert.h>

#include "base/base64url.h"
#include "base/sha256.h"

enum { ID_BYTES = 16, TOKEN_BYTES = ID_BYTES + SHA256_BYTES };
static_assert(FORM_TOKEN_TEXT_BYTES == BASE64URL_TEXT_BYTES(TOKEN_BYTES), "as the header has it");

static struct sha256 mac_of(const struct form_token_secret *secret, struct str form,
                            const uint8_t id[static ID_BYTES])
{
    const struct str parts[] = {
        STR_LITERAL("relais form token"),
        form,
        str_slice((const char *)id, ID_BYTES),
    };
    const struct sha256 said = sha256_of_parts(parts, ARRAY_LEN(parts));
    return hmac_sha256(secret->bytes, sizeof secret->bytes,
                       str_slice((const char *)said.bytes, SHA256_BYTES));
}

char *form_token_make(const struct form_token_secret *secret, struct str form, int64_t now_us,
                      char out[static FORM_TOKEN_TEXT_BYTES])
{
    uint8_t bytes[TOKEN_BYTES];
    const struct uuid id = uuid_new(now_us);
    memcpy(bytes, id.bytes, ID_BYTES);
    const struct sha256 mac = mac_of(secret, form, bytes);
    memcpy(bytes + ID_BYTES, mac.bytes, SHA256_BYTES);
    return base64url_encode(bytes, sizeof bytes, out);
}

bool form_token_read(const struct form_token_secret secrets[], size_t count, struct str form,
                     struct str text, struct form_token *ret_token)
{
    uint8_t bytes[TOKEN_BYTES];
    size_t len;
    if (!base64url_decode(text, bytes, sizeof bytes, &len) || len != TOKEN_BYTES) {
        return false;
    }
    struct sha256 given;
    memcpy(given.bytes, bytes + ID_BYTES, SHA256_BYTES);
    bool is_ours = false;
    for (size_t i = 0; i < count; i++) {
        const struct sha256 mac = mac_of(&secrets[i], form, bytes);
        is_ours = sha256_eq(&mac, &given) || is_ours;
    }
    if (!is_ours) {
        return false;
    }
    /* RFC 9562 section 5.7: the first 48 bits are ms since 1970. */
    int64_t ms = 0;
    for (size_t i = 0; i < 6; i++) {
        ms = ms << 8 | bytes[i];
    }
    ret_token->issued_at_us = ms * US_PER_MS;
    memcpy(ret_token->id.bytes, bytes, ID_BYTES);
    return true;
}

int64_t form_token_age_us(const struct form_token *token, int64_t now_us)
{
    const int64_t age_us = now_us - token->issued_at_us;
    return age_us < 0 && age_us >= -FORM_TOKEN_AHEAD_US_MAX ? 0 : age_us;
}
