#include "spool/spool_files.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

enum {
    NAME_BYTES = 40,
    SEQUENCE_DIGITS = 20,
    SCAN_BYTES_MAX = 128 << 20,
    RECORD_BYTES_MAX = SPOOL_HEADER_BYTES + SPOOL_PAYLOAD_BYTES_MAX,
};

_Static_assert((int)SPOOL_READ_BYTES_MAX > (int)RECORD_BYTES_MAX, "a piece holds a record");

static const char suffix[] = ".spool";
static const char magic[] = "RSPOOL1\n";
enum { MAGIC_BYTES = sizeof magic - 1 };
_Static_assert(MAGIC_BYTES + SPOOL_DIGEST_BYTES == SPOOL_HEAD_BYTES, "what a file begins with");

static const char *segment_name(uint64_t first, char out[static NAME_BYTES])
{
    (void)snprintf(out, NAME_BYTES, "%020llu%s", (unsigned long long)first, suffix);
    return out;
}

/* False: some other file. */
static bool parse_segment_name(const char *name, uint64_t *ret_first)
{
    if (strlen(name) != SEQUENCE_DIGITS + sizeof suffix - 1 ||
        strcmp(name + SEQUENCE_DIGITS, suffix) != 0) {
        return false;
    }
    uint64_t first = 0;
    for (size_t i = 0; i < SEQUENCE_DIGITS; i++) {
        if (name[i] < '0' || name[i] > '9') {
            return false;
        }
        first = first * 10 + (uint64_t)(name[i] - '0');
    }
    *ret_first = first;
    return true;
}

/* ---- the list of segments ---- */

static enum err_code add_segment(struct spool_files *files, uint64_t first, struct err *reterr)
{
    if (files->segment_count == files->segment_capacity) {
        const size_t capacity = files->segment_capacity == 0 ? 16 : 2 * files->segment_capacity;
        void *more = mem_realloc(files->segments, capacity * sizeof *files->segments);
        if (more == NULL) {
            return err_set(reterr, ERR_NOMEM, "Out of memory for the spool.");
        }
        files->segments = more;
        files->segment_capacity = capacity;
    }
    files->segments[files->segment_count++] =
        (struct spool_segment){.first = first, .last = first - 1};
    return OK;
}

/* The file goes, or is put aside when a person should look at it. */
static void remove_segment(struct spool_files *files, size_t index)
{
    const struct spool_segment segment = files->segments[index];
    char name[NAME_BYTES];
    (void)segment_name(segment.first, name);
    if (segment.is_damaged) {
        char aside[NAME_BYTES + 16];
        (void)snprintf(aside, sizeof aside, "%s.damaged", name);
        (void)renameat(files->directory_fd, name, files->directory_fd, aside);
    } else {
        (void)unlinkat(files->directory_fd, name, 0);
    }
    files->bytes -= segment.bytes;
    files->segment_count--;
    memmove(files->segments + index, files->segments + index + 1,
            (files->segment_count - index) * sizeof *files->segments);
}

static void close_active(struct spool_files *files)
{
    if (files->active_fd >= 0) {
        (void)close(files->active_fd);
        files->active_fd = -1;
    }
}

/* ---- opening ---- */

static int compare_segments(const void *a, const void *b)
{
    const uint64_t left = ((const struct spool_segment *)a)->first;
    const uint64_t right = ((const struct spool_segment *)b)->first;
    return left < right ? -1 : left > right ? 1 : 0;
}

static bool is_damaged_name(const char *name)
{
    static const char end[] = ".damaged";
    const size_t len = strlen(name);
    return len >= sizeof end && strcmp(name + len - (sizeof end - 1), end) == 0;
}

static enum err_code list_segments(struct spool_files *files, struct spool_found *found,
                                   struct err *reterr)
{
    const int fd = openat(files->directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (directory == NULL) {
        const enum err_code failed = file_fail(reterr, "list", "the spool");
        if (fd >= 0) {
            (void)close(fd);
        }
        return failed;
    }
    enum err_code code = OK;
    const struct dirent *entry;
    while (code == OK && (entry = readdir(directory)) != NULL) {
        uint64_t first;
        if (parse_segment_name(entry->d_name, &first)) {
            code = add_segment(files, first, reterr);
        }
        found->damaged_files += is_damaged_name(entry->d_name) ? 1 : 0;
    }
    (void)closedir(directory);
    if (files->segment_count > 1) {
        qsort(files->segments, files->segment_count, sizeof *files->segments, compare_segments);
    }
    return code;
}

/* Where the next whole record begins, at `at` or behind it; the text's length when there is none.
 */
static size_t next_record(struct str text, size_t at, const struct spool_salt *salt,
                          struct spool_record *ret_record, size_t *ret_bytes,
                          enum err_code *ret_code)
{
    for (; at < text.len; at++) {
        const struct str rest = str_slice(text.data + at, text.len - at);
        *ret_code = spool_record_read(rest, salt, ret_record, ret_bytes);
        if (*ret_code != ERR_MALFORMED) {
            return at;
        }
    }
    *ret_code = OK;
    return text.len;
}

/* Whose records a text holds, and how far they reach. */
struct text_end {
    struct spool_salt salt;
    int64_t bytes; /* up to the end of the last record; 0: not even a head */
    uint64_t last; /* its sequence */
};

static enum err_code visit_text(struct str text, const struct spool_visitor *visitor,
                                uint64_t drained, struct text_end *end, struct spool_found *found,
                                struct err *reterr)
{
    if (text.len < SPOOL_HEAD_BYTES || memcmp(text.data, magic, MAGIC_BYTES) != 0) {
        return OK;
    }
    memcpy(end->salt.bytes, text.data + MAGIC_BYTES, sizeof end->salt.bytes);
    end->bytes = SPOOL_HEAD_BYTES;
    for (size_t at = SPOOL_HEAD_BYTES; at < text.len;) {
        struct spool_record record;
        size_t bytes = 0;
        enum err_code code;
        const size_t begin = next_record(text, at, &end->salt, &record, &bytes, &code);
        if (code == ERR_UNSUPPORTED) {
            return err_set(reterr, ERR_CONFLICT,
                           "The spool was written by a newer release. Start that one again.");
        }
        if (begin == text.len) {
            return OK;
        }
        found->damaged_bytes += (int64_t)(begin - at);
        at = begin + bytes;
        end->bytes = (int64_t)at;
        end->last = record.sequence;
        if (record.sequence > drained && !visitor->visit(visitor->context, &record)) {
            return err_set(reterr, ERR_BUSY, "What waits in the spool cannot be taken up now.");
        }
    }
    return OK;
}

enum err_code spool_text_visit(struct str text, const struct spool_visitor *visitor,
                               struct spool_found *found, struct err *reterr)
{
    struct text_end end = {.bytes = 0};
    const enum err_code code = visit_text(text, visitor, /* drained= */ 0, &end, found, reterr);
    found->torn_bytes += code == OK ? (int64_t)text.len - end.bytes : 0;
    return code;
}

struct scan {
    struct spool_files *files;
    const struct spool_visitor *visitor;
    struct spool_found *found;
    struct buf text;
    bool is_look; /* changes nothing */
};

/* What a dying process left half-written behind the last record: nobody was told that it is safe.
 */
static enum err_code cut_tail(struct spool_files *files, const char *name, int64_t bytes,
                              struct err *reterr)
{
    const int fd = openat(files->directory_fd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    const bool is_cut = fd >= 0 && ftruncate(fd, (off_t)bytes) == 0 && fsync(fd) == 0;
    const enum err_code code = is_cut ? OK : file_fail(reterr, "cut the end of", name);
    if (fd >= 0) {
        (void)close(fd);
    }
    return code;
}

static enum err_code scan_segment(struct scan *scan, size_t index, bool is_newest,
                                  struct err *reterr)
{
    struct spool_files *files = scan->files;
    struct spool_segment *segment = &files->segments[index];
    struct text_end end = {.last = segment->last};
    const int64_t damaged_before = scan->found->damaged_bytes;
    char name[NAME_BYTES];
    (void)segment_name(segment->first, name);
    buf_clear(&scan->text);
    enum err_code code = file_read(files->directory_fd, name, &scan->text, reterr);
    code = code != OK ? code
                      : visit_text(buf_str(&scan->text), scan->visitor, files->drained, &end,
                                   scan->found, reterr);
    if (code != OK) {
        return code;
    }
    segment->salt = end.salt;
    segment->bytes = end.bytes;
    segment->last = end.last;
    files->last = end.last > files->last ? end.last : files->last;
    const int64_t tail_bytes = (int64_t)scan->text.len - end.bytes;
    scan->found->torn_bytes += is_newest ? tail_bytes : 0;
    scan->found->damaged_bytes += is_newest ? 0 : tail_bytes;
    segment->is_damaged = scan->found->damaged_bytes > damaged_before;
    return is_newest && tail_bytes > 0 && !scan->is_look ? cut_tail(files, name, end.bytes, reterr)
                                                         : OK;
}

static enum err_code scan_all(struct scan *scan, struct err *reterr)
{
    struct spool_files *files = scan->files;
    enum err_code code = OK;
    for (size_t i = 0; i < files->segment_count && code == OK; i++) {
        code = scan_segment(scan, i, i + 1 == files->segment_count, reterr);
        files->bytes += code == OK ? files->segments[i].bytes : 0;
    }
    for (size_t i = files->segment_count; i-- > 0 && code == OK && !scan->is_look;) {
        if (files->segments[i].last <= files->drained ||
            files->segments[i].last < files->segments[i].first) {
            remove_segment(files, i);
        }
    }
    return code;
}

static enum err_code open_directory(struct spool_files *files, int parent_fd, const char *name,
                                    struct err *reterr)
{
    if (mkdirat(parent_fd, name, 0700) != 0 && errno != EEXIST) {
        return file_fail(reterr, "make the directory", name);
    }
    files->directory_fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (files->directory_fd < 0 || fsync(parent_fd) != 0) {
        return file_fail(reterr, "open the directory", name);
    }
    if (flock(files->directory_fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK
                   ? err_set(reterr, ERR_CONFLICT, "Another process uses the spool.")
                   : file_fail(reterr, "lock", name);
    }
    return OK;
}

enum err_code spool_files_open(struct spool_files *files, int parent_fd, const char *name,
                               int64_t segment_bytes_max, const struct spool_visitor *visitor,
                               struct spool_found *ret_found, struct err *reterr)
{
    *files = (struct spool_files){.directory_fd = -1,
                                  .progress = {.fd = -1},
                                  .active_fd = -1,
                                  .segment_bytes_max = segment_bytes_max};
    *ret_found = (struct spool_found){.torn_bytes = 0};
    (void)pthread_mutex_init(&files->lock, NULL);
    struct scan scan = {.files = files, .visitor = visitor, .found = ret_found};
    buf_init(&scan.text, SCAN_BYTES_MAX);
    random_bytes(files->salt.bytes, sizeof files->salt.bytes);
    enum err_code code = open_directory(files, parent_fd, name, reterr);
    code = code != OK ? code
                      : spool_progress_open(&files->progress, files->directory_fd, &files->drained,
                                            reterr);
    files->last = files->drained;
    code = code != OK ? code : list_segments(files, ret_found, reterr);
    code = code != OK ? code : scan_all(&scan, reterr);
    buf_done(&scan.text);
    return code;
}

void spool_files_close(struct spool_files *files)
{
    close_active(files);
    spool_progress_close(&files->progress);
    if (files->directory_fd >= 0) {
        (void)close(files->directory_fd); /* gives the lock back */
    }
    mem_free(files->segments);
    (void)pthread_mutex_destroy(&files->lock);
    *files = (struct spool_files){.directory_fd = -1, .progress = {.fd = -1}, .active_fd = -1};
}

enum err_code spool_files_inspect(int parent_fd, const char *name,
                                  const struct spool_visitor *visitor, int64_t *ret_bytes,
                                  struct spool_found *ret_found, struct err *reterr)
{
    struct spool_files files = {.progress = {.fd = -1}, .active_fd = -1};
    *ret_found = (struct spool_found){.torn_bytes = 0};
    *ret_bytes = 0;
    files.directory_fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (files.directory_fd < 0) {
        return errno == ENOENT ? OK : file_fail(reterr, "open the directory", name);
    }
    (void)pthread_mutex_init(&files.lock, NULL);
    struct scan scan = {.files = &files, .visitor = visitor, .found = ret_found, .is_look = true};
    buf_init(&scan.text, SCAN_BYTES_MAX);
    files.drained = spool_progress_look(files.directory_fd);
    enum err_code code = list_segments(&files, ret_found, reterr);
    code = code != OK ? code : scan_all(&scan, reterr);
    *ret_bytes = files.bytes;
    buf_done(&scan.text);
    spool_files_close(&files);
    return code;
}

/* ---- appending ---- */

bool spool_head_write(int fd, const struct spool_salt *salt)
{
    return file_write_all(fd, magic, MAGIC_BYTES) &&
           file_write_all(fd, salt->bytes, sizeof salt->bytes);
}

static enum err_code begin_segment(struct spool_files *files, uint64_t first, struct err *reterr)
{
    close_active(files);
    const enum err_code code = add_segment(files, first, reterr);
    if (code != OK) {
        return code;
    }
    char name[NAME_BYTES];
    files->active_fd = openat(files->directory_fd, segment_name(first, name),
                              O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (files->active_fd < 0 || !spool_head_write(files->active_fd, &files->salt) ||
        fsync(files->directory_fd) != 0) {
        const enum err_code failed = file_fail(reterr, "make", name);
        close_active(files);
        remove_segment(files, files->segment_count - 1);
        return failed;
    }
    struct spool_segment *segment = &files->segments[files->segment_count - 1];
    segment->salt = files->salt;
    segment->bytes = SPOOL_HEAD_BYTES;
    files->bytes += SPOOL_HEAD_BYTES;
    return OK;
}

/* After a failed sync nobody knows what of a file is on disk: it takes nothing more. */
static void give_up_active(struct spool_files *files)
{
    struct spool_segment *segment = &files->segments[files->segment_count - 1];
    file_cut_back(files->active_fd, segment->bytes);
    close_active(files);
    if (segment->bytes == SPOOL_HEAD_BYTES) {
        remove_segment(files, files->segment_count - 1);
    }
}

enum err_code spool_files_append(struct spool_files *files, struct str records, uint64_t first,
                                 uint64_t last, struct err *reterr)
{
    assert(first > files->last && first <= last);
    enum err_code code = OK;
    (void)pthread_mutex_lock(&files->lock);
    if (files->active_fd < 0 ||
        files->segments[files->segment_count - 1].bytes + (int64_t)records.len >
            files->segment_bytes_max) {
        code = begin_segment(files, first, reterr);
    }
    const int fd = files->active_fd;
    files->is_writing = code == OK;
    (void)pthread_mutex_unlock(&files->lock);
    if (code != OK) {
        return code;
    }
    if (!file_write_all(fd, records.data, records.len) || fdatasync(fd) != 0) {
        code = file_fail(reterr, "write", "the spool");
    }
    (void)pthread_mutex_lock(&files->lock);
    files->is_writing = false;
    files->last = last; /* also after a failure: a sequence is given out once */
    if (code == OK) {
        struct spool_segment *segment = &files->segments[files->segment_count - 1];
        segment->bytes += (int64_t)records.len;
        segment->last = last;
        files->bytes += (int64_t)records.len;
    } else {
        give_up_active(files);
    }
    (void)pthread_mutex_unlock(&files->lock);
    return code;
}

/* ---- reading and draining ---- */

/* The oldest segment with something to drain, and where in it to begin; false: nothing waits. */
static bool find_place(struct spool_files *files, struct spool_segment *ret_segment,
                       int64_t *ret_begin)
{
    (void)pthread_mutex_lock(&files->lock);
    size_t i = 0;
    while (i < files->segment_count && files->segments[i].last <= files->drained) {
        i++;
    }
    const bool is_found = i < files->segment_count &&
                          files->segments[i].last >= files->segments[i].first;
    if (is_found) {
        *ret_segment = files->segments[i];
        *ret_begin = files->segments[i].first == files->cursor_first ? files->cursor_bytes
                                                                     : SPOOL_HEAD_BYTES;
    }
    (void)pthread_mutex_unlock(&files->lock);
    return is_found;
}

static enum err_code read_part(struct spool_files *files, const struct spool_segment *segment,
                               int64_t begin, struct buf *buf, struct err *reterr)
{
    char name[NAME_BYTES];
    const int fd = openat(files->directory_fd, segment_name(segment->first, name),
                          O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return file_fail(reterr, "open", name);
    }
    const int64_t left = segment->bytes - begin;
    const size_t wanted = left < SPOOL_READ_BYTES_MAX ? (size_t)left : SPOOL_READ_BYTES_MAX;
    buf_clear(buf);
    char *room = buf_extend(buf, wanted);
    enum err_code code = OK;
    if (room == NULL) {
        code = err_set(reterr, ERR_NOMEM, "Out of memory to read the spool.");
    } else if (pread(fd, room, wanted, (off_t)begin) != (ssize_t)wanted) {
        code = err_set(reterr, ERR_STORE, "The spool's file %s is shorter than it was.", name);
    }
    (void)close(fd);
    return code;
}

/* A part that was damaged when the files were opened is stepped over here as it was there. */
static size_t parse_part(const struct spool_files *files, struct str text,
                         const struct spool_salt *salt, int64_t begin, bool is_cut,
                         struct spool_record records[static SPOOL_READ_RECORDS_MAX])
{
    size_t count = 0;
    for (size_t at = 0; at < text.len && count < SPOOL_READ_RECORDS_MAX;) {
        struct spool_record record;
        size_t bytes = 0;
        enum err_code code;
        size_t found = at;
        if (is_cut && text.len - at < RECORD_BYTES_MAX) {
            const struct str rest = str_slice(text.data + at, text.len - at);
            code = spool_record_read(rest, salt, &record, &bytes);
            if (code != OK) {
                break; /* the rest of it comes with the next piece */
            }
        } else {
            found = next_record(text, at, salt, &record, &bytes, &code);
        }
        if (found == text.len || code != OK) {
            break;
        }
        at = found + bytes;
        record.end_bytes = begin + (int64_t)at;
        if (record.sequence > files->drained) {
            records[count++] = record;
        }
    }
    return count;
}

enum err_code spool_files_read(struct spool_files *files, struct buf *buf,
                               struct spool_record records[static SPOOL_READ_RECORDS_MAX],
                               size_t *ret_count, struct err *reterr)
{
    *ret_count = 0;
    struct spool_segment segment;
    int64_t begin = 0;
    if (!find_place(files, &segment, &begin)) {
        return OK;
    }
    enum err_code code = read_part(files, &segment, begin, buf, reterr);
    if (code != OK) {
        return code;
    }
    const bool is_cut = begin + (int64_t)buf->len < segment.bytes;
    *ret_count = parse_part(files, buf_str(buf), &segment.salt, begin, is_cut, records);
    return *ret_count > 0
               ? OK
               : err_set(reterr, ERR_STORE, "A part of the spool cannot be read any more.");
}

enum err_code spool_files_drained(struct spool_files *files, const struct spool_record *last,
                                  struct err *reterr)
{
    const enum err_code code = spool_progress_write(&files->progress, last->sequence, reterr);
    if (code != OK) {
        return code;
    }
    (void)pthread_mutex_lock(&files->lock);
    files->drained = last->sequence;
    while (files->segment_count > 0 && files->segments[0].last <= files->drained) {
        const bool is_active = files->segment_count == 1 && files->active_fd >= 0;
        if (is_active && files->is_writing) {
            break;
        }
        if (is_active) {
            close_active(files);
        }
        remove_segment(files, 0);
    }
    if (files->segment_count > 0 && files->segments[0].first <= last->sequence) {
        files->cursor_first = files->segments[0].first;
        files->cursor_bytes = last->end_bytes;
    }
    (void)pthread_mutex_unlock(&files->lock);
    return OK;
}

int64_t spool_files_bytes(struct spool_files *files)
{
    (void)pthread_mutex_lock(&files->lock);
    const int64_t bytes = files->bytes;
    (void)pthread_mutex_unlock(&files->lock);
    return bytes;
}
