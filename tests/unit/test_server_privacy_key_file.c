/* Proves that a privacy key is made once, whole, for its owner alone, and that what is no key is
 * refused; and that lines of the list of erasures stand one below the other. */
#include "testing_directory.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "privacy_key_file.h"

struct place {
    char directory[TESTING_PATH_BYTES];
    struct config config;
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    assert_true(testing_directory(place->directory));
    place->config.data_dir = place->directory;
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    static const char *const names[] = {"privacy.key", "erasures.ndjson"};
    char path[2 * TESTING_PATH_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", place->directory, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(place->directory), 0); /* so nothing else was left there */
    free(place);
    return 0;
}

static void write_key(const struct place *place, const char *text)
{
    char path[2 * TESTING_PATH_BYTES];
    snprintf(path, sizeof path, "%s/privacy.key", place->directory);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void a_key_is_made_and_found_again(void **state)
{
    struct place *place = *state;
    struct privacy_key made;
    struct privacy_key found;
    struct err err;
    bool is_found = true;
    assert_int_equal(privacy_key_find(&place->config, &found, &is_found, &err), OK);
    assert_false(is_found);
    assert_int_equal(privacy_key_make(place->directory, &made, &err), OK);
    assert_int_equal(privacy_key_find(&place->config, &found, &is_found, &err), OK);
    assert_true(is_found);
    assert_memory_equal(&made, &found, sizeof made);
    char path[2 * TESTING_PATH_BYTES];
    struct stat status;
    snprintf(path, sizeof path, "%s/privacy.key", place->directory);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(status.st_size, 2 * SHA256_BYTES + 1);
    /* Whoever comes second takes the first one's. */
    struct privacy_key second;
    assert_int_equal(privacy_key_make(place->directory, &second, &err), OK);
    assert_memory_equal(&made, &second, sizeof made);
}

static void the_configured_key_beats_the_directorys(void **state)
{
    struct place *place = *state;
    struct privacy_key made;
    struct privacy_key found;
    struct err err;
    bool is_found = false;
    assert_int_equal(privacy_key_make(place->directory, &made, &err), OK);
    place->config.privacy_key = "0123456789abcdef";
    assert_int_equal(privacy_key_find(&place->config, &found, &is_found, &err), OK);
    const struct privacy_key expected = privacy_key_of(STR_LITERAL("0123456789abcdef"));
    assert_true(is_found);
    assert_memory_equal(&found, &expected, sizeof found);
}

static void what_is_no_key_is_refused(void **state)
{
    struct place *place = *state;
    struct privacy_key key;
    struct err err;
    bool is_found;
    static const char *const texts[] = {"", "short", "   0123456789abcde   \n"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        write_key(place, texts[i]);
        assert_int_equal(privacy_key_find(&place->config, &key, &is_found, &err), ERR_INVALID);
        assert_non_null(strstr(err.detail, "openssl rand -hex 32"));
        assert_non_null(strstr(err.detail, place->directory));
    }
    place->config.privacy_key = "short";
    assert_int_equal(privacy_key_find(&place->config, &key, &is_found, &err), ERR_INVALID);
    assert_null(strstr(err.detail, "short")); /* a secret is not told */
    struct config elsewhere = {.data_dir = "/dev/null/nowhere"};
    assert_int_equal(privacy_key_find(&elsewhere, &key, &is_found, &err), OK);
    assert_false(is_found);
    assert_int_equal(privacy_key_make("/dev/null/nowhere", &key, &err), ERR_INVALID);
    assert_int_equal(erasure_list_append("/dev/null/nowhere", STR_LITERAL("{}"), &err),
                     ERR_INVALID);
}

enum { THREADS = 4, LINES = 25 };

static void *append_lines(void *context)
{
    const struct place *place = context;
    struct err err;
    for (int i = 0; i < LINES; i++)
        if (erasure_list_append(place->directory, STR_LITERAL("{\"contact_id\":\"x\"}"), &err) !=
            OK)
            return context;
    return NULL;
}

static void lines_of_several_threads_do_not_mix(void **state)
{
    struct place *place = *state;
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, append_lines, place), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    char path[2 * TESTING_PATH_BYTES];
    char line[128];
    int count = 0;
    snprintf(path, sizeof path, "%s/erasures.ndjson", place->directory);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        assert_string_equal(line, "{\"contact_id\":\"x\"}\n");
        count++;
    }
    fclose(file);
    assert_int_equal(count, THREADS * LINES);
}

#define PLACE_TEST(function) cmocka_unit_test_setup_teardown(function, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(a_key_is_made_and_found_again),
        PLACE_TEST(the_configured_key_beats_the_directorys),
        PLACE_TEST(what_is_no_key_is_refused),
        PLACE_TEST(lines_of_several_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
