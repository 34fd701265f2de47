/*
 * What the machine has, in words and as an object, of machines that lack this or that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "front/provision.h"

static struct report *report;

static int begin(void **state)
{
    (void)state;
    report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return report != MAP_FAILED ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return munmap(report, sizeof *report);
}

static char *printed(const struct provision *p)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    provision_print(out, p, report);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void all_and_nothing(void **state)
{
    (void)state;
    static const struct provision all = { .expedite = EXPEDITE_YES, .landlock_abi = 6, .lock_any = true },
                                  nothing = { .expedite = EXPEDITE_NOT_WRITABLE, .lock_bytes = 65536 };
    static const char *const lacks[] = { "rcu_expedited cannot be written", "none for scripts", "processes no, memory no, swap no",
                                         "runs are not recorded", "recover cannot help", "Landlock             the kernel has none",
                                         "up to 64 KiB of each process", "thawed               7 s after" };
    report->freeze_timeout_seconds = 7;
    char *text = printed(&nothing);
    for (size_t i = 0; i < sizeof lacks / sizeof *lacks; i++) {
        assert_non_null(strstr(text, lacks[i]));
    }
    free(text);
    report->has_cgroup = report->has_journal = report->has_record = 1;
    report->limits = (1u << LIMITS) - 1;
    report->no_freeze = NO_FREEZE_HOST;
    text = printed(&all);
    for (size_t i = 0; i < sizeof lacks / sizeof *lacks; i++) {
        assert_null(strstr(text, lacks[i]));
    }
    assert_non_null(strstr(text, "ABI 6: a script reaches no signal"));
    free(text);
}

static void members(void **state)
{
    (void)state;
    static const struct provision some = { .expedite = EXPEDITE_NOT_WANTED, .landlock_abi = 5, .lock_bytes = 4096 };
    cJSON *object = cJSON_CreateObject();
    report->limits = 1u << LIMIT_MEMORY;
    provision_json(object, &some, report);
    char *text = cJSON_PrintUnformatted(object);
    assert_string_equal(text, "{\"machine\":{\"limits\":{\"processes\":false,\"memory\":true,\"swap\":false},\"freezeTimeoutSeconds\":7,"
                              "\"expeditedRcu\":false,\"expeditedRcuReason\":\"notWanted\",\"cgroup\":true,\"journal\":true,"
                              "\"recoverable\":true,\"landlockAbi\":5,\"landlockScope\":false,\"memoryLockBytes\":4096}}");
    cJSON_free(text);
    cJSON_Delete(object);
}

static void looked_at(void **state)
{
    (void)state;
    struct provision p;
    report->has_expedite = 1;
    provision_look(&p, report, true);
    assert_int_equal(p.expedite, EXPEDITE_NOT_WANTED);
    provision_look(&p, report, false);
    assert_int_equal(p.expedite, EXPEDITE_YES);
    report->has_expedite = 0;
    provision_look(&p, report, false);
    assert_int_equal(p.expedite, EXPEDITE_NOT_WRITABLE);
    assert_true(p.lock_any || p.lock_bytes > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(all_and_nothing), cmocka_unit_test(members), cmocka_unit_test(looked_at) };
    return cmocka_run_group_tests(tests, begin, end);
}
