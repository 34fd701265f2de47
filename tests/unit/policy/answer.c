/*
 * Answers as words: what is read is written back the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#include "policy/answer.h"

static const struct {
    const char *words;
    uint32_t answer;
} both_ways[] = {
    { "allow", SECCOMP_RET_ALLOW },
    { "log", SECCOMP_RET_LOG },
    { "trap", SECCOMP_RET_TRAP },
    { "kill", SECCOMP_RET_KILL_PROCESS },
    { "kill_thread", SECCOMP_RET_KILL_THREAD },
    { "errno EPERM", SECCOMP_RET_ERRNO | EPERM },
    { "errno ENOSYS", SECCOMP_RET_ERRNO | ENOSYS },
    { "errno 4095", SECCOMP_RET_ERRNO | 4095 },
};

static void written_as_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof both_ways / sizeof *both_ways; i++) {
        uint32_t answer = 0xffffffff;
        char words[ANSWER_WORDS_MAX];
        assert_true(answer_read(both_ways[i].words, strlen(both_ways[i].words), &answer));
        assert_int_equal(answer, both_ways[i].answer);
        assert_true(answer_valid(answer));
        answer_write(words, answer);
        assert_string_equal(words, both_ways[i].words);
    }
}

static void other_names(void **state)
{
    (void)state;
    uint32_t answer = 0;
    assert_true(answer_read("errno 1", 7, &answer));
    assert_int_equal(answer, SECCOMP_RET_ERRNO | EPERM);
    assert_true(answer_read("errno ENOTSUP", 13, &answer));
    assert_int_equal(answer, SECCOMP_RET_ERRNO | EOPNOTSUPP);
    /* Not one byte more than it is told. */
    assert_true(answer_read("allowed", 5, &answer));
    assert_int_equal(answer, SECCOMP_RET_ALLOW);
}

static void no_answers(void **state)
{
    static const char *const wrong[] = {
        "",        "Allow",      "allow ",     " allow",     "permit",      "errno",       "errno ",     "errno  EPERM",
        "errno 0", "errno 4096", "errno -1",   "errno 0x1",  "errno 01",    "errno eperm", "errno EP",   "errno EPERMX",
        "notify",  "errno 1 ",   "errno 1\n",  "kill thread", "ended by signal 9",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint32_t answer;
        if (answer_read(wrong[i], strlen(wrong[i]), &answer)) {
            fail_msg("'%s' is read as %x", wrong[i], answer);
        }
    }
    assert_false(answer_valid(ANSWER_NOT_ASKED));
    assert_false(answer_valid(ANSWER_EXECUTED));
    assert_false(answer_valid(ANSWER_DIED | 9));
    assert_false(answer_valid(SECCOMP_RET_USER_NOTIF));
    assert_false(answer_valid(SECCOMP_RET_ERRNO));
    assert_false(answer_valid(SECCOMP_RET_ERRNO | 4096));
    assert_false(answer_valid(SECCOMP_RET_ALLOW | 1));
}

static void what_is_no_action(void **state)
{
    (void)state;
    char words[ANSWER_WORDS_MAX];
    answer_write(words, ANSWER_DIED | 9);
    assert_string_equal(words, "ended by signal 9");
    answer_write(words, ANSWER_EXECUTED);
    assert_non_null(strstr(words, "executed"));
    answer_write(words, SECCOMP_RET_USER_NOTIF);
    assert_string_equal(words, "action 0x7fc00000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_as_read),
        cmocka_unit_test(other_names),
        cmocka_unit_test(no_answers),
        cmocka_unit_test(what_is_no_action),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
