/*
 * Where the privacy key comes from: RELAIS_PRIVACY_KEY (or its _FILE), else privacy.key in the data
 * directory, which `relais serve` makes as long as nobody was ever erased. And the list of erasures
 * beside it, erasures.ndjson: what has to be done again after an older backup was restored, kept
 * where that backup is not.
 */
#pragma once

#include "config.h"
#include "domain/privacy_key.h"

/* The configured key, or that of the data directory; *ret_is_found false: there is none.
 * ERR_INVALID: it cannot be read or is too short. */
enum err_code privacy_key_find(const struct config *config, struct privacy_key *ret_key,
                               bool *ret_is_found, struct err *reterr) MUSTCHECK;

/* A new random key in the data directory, readable by this account alone and on disk when this
 * returns. When another process was faster, its key. ERR_INVALID: it cannot be written. */
enum err_code privacy_key_make(const char *data_dir, struct privacy_key *ret_key,
                               struct err *reterr) MUSTCHECK;

/* Appends a line (JSON, without its end) to the list of erasures and waits for the disk. Any
 * thread. ERR_INVALID: it cannot be written. */
enum err_code erasure_list_append(const char *data_dir, struct str line,
                                  struct err *reterr) MUSTCHECK;
