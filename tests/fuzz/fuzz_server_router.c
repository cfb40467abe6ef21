/*
 * Any method and any path against the table of routes. The first byte names the method, the rest is
 * the path as it goes over the wire.
 *
 * A match is told apart from luck by going the other way: the route's pattern with its parameters
 * put back in must be the path that was asked, segment by segment.
 */
#include <assert.h>
#include <stdio.h>

#include "base/utf8.h"
#include "router.h"

/* libFuzzer calls it by name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES_MAX = 4 << 20 };

static void check_params(const struct route_match *match, struct str path, struct arena *arena)
{
    struct str expected = str_from(match->route->path);
    size_t count = 0;
    while (expected.data != NULL) {
        assert(path.data != NULL);
        const struct str want = str_cut(&expected, '/');
        const struct str have = str_cut(&path, '/');
        if (want.len == 0 || want.data[0] != '{') {
            assert(str_eq(want, have));
            continue;
        }
        struct str decoded;
        assert(count < PATH_PARAMS_MAX && have.len > 0);
        assert(percent_decode(have, PERCENT_PATH, arena, &decoded));
        const struct str param = match->params[count++];
        assert(str_eq(param, decoded));
        assert(utf8_is_valid(param) && memchr(param.data, '\0', param.len) == NULL);
    }
    assert(path.data == NULL);
    for (; count < PATH_PARAMS_MAX; count++)
        assert(match->params[count].data == NULL);
}

static size_t count_in(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
        count++;
    return count;
}

/* A 405 names exactly the methods that would have been served. */
static void check_allow(const char *allow, struct str path, struct arena *arena)
{
    static const char *const names[] = {
        [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
        [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
        [HTTP_OPTIONS] = "OPTIONS",
    };
    for (size_t method = 0; method < ARRAY_LEN(names); method++) {
        struct route_match match;
        router_match((enum http_method)method, path, arena, &match);
        assert(count_in(allow, names[method]) == (match.route != NULL ? 1U : 0U));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const enum http_method method = (enum http_method)(data[0] % HTTP_METHOD_COUNT_);
    const struct str path = str_slice((const char *)data + 1, size - 1);
    struct arena arena;
    arena_init(&arena, ARENA_BYTES_MAX);
    struct route_match match;
    router_match(method, path, &arena, &match);
    if (match.route != NULL) {
        const bool is_head = method == HTTP_HEAD && match.route->method == HTTP_GET;
        assert(match.path_exists && (match.route->method == method || is_head));
        assert(method != HTTP_METHOD_OTHER);
        check_params(&match, path, &arena);
    } else {
        assert(match.path_exists == (match.allow[0] != '\0'));
        if (match.path_exists)
            check_allow(match.allow, path, &arena);
    }
    arena_done(&arena);
    return 0;
}
