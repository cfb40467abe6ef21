#include "router.h"

#include <stdio.h>

static const char *const method_names[HTTP_METHOD_COUNT_] = {
    [HTTP_GET] = "GET",       [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",       [HTTP_PATCH] = "PATCH",   [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS",
};

/* Compares segment by segment; `{name}` takes any one segment that is not empty. */
static bool matches(const char *pattern, struct str path, struct arena *arena,
                    struct str params[PATH_PARAMS_MAX])
{
    struct str expected = str_from(pattern);
    size_t count = 0;
    while (expected.data != NULL && path.data != NULL) {
        const struct str want = str_cut(&expected, '/');
        const struct str have = str_cut(&path, '/');
        if (want.len > 0 && want.data[0] == '{') {
            if (have.len == 0 || count == PATH_PARAMS_MAX ||
                !percent_decode(have, PERCENT_PATH, arena, &params[count])) {
                return false;
            }
            count++;
        } else if (!str_eq(want, have)) {
            return false;
        }
    }
    return expected.data == NULL && path.data == NULL;
}

static void allow(struct route_match *match, enum http_method method)
{
    const size_t len = strlen(match->allow);
    (void)snprintf(match->allow + len, sizeof match->allow - len, "%s%s", len > 0 ? ", " : "",
                   method_names[method]);
}

void router_match(enum http_method method, struct str path, struct arena *arena,
                  struct route_match *ret_match)
{
    *ret_match = (struct route_match){0};
    for (size_t i = 0; i < routes_count; i++) {
        const struct route *route = &routes[i];
        struct str params[PATH_PARAMS_MAX] = {{0}};
        if (!matches(route->path, path, arena, params)) {
            continue;
        }
        ret_match->path_exists = true;
        if (route->method == method || (method == HTTP_HEAD && route->method == HTTP_GET)) {
            ret_match->route = route;
            memcpy(ret_match->params, params, sizeof params);
            return;
        }
        allow(ret_match, route->method);
        if (route->method == HTTP_GET) {
            allow(ret_match, HTTP_HEAD);
        }
    }
}
