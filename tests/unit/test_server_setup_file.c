/* Proves that the last known set-up reads back as what a form's post is judged by, holds nothing
 * else, and is refused when a byte of it was changed. */
#include "test_domain_catalog_support.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "setup_file.h"
#include "testing_directory.h"

static const char file_name[] = "setup.last";
static char directory[TESTING_PATH_BYTES];
static int directory_fd;

static int make_directory(void **state)
{
    (void)state;
    struct err err;
    return testing_directory(directory) && file_open_directory(directory, &directory_fd, &err) == OK
               ? 0
               : 1;
}

static int remove_directory(void **state)
{
    (void)state;
    (void)unlinkat(directory_fd, file_name, 0);
    (void)close(directory_fd);
    return rmdir(directory);
}

static struct catalog *some_catalog(void)
{
    struct default_rows rows;
    default_rows_init(&rows);
    default_rows_add(
        &rows, CATALOG_FORM, "01936b00-0000-7000-8000-000000000001", "guide",
        "{\"slug\": \"guide\", \"name\": \"Guide é\", \"activity\": \"form_submission\", "
        "\"makes\": "
        "\"lead\", \"offer\": null, \"campaign\": null, \"open\": true, \"required\": [\"email\"], "
        "\"fields\": null, \"allowed_origins\": null, \"redirect_url\": null, \"consent_text\": "
        "null, \"protection\": {\"honeypot\": null, \"token\": null, \"disposable\": false, "
        "\"repeats\": null}}");
    default_rows_add(&rows, CATALOG_MEMBER, "01936b00-0000-7000-8000-000000000002",
                     "01936b00-0000-7000-8000-000000000002",
                     "{\"name\": \"Nadia Canary\", \"email\": \"nadia@example.com\", \"team\": "
                     "\"sales\", \"role\": \"member\", \"weekly_capacity\": null, \"time_zone\": "
                     "null, \"active\": true}");
    struct catalog *catalog = build_catalog(&rows);
    default_rows_done(&rows);
    return catalog;
}

static void write_it(void)
{
    struct catalog *catalog = some_catalog();
    struct err err;
    assert_int_equal(setup_file_write(directory_fd, catalog, &err), OK);
    catalog_unref(catalog);
}

static void test_reads_back(void **state)
{
    (void)state;
    write_it();
    struct catalog *catalog = NULL;
    struct err err;
    assert_int_equal(setup_file_read(directory_fd, &catalog, &err), OK);
    const struct form *form = catalog_form(catalog, STR_LITERAL("guide"));
    assert_non_null(form);
    assert_true(form->is_open);
    assert_non_null(catalog_attribute(catalog, STR_LITERAL("company_size")));
    assert_true(catalog_version(catalog) < 0); /* every other one is newer */
    catalog_unref(catalog);
}

static void test_holds_no_person(void **state)
{
    (void)state;
    write_it();
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 4 << 20);
    struct err err;
    assert_int_equal(file_read(directory_fd, file_name, &text, &err), OK);
    assert_non_null(strstr(buf_str(&text).data, "Guide é"));
    assert_null(strstr(buf_str(&text).data, "Canary"));
}

static void test_a_changed_byte_or_a_cut_is_refused(void **state)
{
    (void)state;
    write_it();
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 4 << 20);
    struct err err;
    assert_int_equal(file_read(directory_fd, file_name, &text, &err), OK);
    struct catalog *catalog = NULL;
    for (size_t at = 0; at < text.len; at += text.len / 40 + 1) {
        const char kept = text.data[at];
        text.data[at] = (char)(kept ^ 1);
        assert_int_equal(file_replace(directory_fd, file_name, buf_str(&text), &err), OK);
        assert_int_equal(setup_file_read(directory_fd, &catalog, &err), ERR_STORE);
        text.data[at] = kept;
        assert_int_equal(file_replace(directory_fd, file_name, str_slice(text.data, at), &err), OK);
        assert_int_equal(setup_file_read(directory_fd, &catalog, &err), ERR_STORE);
    }
    assert_int_equal(unlinkat(directory_fd, file_name, 0), 0);
    assert_int_equal(setup_file_read(directory_fd, &catalog, &err), ERR_NOT_FOUND);
}

int main(void)
{
    json_object_seed(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_back),
        cmocka_unit_test(test_holds_no_person),
        cmocka_unit_test(test_a_changed_byte_or_a_cut_is_refused),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
