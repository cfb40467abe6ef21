#include "privacy_key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 4096, SECRET_BYTES_MAX = 4096 };

static const char key_name[] = "privacy.key";
static const char list_name[] = "erasures.ndjson";

/* "DIRECTORY/NAME.suffix"; false: too long. */
static bool make_path(const char *directory, const char *name, const char *suffix,
                      char out[static PATH_BYTES_MAX])
{
    const int len = snprintf(out, PATH_BYTES_MAX, "%s/%s%s", directory, name, suffix);
    return len > 0 && len < PATH_BYTES_MAX;
}

static enum err_code cannot(const char *doing, const char *path, struct err *reterr)
{
    return err_set(reterr, ERR_INVALID, "Cannot %s %.160s: %s", doing, path,
                   strerrordesc_np(errno));
}

static enum err_code key_from(struct str secret, const char *where, struct privacy_key *ret_key,
                              struct err *reterr)
{
    if (str_trim(secret).len < PRIVACY_KEY_SECRET_BYTES_MIN) {
        return err_set(reterr, ERR_INVALID,
                       "%.160s holds fewer than %d characters: make a key with `openssl rand -hex "
                       "32`.",
                       where, PRIVACY_KEY_SECRET_BYTES_MIN);
    }
    *ret_key = privacy_key_of(secret);
    return OK;
}

/* ---- the key ---- */

static enum err_code read_key(const char *path, struct privacy_key *ret_key, bool *ret_is_found,
                              struct err *reterr)
{
    char text[SECRET_BYTES_MAX];
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    *ret_is_found = fd >= 0;
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR ? OK : cannot("read", path, reterr);
    }
    const ssize_t len = read(fd, text, sizeof text);
    const enum err_code code = len >= 0
                                   ? key_from(str_slice(text, (size_t)len), path, ret_key, reterr)
                                   : cannot("read", path, reterr);
    (void)close(fd);
    return code;
}

enum err_code privacy_key_find(const struct config *config, struct privacy_key *ret_key,
                               bool *ret_is_found, struct err *reterr)
{
    char path[PATH_BYTES_MAX];
    if (config->privacy_key != NULL) {
        *ret_is_found = true;
        return key_from(str_from(config->privacy_key), "RELAIS_PRIVACY_KEY", ret_key, reterr);
    }
    *ret_is_found = false;
    return make_path(config->data_dir, key_name, "", path)
               ? read_key(path, ret_key, ret_is_found, reterr)
               : OK;
}

static bool write_all(int fd, struct str text)
{
    while (text.len > 0) {
        const ssize_t written = write(fd, text.data, text.len);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        text = str_slice(text.data + written, text.len - (size_t)written);
    }
    return true;
}

/* Names in the directory are on disk when it was flushed itself. */
static bool flush_directory(const char *directory)
{
    const int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool is_flushed = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return is_flushed;
}

static bool write_file(const char *path, struct str text)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool is_written = fd >= 0 && write_all(fd, text) && fsync(fd) == 0;
    const int error = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    errno = error;
    return is_written;
}

enum err_code privacy_key_make(const char *data_dir, struct privacy_key *ret_key,
                               struct err *reterr)
{
    char path[PATH_BYTES_MAX];
    char draft[PATH_BYTES_MAX];
    char suffix[32];
    char text[2 * SHA256_BYTES + 2];
    struct sha256 secret;
    random_bytes(secret.bytes, sizeof secret.bytes);
    (void)sha256_format(&secret, text);
    text[sizeof text - 2] = '\n';
    text[sizeof text - 1] = '\0';
    (void)snprintf(suffix, sizeof suffix, ".%ld", (long)getpid());
    if (!make_path(data_dir, key_name, "", path) || !make_path(data_dir, key_name, suffix, draft)) {
        return err_set(reterr, ERR_INVALID, "The data directory's path is too long.");
    }
    if (mkdir(data_dir, 0700) != 0 && errno != EEXIST) {
        return cannot("make", data_dir, reterr);
    }
    (void)unlink(draft); /* of a process of this number that was killed in the middle */
    if (!write_file(draft, str_from(text))) {
        return cannot("write", draft, reterr);
    }
    /* A whole file appears under the name, or somebody else's is there. */
    const bool is_linked = link(draft, path) == 0 || errno == EEXIST;
    const int error = errno;
    (void)unlink(draft);
    errno = error;
    if (!is_linked || !flush_directory(data_dir)) {
        return cannot("write", path, reterr);
    }
    bool is_found = false;
    const enum err_code code = read_key(path, ret_key, &is_found, reterr);
    return code == OK && !is_found ? cannot("read", path, reterr) : code;
}

/* ---- the list ---- */

enum err_code erasure_list_append(const char *data_dir, struct str line, struct err *reterr)
{
    char path[PATH_BYTES_MAX];
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, line.len + 2);
    buf_append_str(&text, line);
    buf_append_char(&text, '\n');
    if (text.failed || !make_path(data_dir, list_name, "", path)) {
        return err_set(reterr, ERR_INVALID, "Out of memory for the list of erasures.");
    }
    /* One write to a file opened for appending: lines of several threads do not mix. */
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const enum err_code code = fd >= 0 && write_all(fd, buf_str(&text)) && fsync(fd) == 0
                                   ? OK
                                   : cannot("write", path, reterr);
    if (fd >= 0) {
        (void)close(fd);
    }
    return code;
}
