/*
 * E-mail addresses, and with the same bytes job titles and domains. Besides not crashing: an
 * accepted address is within its limits, and parsing what came out gives the same key and domain.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "domain/email_address.h"
#include "domain/fold.h"
#include "domain/free_mail.h"
#include "domain/seniority.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_stable(struct str text, const struct email_address *address, struct arena *arena)
{
    struct email_address again;
    check(email_address_parse(text, arena, &again, /* reterr= */ NULL) == OK);
    check(str_eq(again.key, address->key) && str_eq(again.domain, address->domain));
    check(str_eq(again.display, text));
}

static void check_address(struct str input)
{
    struct arena arena;
    arena_init(&arena, /* limit_bytes= */ 64 * 1024);
    struct email_address address;
    struct err err;
    enum err_code code = email_address_parse(input, &arena, &address, &err);
    check(code == OK || (code == ERR_INVALID && strlen(err.detail) > 0));
    if (code == OK) {
        check(utf8_is_valid(address.display) && utf8_is_valid(address.key));
        check(address.display.len <= EMAIL_BYTES_MAX && address.key.len <= EMAIL_BYTES_MAX);
        check(strlen(address.display.data) == address.display.len);
        check_stable(address.display, &address, &arena);
        check_stable(address.key, &address, &arena);
        const struct str company = company_domain(address.domain);
        check(!(company.data != NULL && is_free_mail(address.domain)));
        check(company.len <= address.domain.len);
    }
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = str_slice((const char *)data, size);
    check_address(input);
    check(seniority_of(input) < SENIORITY_COUNT_);
    char words[32];
    size_t len = fold_words(input, words, sizeof words);
    check(len < sizeof words && words[len] == '\0' && (len == 0 || words[len - 1] != ' '));
    return 0;
}
