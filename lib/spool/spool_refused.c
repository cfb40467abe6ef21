#include "spool/spool_refused.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"

enum { REFUSED_BYTES_MAX = INT32_MAX };

static const char name[] = "refused";
static const char damaged_name[] = "refused.damaged";

void spool_refused_init(struct spool_refused *refused)
{
    *refused = (struct spool_refused){.fd = -1};
}

void spool_refused_close(struct spool_refused *refused)
{
    if (refused->fd >= 0) {
        (void)close(refused->fd);
        refused->fd = -1;
    }
}

/* What an earlier process was about to add when it died was not noted as drained: the file may end
 * with a part of it. */
static enum err_code visit_all(int directory_fd, const struct spool_visitor *visitor,
                               bool *ret_exists, struct spool_found *found, int64_t *ret_bytes,
                               struct err *reterr)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, REFUSED_BYTES_MAX);
    enum err_code code = file_read(directory_fd, name, &text, reterr);
    *ret_exists = code == OK;
    *ret_bytes = (int64_t)text.len;
    if (code != OK) {
        return code == ERR_NOT_FOUND ? OK : code;
    }
    return spool_text_visit(buf_str(&text), visitor, found, reterr);
}

enum err_code spool_refused_take(struct spool_refused *refused, int directory_fd,
                                 const struct spool_visitor *visitor, struct spool_found *found,
                                 struct err *reterr)
{
    bool exists = false;
    int64_t bytes = 0;
    struct spool_found here = {.torn_bytes = 0};
    spool_refused_init(refused);
    const enum err_code code = visit_all(directory_fd, visitor, &exists, &here, &bytes, reterr);
    if (code != OK || !exists) {
        return code;
    }
    found->damaged_bytes += here.damaged_bytes;
    const bool is_gone = here.damaged_bytes > 0
                             ? renameat(directory_fd, name, directory_fd, damaged_name) == 0
                             : unlinkat(directory_fd, name, 0) == 0;
    return is_gone && fsync(directory_fd) == 0
               ? OK
               : file_fail(reterr, "remove", "the spool's refused part");
}

static enum err_code begin(struct spool_refused *refused, int directory_fd,
                           const struct spool_salt *salt, struct err *reterr)
{
    refused->fd = openat(directory_fd, name,
                         O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (refused->fd >= 0 && spool_head_write(refused->fd, salt) && fsync(directory_fd) == 0) {
        atomic_store(&refused->bytes, SPOOL_HEAD_BYTES);
        return OK;
    }
    const enum err_code code = file_fail(reterr, "make", "the spool's refused part");
    spool_refused_close(refused);
    return code;
}

enum err_code spool_refused_add(struct spool_refused *refused, int directory_fd,
                                const struct spool_salt *salt, const struct spool_record *record,
                                struct err *reterr)
{
    enum err_code code = refused->fd >= 0 ? OK : begin(refused, directory_fd, salt, reterr);
    if (code != OK) {
        return code;
    }
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 2 * SPOOL_PAYLOAD_BYTES_MAX);
    if (!spool_record_write(&text, record, salt)) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for a refused record.");
    }
    const int64_t before = atomic_load(&refused->bytes);
    if (!file_write_all(refused->fd, text.data, text.len) || fdatasync(refused->fd) != 0) {
        code = file_fail(reterr, "write", "the spool's refused part");
        file_cut_back(refused->fd, before);
        return code;
    }
    atomic_store(&refused->bytes, before + (int64_t)text.len);
    atomic_fetch_add(&refused->count, 1);
    return OK;
}

int64_t spool_refused_bytes(const struct spool_refused *refused)
{
    return atomic_load(&refused->bytes);
}

uint64_t spool_refused_count(const struct spool_refused *refused)
{
    return atomic_load(&refused->count);
}

enum err_code spool_refused_inspect(int parent_fd, const char *folder,
                                    const struct spool_visitor *visitor, int64_t *ret_bytes,
                                    struct err *reterr)
{
    *ret_bytes = 0;
    const int fd = openat(parent_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return OK; /* there never was a spool */
    }
    bool exists = false;
    struct spool_found found = {.torn_bytes = 0};
    const enum err_code code = visit_all(fd, visitor, &exists, &found, ret_bytes, reterr);
    (void)close(fd);
    return code;
}
