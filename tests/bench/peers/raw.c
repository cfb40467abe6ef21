/*
 * The limit: the rows of submissions written as fast as PostgreSQL takes them. Two connections,
 * each with one batch of 64 after the other, one statement a batch (batch.sql), nothing received,
 * nothing decided, nobody answered.
 *
 *     raw CONNINFO batch.sql CONTACTS NEW_PERCENT SEED SECONDS
 *
 * Prints {"submissions": N, "seconds": S}. Addresses and claims are those of submissions.lua.
 */
#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json_write.h"
#include "base/random.h"
#include "base/uuid.h"

enum { WRITERS = 2, ROWS = 64, TEXT_BYTES_MAX = 1 << 20, SQL_BYTES_MAX = 1 << 16 };

struct writer {
    const char *conninfo;
    const char *sql;
    uint64_t contacts;
    uint64_t new_percent;
    uint64_t seed;
    int64_t end_us;
    int64_t stored;
    unsigned number;
    bool failed;
};

static void write_texts(struct json_writer *json, uint64_t n, int64_t at_us)
{
    char text[640];
    const long long at_ms = (long long)(at_us / US_PER_MS);
    const unsigned long long name = n;
    (void)snprintf(
        text, sizeof text,
        "{\"first_name\":\"Camille\",\"last_name\":\"Durand %llu\",\"company\":\"Atelier %llu\","
        "\"company_size\":%llu,\"job_title\":\"Chargée de projet\",\"country\":\"FR\"}",
        name, name % 5000, 10 + name % 200);
    JSON_FIELD(json, "attributes", json_text, text);
    char payload[1200];
    (void)snprintf(payload, sizeof payload,
                   "{\"attributes\":%s,\"consents\":[],\"context\":{\"page_url\":\"https://"
                   "www.example.com/livre-blanc\","
                   "\"referrer\":\"https://www.google.com/"
                   "\",\"utm_source\":\"newsletter\",\"utm_medium\":\"email\","
                   "\"utm_campaign\":\"autumn\"},\"ignored\":[]}",
                   text);
    JSON_FIELD(json, "payload", json_text, payload);
    (void)snprintf(text, sizeof text, "{\"*\":[\"form\",%lld]}", at_ms);
    JSON_FIELD(json, "sources", json_text, text);
    (void)snprintf(text, sizeof text, "%064llx", name);
    JSON_FIELD(json, "fingerprint", json_text, text);
}

struct address {
    uint64_t n; /* the contact's number */
    uint64_t scattered;
};

/* As submissions.lua draws it, and not one that this batch has. */
static struct address draw_address(const struct writer *writer, struct random *random,
                                   const struct address *others, int count)
{
    for (;;) {
        const bool is_new = random_below(random, 100) < writer->new_percent;
        struct address address;
        address.n = is_new ? writer->contacts + random_below(random, UINT64_C(1) << 50)
                           : random_below(random, writer->contacts);
        address.scattered = is_new ? random_below(random, UINT64_C(1) << 32)
                                   : address.n * UINT64_C(2654435761) % (UINT64_C(1) << 32);
        int i = 0;
        while (i < count && others[i].n != address.n)
            i++;
        if (i == count)
            return address;
    }
}

static void write_row(struct json_writer *json, struct address address, int64_t at_us)
{
    char email[80];
    (void)snprintf(email, sizeof email, "%llu.%llu@example.com",
                   (unsigned long long)address.scattered, (unsigned long long)address.n);
    json_object_begin(json);
    JSON_FIELD(json, "email", json_text, email);
    write_texts(json, address.n, at_us);
    JSON_FIELD(json, "fit", json_int, 10);
    JSON_FIELD(json, "letter", json_text, "D");
    JSON_FIELD(json, "grade", json_text, "D3");
    JSON_FIELD(json, "channel", json_text, "email");
    JSON_FIELD(json, "activity_id", json_uuid, uuid_new(at_us));
    JSON_FIELD(json, "contact_id", json_uuid, uuid_new(at_us));
    JSON_FIELD(json, "at", json_time, at_us);
    json_object_end(json);
}

static bool run_batch(PGconn *conn, struct writer *writer, struct random *random, struct buf *buf)
{
    buf_clear(buf);
    struct json_writer json;
    json_writer_init(&json, buf);
    const int64_t at_us = clock_wall_us() / US_PER_MS * US_PER_MS;
    json_array_begin(&json);
    struct address addresses[ROWS];
    for (int i = 0; i < ROWS; i++) {
        addresses[i] = draw_address(writer, random, addresses, i);
        write_row(&json, addresses[i], at_us);
    }
    json_array_end(&json);
    const char *const values[] = {buf_str(buf).data};
    PGresult *result = PQexecPrepared(conn, "batch", 1, values, /* lengths= */ NULL,
                                      /* formats= */ NULL,
                                      /* result_format= */ 1);
    /* The two take rows in no agreed order, so rarely one is the victim of a deadlock. Its batch is
     * rolled back and not counted. */
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const bool is_victim = sqlstate != NULL && strcmp(sqlstate, "40P01") == 0;
    const bool is_good = PQresultStatus(result) == PGRES_TUPLES_OK || is_victim;
    if (is_good)
        writer->stored += PQntuples(result);
    else
        (void)fprintf(stderr, "raw: %s", PQerrorMessage(conn));
    PQclear(result);
    return is_good;
}

static void *writer_main(void *argument)
{
    struct writer *writer = argument;
    struct random random;
    random_init(&random, writer->seed * WRITERS + writer->number);
    struct buf buf;
    buf_init(&buf, TEXT_BYTES_MAX);
    PGconn *conn = PQconnectdb(writer->conninfo);
    PGresult *prepared = PQprepare(conn, "batch", writer->sql, 0, /* types= */ NULL);
    writer->failed = PQresultStatus(prepared) != PGRES_COMMAND_OK;
    if (writer->failed)
        (void)fprintf(stderr, "raw: %s", PQerrorMessage(conn));
    PQclear(prepared);
    while (!writer->failed && clock_monotonic_us() < writer->end_us)
        writer->failed = !run_batch(conn, writer, &random, &buf);
    PQfinish(conn);
    buf_done(&buf);
    return NULL;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, SQL_BYTES_MAX + 1);
    if (file == NULL || text == NULL || fread(text, 1, SQL_BYTES_MAX, file) == 0) {
        perror(path);
        exit(1);
    }
    (void)fclose(file);
    return text;
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        (void)fprintf(stderr, "Usage: raw CONNINFO batch.sql CONTACTS NEW_PERCENT SEED SECONDS\n");
        return 2;
    }
    char *sql = read_file(argv[2]);
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    const int64_t begin_us = clock_monotonic_us();
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] =
            (struct writer){.conninfo = argv[1],
                            .sql = sql,
                            .contacts = strtoull(argv[3], NULL, 10),
                            .new_percent = strtoull(argv[4], NULL, 10),
                            .seed = strtoull(argv[5], NULL, 10),
                            .end_us = begin_us + strtoll(argv[6], NULL, 10) * US_PER_SECOND,
                            .number = i};
        if (pthread_create(&threads[i], NULL, writer_main, &writers[i]) != 0)
            return 1;
    }
    int64_t stored = 0;
    bool failed = false;
    for (unsigned i = 0; i < WRITERS; i++) {
        (void)pthread_join(threads[i], NULL);
        stored += writers[i].stored;
        failed |= writers[i].failed;
    }
    free(sql);
    (void)printf("{\"submissions\": %lld, \"seconds\": %.6f}\n", (long long)stored,
                 (double)(clock_monotonic_us() - begin_us) / (double)US_PER_SECOND);
    return failed ? 1 : 0;
}
