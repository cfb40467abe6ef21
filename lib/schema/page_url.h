/*
 * The address of a page as a browser or a script reports it (location.href, document.referrer, the
 * "android-app://…" of apps): its host, path and query, read leniently. What cannot be made sense
 * of is no fault of the visitor's: there is no error, only "not an address". Nothing is ever
 * fetched from such an address, and it is not written back: this is not a URL parser for those
 * uses.
 */
#pragma once

#include "base/base.h"
#include "base/str.h"

enum { PAGE_HOST_BYTES_MAX = 253 };

struct page_url {
    char host[PAGE_HOST_BYTES_MAX + 1]; /* lower case (ASCII's), without port; an app's package */
    struct str path;                    /* "/…" or empty, as it came */
    struct str query;                   /* behind the '?', as it came */
};

/*
 * False for what has no host, or has white space or control characters in it. A missing scheme is
 * forgiven when there is a dot in what then is the host. `ret_url` points into `text`.
 */
bool page_url_read(struct str text, struct page_url *ret_url) MUSTCHECK;

/*
 * Takes the next parameter off `query`: its name as it came, its value with escapes undone in
 * `out`, NUL-terminated, cut off at `size` (≥ 1). A malformed escape stays as it is. False when
 * there is none left.
 *
 *     struct str rest = url.query;
 *     while (page_url_next_param(&rest, &name, &value, out, sizeof out)) …
 */
bool page_url_next_param(struct str *query, struct str *ret_name, struct str *ret_value, char *out,
                         size_t size) MUSTCHECK;
