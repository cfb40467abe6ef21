/*
 * One JSON object as text in an arena: the data of an event, a document column. It is written where
 * it may fail half way (its cap, memory), and is there as a whole or not at all.
 *
 *     struct json_document document;
 *     struct json_writer *json = json_document_begin(&document, EVENT_BYTES_MAX);
 *     JSON_FIELD(json, "clock_id", json_uuid, clock_id);
 *     const struct str data = json_document_end(&document, arena);
 *
 * For what is written in one function. No return between the two, or the memory is lost.
 */
#pragma once

#include "base/arena.h"
#include "base/json_write.h"

struct json_document {
    struct buf buf;
    struct json_writer json;
};

/* The object is open. The writer is valid until json_document_end. */
struct json_writer *json_document_begin(struct json_document *document, size_t max_bytes);
/* Closes the object. The text is valid as long as the arena; absent when out of memory or over
 * `max_bytes`. */
struct str json_document_end(struct json_document *document, struct arena *arena) MUSTCHECK;
