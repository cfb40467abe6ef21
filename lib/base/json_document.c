#include "base/json_document.h"

struct json_writer *json_document_begin(struct json_document *document, size_t max_bytes)
{
    buf_init(&document->buf, max_bytes);
    json_writer_init(&document->json, &document->buf);
    json_object_begin(&document->json);
    return &document->json;
}

struct str json_document_end(struct json_document *document, struct arena *arena)
{
    json_object_end(&document->json);
    const struct str text = document->buf.failed ? (struct str){0}
                                                 : arena_str(arena, buf_str(&document->buf));
    buf_done(&document->buf);
    return text;
}
