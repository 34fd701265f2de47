#include "parser/finding.h"

#include <sys/mman.h>

#include "parser/expect.h"

static void add(struct plan_head *head, enum finding_severity severity, const char *message)
{
    finding_add(head, 305, severity, FINDING_VALUE, (struct place){1, 2}, "k", "%s", message);
}

static void test_usable(void **state)
{
    struct plan_head head;

    (void)state;
    finding_begin(&head);
    assert_int_equal(head.usable, 1);
    add(&head, FINDING_WARNING, "w");
    assert_int_equal(head.usable, 1);
    add(&head, FINDING_ERROR, "e");
    assert_int_equal(head.usable, 0);
    assert_int_equal(head.findings_count, 2);
}

/* warnings, then errors, then warnings again: what the list ends up with */
static const struct {
    unsigned before, errors, after;
    unsigned warnings_kept, errors_kept;
    bool more;
    uint8_t more_severity;
} overflows[] = {
    {24, 0, 0, 24, 0, false, 0},
    {25, 0, 0, 23, 0, true, FINDING_WARNING},
    {24, 1, 0, 22, 1, true, FINDING_ERROR},
    {30, 3, 5, 20, 3, true, FINDING_ERROR},
    {23, 1, 0, 23, 1, false, 0},
    {23, 1, 1, 22, 1, true, FINDING_ERROR}, /* the 24th was an error: it stays */
    {0, 24, 1, 0, 23, true, FINDING_ERROR},
    {10, 40, 10, 0, 23, true, FINDING_ERROR},
};

static void test_overflow(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(overflows); i++) {
        struct plan_head head;
        unsigned kept[FINDING_SEVERITIES] = {0, 0};
        finding_begin(&head);
        for (unsigned n = 0; n < overflows[i].before; n++) add(&head, FINDING_WARNING, "w");
        for (unsigned n = 0; n < overflows[i].errors; n++) add(&head, FINDING_ERROR, "e");
        for (unsigned n = 0; n < overflows[i].after; n++) add(&head, FINDING_WARNING, "w");
        for (unsigned n = 0; n < head.findings_count - overflows[i].more; n++) {
            assert_string_equal(head.findings[n].message, head.findings[n].severity == FINDING_ERROR ? "e" : "w");
            kept[head.findings[n].severity]++;
        }
        assert_int_equal(kept[FINDING_WARNING], overflows[i].warnings_kept);
        assert_int_equal(kept[FINDING_ERROR], overflows[i].errors_kept);
        assert_int_equal(head.usable, overflows[i].errors == 0);
        if (!overflows[i].more) continue;
        assert_int_equal(head.findings_count, PLAN_FINDINGS_MAX);
        assert_string_equal(head.findings[PLAN_FINDINGS_MAX - 1].message, "and more");
        assert_int_equal(head.findings[PLAN_FINDINGS_MAX - 1].severity, overflows[i].more_severity);
    }
}

/* What the list would not take is not even read: hostile documents have findings by the thousand.
 * Regression: plugin/findings-by-the-thousand-take-long. */
static void test_left_out(void **state)
{
    struct plan_head head;
    char *unreadable = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_true(unreadable != MAP_FAILED);
    finding_begin(&head);
    for (unsigned n = 0; n <= PLAN_FINDINGS_MAX; n++) add(&head, FINDING_WARNING, "w");
    add(&head, FINDING_WARNING, unreadable);
    for (unsigned n = 0; n <= PLAN_FINDINGS_MAX; n++) add(&head, FINDING_ERROR, "e");
    add(&head, FINDING_ERROR, unreadable);
    add(&head, FINDING_WARNING, unreadable);
    assert_int_equal(head.findings_count, PLAN_FINDINGS_MAX);
    munmap(unreadable, 1);
}

static void test_text(void **state)
{
    struct plan_head head;
    char umlauts[601];

    (void)state;
    finding_begin(&head);
    finding_add(&head, 1, FINDING_WARNING, FINDING_VALUE, (struct place){0, 0}, "a\nb\xFF", "x\x1B[1m\xC3\xA4\xC3");
    assert_string_equal(head.findings[0].key, "a\xEF\xBF\xBD" "b\xEF\xBF\xBD");
    assert_string_equal(head.findings[0].message, "x\xEF\xBF\xBD[1m\xC3\xA4\xEF\xBF\xBD");
    for (size_t i = 0; i < sizeof(umlauts) - 1; i += 2) memcpy(umlauts + i, "\xC3\xA4", 2);
    umlauts[600] = '\0';
    finding_add(&head, 1, FINDING_WARNING, FINDING_VALUE, (struct place){0, 0}, umlauts, "%s", umlauts);
    assert_int_equal(strlen(head.findings[1].key), 126);
    assert_int_equal(strlen(head.findings[1].message), 254);
    assert_memory_equal(head.findings[1].message, umlauts, 254);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usable),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests_name("finding", tests, NULL, NULL);
}
