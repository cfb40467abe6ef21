/*
 * The last known set-up, in the data directory: what a form's post has to be judged by while the
 * database cannot be asked, also after a restart. Only what that takes: the organisation, the
 * attributes, offers, forms, keys (their hashes) and the scoring model in force; no members, no
 * contacts.
 *
 * The file is one line with a checksum, then a JSON array; it is replaced as a whole.
 */
#pragma once

#include "domain/catalog.h"

/* Errors as file_replace. */
enum err_code setup_file_write(int directory_fd, const struct catalog *catalog,
                               struct err *reterr) MUSTCHECK;
/* A snapshot that every other one is newer than; one reference, the caller's. ERR_NOT_FOUND: there
 * is no file; ERR_STORE: it cannot be used (damaged, of another release); ERR_NOMEM. */
enum err_code setup_file_read(int directory_fd, struct catalog **ret_catalog,
                              struct err *reterr) MUSTCHECK;
