#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

const char *err_name(enum err_code code)
{
    static const char *const names[] = {
        [OK] = "ok",
        [ERR_INVALID] = "invalid",
        [ERR_MALFORMED] = "malformed",
        [ERR_UNAUTHENTICATED] = "unauthenticated",
        [ERR_FORBIDDEN] = "forbidden",
        [ERR_NOT_FOUND] = "not_found",
        [ERR_METHOD] = "method",
        [ERR_CONFLICT] = "conflict",
        [ERR_GONE] = "gone",
        [ERR_STALE] = "stale",
        [ERR_TOO_LARGE] = "too_large",
        [ERR_UNSUPPORTED] = "unsupported",
        [ERR_LIMITED] = "limited",
        [ERR_BUSY] = "busy",
        [ERR_TIMEOUT] = "timeout",
        [ERR_STORE] = "store",
        [ERR_REFUSED] = "refused",
        [ERR_NOMEM] = "nomem",
        [ERR_BUG] = "bug",
    };
    _Static_assert(ARRAY_LEN(names) == ERR_COUNT_, "every code has a name");
    assert((unsigned)code < ERR_COUNT_);
    return names[code];
}

/* A detail cut by the end of its array must not end inside a character: it goes into JSON. */
static void err_trim_detail(struct err *err)
{
    size_t len = strlen(err->detail);
    for (unsigned i = 0; i < 3 && len > 0 && !utf8_is_valid(str_slice(err->detail, len)); i++)
        len--;
    err->detail[len] = '\0';
}

enum err_code err_set(struct err *reterr, enum err_code code, const char *format, ...)
{
    assert(code != OK && (unsigned)code < ERR_COUNT_);
    if (reterr == NULL)
        return code;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(reterr->detail, sizeof reterr->detail, format, args);
    va_end(args);
    if (len < 0)
        reterr->detail[0] = '\0';
    else if ((size_t)len >= sizeof reterr->detail)
        err_trim_detail(reterr);
    reterr->code = code;
    return code;
}
