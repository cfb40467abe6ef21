/*
 * Why a score is what it is: the document that GET /v1/contacts/{id}/score and POST
 * /v1/scoring/preview answer with. Both give the same facts to one function, so a preview and a
 * real contact cannot differ.
 *
 * The lines of an axis sum to the score of that axis: those of fit exactly, those of interest to
 * rounding.
 */
#pragma once

#include "base/json_write.h"
#include "domain/contact.h"

struct score_document {
    const struct contact *contact; /* id (nil: shown as null), address and attributes count */
    const struct activity_facts
        *activities; /* all of it and its duplicates, any order, each once */
    size_t activity_count;
    const struct catalog *catalog;
    int32_t model;     /* version; has to be in the catalog */
    bool has_decision; /* `decision` was taken and stored; else it is worked out as of now_us */
    enum decision decision;
    int64_t now_us; /* of the reading */
};

/*
 * Writes the document. Without a stored decision it is the one that the last evidence would bring
 * if it were taken at now_us: the table's for the grade, MQL when an at-once rule fires on the
 * latest activity that any rule matches (of one instant: on any of them).
 *
 * Runs the model's rules over all activities, so it belongs on a store thread. `arena` holds the
 * lines. OK; ERR_NOMEM, then what was written is to be thrown away.
 */
enum err_code score_document_write(struct json_writer *json, const struct score_document *document,
                                   struct arena *arena) MUSTCHECK;
