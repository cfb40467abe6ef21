/* How form tools sign their webhooks. */
#include "schema/adapter.h"

#include "base/sha256.h"

enum { SIGNATURE_AGE_SECONDS_MAX = 300, SECONDS_DIGITS_MAX = 11 };

/* Seconds or milliseconds since 1970, in decimal. */
static bool read_time(struct str text, int64_t *ret_at_us)
{
    int64_t number;
    if (!str_to_int64(text, &number) || number < 0 || number > INT64_MAX / US_PER_SECOND) {
        return false;
    }
    *ret_at_us = number * (text.len <= SECONDS_DIGITS_MAX ? US_PER_SECOND : US_PER_MS);
    return true;
}

static bool is_recent(struct str sent_at, int64_t now_us)
{
    int64_t at_us;
    const int64_t max_us = SIGNATURE_AGE_SECONDS_MAX * US_PER_SECOND;
    return read_time(sent_at, &at_us) && at_us <= now_us + max_us && at_us >= now_us - max_us;
}

static bool is_hmac(enum signature_scheme scheme, struct str secret, struct str given,
                    struct str signed_text)
{
    const struct sha256 sum = hmac_sha256(secret.data, secret.len, signed_text);
    char base64[SHA256_BASE64_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    const char *expected = scheme == SIGNATURE_BASE64 ? sha256_base64(&sum, base64)
                                                      : sha256_format(&sum, hex);
    return secret_eq(str_from(expected), given);
}

/* "<time>:<body>" */
static struct str with_time(struct str sent_at, struct str body, struct arena *arena)
{
    char *text = arena_alloc(arena, sent_at.len + 1 + body.len);
    if (text == NULL) {
        return (struct str){.data = NULL};
    }
    memcpy(text, sent_at.data, sent_at.len);
    text[sent_at.len] = ':';
    if (body.len > 0) {
        memcpy(text + sent_at.len + 1, body.data, body.len);
    }
    return str_slice(text, sent_at.len + 1 + body.len);
}

enum err_code adapter_check_signature(const struct adapter *adapter, struct str secret,
                                      const struct signed_request *request, struct arena *arena,
                                      enum signature_verdict *ret_verdict)
{
    const bool has_time = adapter->scheme == SIGNATURE_HEX_WITH_TIME;
    const struct str signature = request->signature;
    const size_t prefix_len = strlen(adapter->signature_prefix);
    *ret_verdict = SIGNATURE_WRONG;
    if (signature.len == 0 || (has_time && request->sent_at.len == 0)) {
        *ret_verdict = SIGNATURE_MISSING;
        return OK;
    }
    if (!str_starts_with(signature, adapter->signature_prefix)) {
        return OK;
    }
    const struct str given = str_slice(signature.data + prefix_len, signature.len - prefix_len);
    if (adapter->scheme == SIGNATURE_SECRET) {
        *ret_verdict = secret_eq(secret, given) ? SIGNATURE_VALID : SIGNATURE_WRONG;
        return OK;
    }
    const struct str signed_text = has_time ? with_time(request->sent_at, request->body, arena)
                                            : request->body;
    if (signed_text.data == NULL) {
        return ERR_NOMEM;
    }
    if (is_hmac(adapter->scheme, secret, given, signed_text)) {
        *ret_verdict = !has_time || is_recent(request->sent_at, request->now_us)
                           ? SIGNATURE_VALID
                           : SIGNATURE_TOO_OLD;
    }
    return OK;
}
