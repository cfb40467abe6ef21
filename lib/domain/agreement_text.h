/*
 * What is signed, as a text that people read: a list of blocks, each [kind, text], in one language.
 * The blocks are made from an agreement's body once and kept with the first signature, so that
 * neither a change of the set-up nor a newer release changes what somebody has signed.
 *
 * Texts of people stand in the blocks as they are: whoever makes HTML of them escapes every one.
 */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "base/sha256.h"
#include "domain/catalog.h"
#include "schema/accept.h"

enum agreement_block {
    BLOCK_TITLE, /* the first one, once */
    BLOCK_HEADING,
    BLOCK_PARAGRAPH,
    BLOCK_ITEM,       /* of a list: those that stand together are one */
    BLOCK_TERM,       /* a word that is defined … */
    BLOCK_DEFINITION, /* … by what follows */
    BLOCK_COUNT_
};
extern const char *const agreement_block_names[]; /* h1, h2, p, li, dt, dd */

/* The blocks of a body: a new reference; NULL: out of memory. */
json_t *agreement_text(const struct catalog *catalog, const json_t *body,
                       enum language language) MUSTCHECK;
/* The kind of a stored block; ret_text: its text. */
enum agreement_block agreement_block_of(const json_t *block, struct str *ret_text);
/* As plain text; its SHA-256 is what a signature holds. */
void agreement_text_plain(struct buf *out, const json_t *blocks);
/* Of the frozen text in body->text. */
struct sha256 agreement_text_digest(const json_t *body, enum language language);
