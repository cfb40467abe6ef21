/* Which route a method and a path name. */
#pragma once

#include "request.h"

/* THE table (routes.c). */
extern const struct route routes[];
extern const size_t routes_count;
/* "GET"; NULL for HTTP_METHOD_OTHER. */
extern const char *const router_method_names[];

struct route_match {
    const struct route *route; /* NULL: see path_exists */
    bool path_exists;          /* but not with this method: 405 */
    char allow[128];           /* then: the methods it has, for the Allow header */
    struct str params[PATH_PARAMS_MAX];
};

/* `path` is percent-encoded; parameters are decoded into the arena. A parameter that does not
 * decode matches nothing. HEAD matches GET. */
void router_match(enum http_method method, struct str path, struct arena *arena,
                  struct route_match *ret_match);
