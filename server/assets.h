/*
 * The files that are built into the program and served as they are, or as parts of pages: the
 * contract, the style of the visitors' pages, the script and the style of embedded forms. Immutable
 * after assets_init.
 */
#pragma once

#include "base/sha256.h"

/* Served as it is. */
struct asset {
    struct str text;
    char etag[SHA256_BASE64_BYTES + 2]; /* in its quotation marks */
};

struct assets {
    struct str openapi;
    struct str page_style;
    char page_style_hash[SHA256_BASE64_BYTES]; /* as a Content-Security-Policy allows it */
    struct str agreement_style;
    char agreement_style_hash[SHA256_BASE64_BYTES];
    struct asset embed_script;
    struct asset embed_style;
};

/* Finds them all; one that is missing is a mistake of the build (assert). */
void assets_init(struct assets *assets);
