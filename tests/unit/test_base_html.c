/* Proves: no text from outside ends an attribute or begins a tag, and everything else is kept. */
#include "testing.h"

#include "base/html.h"

static void expect(struct str text, const char *html)
{
    struct buf out;
    buf_init(&out, 1000);
    html_text(&out, text);
    assert_false(out.failed);
    assert_str_is(buf_str(&out), html);
    buf_done(&out);
}

static void test_what_means_something_in_html_is_escaped(void **state)
{
    (void)state;
    expect(STR_LITERAL("<script>alert('a' & \"b\")</script>"),
           "&lt;script&gt;alert(&#39;a&#39; &amp; &quot;b&quot;)&lt;/script&gt;");
    expect(STR_LITERAL("&&"), "&amp;&amp;");
    expect(STR_LITERAL("a<b"), "a&lt;b");
}

static void test_everything_else_stays(void **state)
{
    (void)state;
    expect(STR_LITERAL("Où ? L’Œuf; 5 €\n\t=`/"), "Où ? L’Œuf; 5 €\n\t=`/");
    expect(STR_LITERAL(""), "");
    expect((struct str){0}, "");
}

static void test_an_attribute_stays_in_its_quotation_marks(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    html_attribute(&out, "value", STR_LITERAL("\" onfocus=\"x"));
    html_attribute(&out, "id", (struct str){0});
    assert_str_is(buf_str(&out), " value=\"&quot; onfocus=&quot;x\" id=\"\"");
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_means_something_in_html_is_escaped),
        cmocka_unit_test(test_everything_else_stays),
        cmocka_unit_test(test_an_attribute_stays_in_its_quotation_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
