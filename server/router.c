#include "router.h"

#include <stdio.h>

const char *const router_method_names[HTTP_METHOD_COUNT_] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS",
};

/*
 * Walks pattern and path side by side, so that most patterns are turned down at their first
 * differing byte; `{name}` takes any one segment that is not empty.
 */
static bool matches(const char *pattern, struct str path, struct arena *arena,
                    struct str params[PATH_PARAMS_MAX])
{
    const char *at = path.data;
    const char *const end = path.data + path.len;
    size_t count = 0;
    while (*pattern != '\0') {
        if (*pattern != '{') {
            if (at == end || *at != *pattern) {
                return false;
            }
            at++;
            pattern++;
            continue;
        }
        const char *begin = at;
        while (at < end && *at != '/') {
            at++;
        }
        const struct str segment = str_slice(begin, (size_t)(at - begin));
        if (segment.len == 0 || count == PATH_PARAMS_MAX ||
            !percent_decode(segment, PERCENT_PATH, arena, &params[count])) {
            return false;
        }
        count++;
        pattern = strchr(pattern, '}') + 1;
    }
    return at == end;
}

static void allow(struct route_match *match, enum http_method method)
{
    const size_t len = strlen(match->allow);
    (void)snprintf(match->allow + len, sizeof match->allow - len, "%s%s", len > 0 ? ", " : "",
                   router_method_names[method]);
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
