/*
 * What comes from a keeper that learns is looked at before it is used; what two
 * scripts called is added up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "quiesce/learned.h"
#include "quiesce/wire.h"

static struct learned learned, other;

static struct learned_call good_call(void)
{
    return (struct learned_call){
        .number = 5, .answer = LEARN_ALLOWED, .count = 3, .masks = { 0, 0xffff }, .args = { 0, 0x5401 },
        .names_count = 2, .names = { "sh", "psql" },
    };
}

static void calls(void **state)
{
    (void)state;
    struct learned_call call = good_call();
    assert_true(learned_call_valid(&call));
    call.number = UINT32_MAX; /* none of ours, and yet called */
    assert_true(learned_call_valid(&call));
#define WRONG(member, value)                   \
    call = good_call();                        \
    call.member = (value);                     \
    assert_false(learned_call_valid(&call))
    WRONG(answer, 0);
    WRONG(answer, 4096);
    WRONG(count, 0);
    WRONG(args[1], 0x15401);
    WRONG(args[2], 1);
    WRONG(names_count, LEARNED_NAMES_MAX + 1);
    WRONG(more_names, 2);
    call = good_call();
    memset(call.names[1], 'x', LEARNED_NAME_MAX);
    assert_false(learned_call_valid(&call));
}

static void whole(void **state)
{
    (void)state;
    memset(&learned, 0, sizeof learned);
    learned.end = LEARNED_OVER;
    learned.calls[0] = good_call();
    learned.count = 1;
    assert_true(learned_valid(&learned));
    static const struct {
        size_t offset;
        uint32_t value;
    } wrong[] = {
        { offsetof(struct learned, end), LEARNED_ENDS },
        { offsetof(struct learned, start_step), START_STEPS },
        { offsetof(struct learned, start_error), 4096 },
        { offsetof(struct learned, code), 256 },
        { offsetof(struct learned, code), (uint32_t)-2 },
        { offsetof(struct learned, signal), 65 },
        { offsetof(struct learned, count), LEARNED_CALLS_MAX + 1 },
        { offsetof(struct learned, count), 2 }, /* of which the second is empty */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint32_t before;
        memcpy(&before, (char *)&learned + wrong[i].offset, sizeof before);
        memcpy((char *)&learned + wrong[i].offset, &wrong[i].value, sizeof before);
        if (learned_valid(&learned)) {
            fail_msg("row %zu", i);
        }
        memcpy((char *)&learned + wrong[i].offset, &before, sizeof before);
    }
    assert_true(learned_valid(&learned));
}

static void added(void **state)
{
    (void)state;
    memset(&learned, 0, sizeof learned);
    memset(&other, 0, sizeof other);
    learned.calls[0] = other.calls[0] = other.calls[1] = good_call();
    learned.count = 1;
    other.count = 2;
    other.lost = 4;
    strcpy(other.calls[0].names[1], "cat");
    other.calls[1].args[1] = 7;
    learned_add(&learned, &other);
    assert_int_equal(learned.count, 2);
    assert_int_equal(learned.lost, 4);
    assert_int_equal(learned.calls[0].count, 6);
    assert_int_equal(learned.calls[0].names_count, 3);
    assert_string_equal(learned.calls[0].names[2], "cat");
    assert_int_equal(learned.calls[1].args[1], 7);
    assert_true(learned_valid(&learned));
}

static void added_to_the_brim(void **state)
{
    (void)state;
    memset(&learned, 0, sizeof learned);
    memset(&other, 0, sizeof other);
    for (uint32_t i = 0; i < LEARNED_CALLS_MAX; i++) {
        learned.calls[i] = good_call();
        learned.calls[i].args[1] = i;
    }
    learned.count = LEARNED_CALLS_MAX;
    other.calls[0] = good_call();
    other.calls[0].number = 6;
    other.calls[1] = learned.calls[9];
    other.count = 2;
    for (uint32_t i = 0; i < LEARNED_NAMES_MAX; i++) {
        other.calls[1].names[i][0] = (char)('a' + i);
        other.calls[1].names[i][1] = '\0';
    }
    other.calls[1].names_count = LEARNED_NAMES_MAX;
    learned_add(&learned, &other);
    assert_int_equal(learned.count, LEARNED_CALLS_MAX);
    assert_int_equal(learned.lost, 3);
    assert_int_equal(learned.calls[9].names_count, LEARNED_NAMES_MAX);
    assert_int_equal(learned.calls[9].more_names, 1);
    assert_true(learned_valid(&learned));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls), cmocka_unit_test(whole), cmocka_unit_test(added), cmocka_unit_test(added_to_the_brim),
    };
    return cmocka_run_group_tests_name("base/learned", tests, NULL, NULL);
}
