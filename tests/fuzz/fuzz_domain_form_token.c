/* Any bytes, as a token: only what was made with the secret may pass, and nothing crashes. The
 * first byte says which byte of a real one to spoil with the second. */
#include <assert.h>

#include "domain/form_token.h"

/* libFuzzer calls it by name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct form_token_secret secrets[] = {{{1}}, {{2}}};
    static const struct form_token_secret unknown = {{3}};
    const struct str form = STR_LITERAL("guide");
    struct form_token token;
    assert(!form_token_read(secrets, 2, form, str_slice((const char *)data, size), &token));
    if (size < 2) {
        return 0;
    }
    char text[FORM_TOKEN_TEXT_BYTES];
    (void)form_token_make(&secrets[1], form, INT64_C(1795294800) * US_PER_SECOND, text);
    assert(form_token_read(secrets, 2, form, str_from(text), &token));
    assert(!form_token_read(&unknown, 1, form, str_from(text), &token));
    const size_t at = data[0] % (FORM_TOKEN_TEXT_BYTES - 1);
    const bool is_same = text[at] == (char)data[1];
    text[at] = (char)data[1];
    assert(form_token_read(secrets, 2, form, str_slice(text, sizeof text - 1), &token) == is_same);
    return 0;
}
