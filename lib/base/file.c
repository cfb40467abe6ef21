#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_BYTES = 64 * 1024, NAME_BYTES_MAX = 256 };

enum err_code file_fail(struct err *reterr, const char *what, const char *name)
{
    const int cause = errno;
    const bool is_full = cause == ENOSPC || cause == EDQUOT;
    char text[128];
    return err_set(reterr, is_full ? ERR_BUSY : ERR_INVALID, "Cannot %s %s: %s", what, name,
                   strerror_r(cause, text, sizeof text));
}

enum err_code file_make_directories(const char *path, struct err *reterr)
{
    char part[PATH_MAX];
    const size_t len = strlen(path);
    if (len >= sizeof part) {
        errno = ENAMETOOLONG;
        return file_fail(reterr, "make the directory", path);
    }
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            return file_fail(reterr, "make the directory", part);
        }
    }
    return OK;
}

enum err_code file_open_directory(const char *path, int *ret_fd, struct err *reterr)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return file_fail(reterr, "open the directory", path);
    }
    *ret_fd = fd;
    return OK;
}

bool file_write_all(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        const ssize_t count = write(fd, at, len);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return false;
        }
        at += count;
        len -= (size_t)count;
    }
    return true;
}

void file_cut_back(int fd, int64_t bytes)
{
    const int cause = errno; /* the failure that is to be told */
    const bool is_cut = ftruncate(fd, (off_t)bytes) == 0;
    (void)is_cut;
    errno = cause;
}

static enum err_code read_to_end(int fd, const char *name, struct buf *out, struct err *reterr)
{
    for (;;) {
        const size_t before = out->len;
        char *room = buf_extend(out, CHUNK_BYTES);
        if (room == NULL) {
            return err_set(reterr, ERR_TOO_LARGE, "The file %s is too large, or memory is short.",
                           name);
        }
        const ssize_t count = read(fd, room, CHUNK_BYTES);
        out->len = before + (count > 0 ? (size_t)count : 0);
        if (count < 0 && errno != EINTR) {
            return file_fail(reterr, "read", name);
        }
        if (count == 0) {
            out->data[out->len] = '\0';
            return OK;
        }
    }
}

enum err_code file_read(int directory_fd, const char *name, struct buf *out, struct err *reterr)
{
    const int fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ENOENT ? err_set(reterr, ERR_NOT_FOUND, "There is no file %s.", name)
                               : file_fail(reterr, "open", name);
    }
    const enum err_code code = read_to_end(fd, name, out, reterr);
    (void)close(fd);
    return code;
}

enum err_code file_replace(int directory_fd, const char *name, struct str text, struct err *reterr)
{
    char fresh[NAME_BYTES_MAX];
    const int len = snprintf(fresh, sizeof fresh, "%s.new", name);
    if (len < 0 || (size_t)len >= sizeof fresh) {
        errno = ENAMETOOLONG;
        return file_fail(reterr, "write", name);
    }
    const int fd =
        openat(directory_fd, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return file_fail(reterr, "write", fresh);
    }
    const bool is_written = file_write_all(fd, text.data, text.len) && fsync(fd) == 0;
    enum err_code code = is_written ? OK : file_fail(reterr, "write", fresh);
    if (close(fd) != 0 && code == OK) {
        code = file_fail(reterr, "write", fresh);
    }
    if (code == OK &&
        (renameat(directory_fd, fresh, directory_fd, name) != 0 || fsync(directory_fd) != 0)) {
        code = file_fail(reterr, "put in its place", name);
    }
    if (code != OK) {
        (void)unlinkat(directory_fd, fresh, 0);
    }
    return code;
}
