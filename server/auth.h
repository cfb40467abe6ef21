/*
 * API keys: `relais_sk_` or `relais_pk_`, 43 characters of base62 randomness, 6 of CRC-32. Only the
 * SHA-256 of the whole text is stored.
 */
#pragma once

#include "request.h"

enum { KEY_TEXT_BYTES = 64, KEY_SHOWN_BYTES = 4 };

/* A new key's text, NUL-terminated. */
void key_make(bool is_publishable, char out[static KEY_TEXT_BYTES]);
/* Prefix, length, alphabet and checksum are right: worth a look into the set-up. */
bool key_is_plausible(struct str text);
/* The stored form: hex SHA-256, NUL-terminated. */
void key_hash(struct str text, char out[static 2 * SHA256_BYTES + 1]);

/* Finds out who asks, from the Authorization header. False: a key was sent that is none. */
bool auth_identify(struct request *request);
/* For a request that lasts: whether the key it came with still exists, and still may use the route,
 * by the set-up that the request holds now. */
bool auth_still_holds(const struct request *request);
/* Whether the principal may use the route; else ERR_UNAUTHENTICATED or ERR_FORBIDDEN. */
enum err_code auth_check(const struct request *request);
