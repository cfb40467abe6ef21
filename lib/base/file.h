/*
 * Small files and directories of our own, written so that a crash leaves the old content or the
 * new, never a part. Nothing here is for other people's eyes: modes are 0700 and 0600.
 *
 * Errors: ERR_INVALID with what could not be done, to which path, and the system's reason; a full
 * disk is ERR_BUSY, because it passes.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* mkdir -p; what is there already stays as it is. */
enum err_code file_make_directories(const char *path, struct err *reterr) MUSTCHECK;
/* Opens a directory for the functions below; the caller closes it. */
enum err_code file_open_directory(const char *path, int *ret_fd, struct err *reterr) MUSTCHECK;

/* The whole file, appended to `out`. ERR_NOT_FOUND: there is none; ERR_TOO_LARGE: it does not fit
 * the buf; ERR_NOMEM. */
enum err_code file_read(int directory_fd, const char *name, struct buf *out,
                        struct err *reterr) MUSTCHECK;
/* Puts `text` in the place of the file `name`, durably: a new file beside it, synced, renamed, the
 * directory synced. */
enum err_code file_replace(int directory_fd, const char *name, struct str text,
                           struct err *reterr) MUSTCHECK;

/* All of it, at the descriptor's place. False: errno says why, and how much went is unknown. */
bool file_write_all(int fd, const void *data, size_t len) MUSTCHECK;

/* Cuts a file back after a write that failed, as far as that works: what is left behind is not in
 * the way of who reads it. */
void file_cut_back(int fd, int64_t bytes);

/* "Cannot WHAT NAME: …" from errno. */
enum err_code file_fail(struct err *reterr, const char *what, const char *name);
