#include "assets.h"

#include <assert.h>
#include <stdio.h>

#include "base/embedded_file.h"

extern const struct embedded_file served_files[];
extern const size_t served_files_count;

static struct str find(const char *name)
{
    struct str found = {.data = NULL};
    for (size_t i = 0; i < served_files_count; i++) {
        if (strcmp(served_files[i].name, name) == 0) {
            found = embedded_file_text(&served_files[i]);
        }
    }
    assert(found.data != NULL);
    return found;
}

static struct asset asset(const char *name)
{
    struct asset found = {.text = find(name)};
    char digits[SHA256_BASE64_BYTES];
    const struct sha256 hash = sha256_of(found.text);
    (void)snprintf(found.etag, sizeof found.etag, "\"%s\"", sha256_base64(&hash, digits));
    return found;
}

void assets_init(struct assets *assets)
{
    *assets = (struct assets){
        .openapi = find("openapi.yaml"),
        .page_style = find("page.css"),
        .agreement_style = find("agreement.css"),
        .embed_script = asset("embed.js"),
        .embed_style = asset("embed.css"),
    };
    const struct sha256 style = sha256_of(assets->page_style);
    (void)sha256_base64(&style, assets->page_style_hash);
    const struct sha256 agreement = sha256_of(assets->agreement_style);
    (void)sha256_base64(&agreement, assets->agreement_style_hash);
}
