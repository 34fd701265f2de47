/*
 * The loader of compiled policies.
 *
 * The first byte says how the rest is meant: even: the file itself; odd: changes to the file
 * that a small policy gives, in units of eight bytes: offset (32 bits), width (1 to 3 bytes of
 * what follows), three bytes.  What is taken must be a plan that holds, whatever its bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bpf.h"
#include "base/native.h"
#include "base/plan_check.h"
#include "fuzz.h"
#include "parser/policy_file.h"

enum { UNIT = 8, CALLS = 64 };

static const char source[] =
    "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"read\",\"execve\"],\"action\":\"SCMP_ACT_ALLOW\"}]}";

static struct policy_file good, file; /* large */

static void change(const uint8_t *at, size_t n)
{
    for (; n >= UNIT; at += UNIT, n -= UNIT) {
        size_t offset = (at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16) % sizeof(file), width = at[4] % 4;
        if (width <= sizeof(file) - offset) {
            memcpy((uint8_t *)&file + offset, at + 5, width);
        }
    }
}

/* Who wrote the file may write anything into its texts, but not beyond them. */
static void check_counts(const struct policy_plan *p)
{
    FUZZ_CHECK(plan_valid(DOC_POLICY, p) && p->head.usable == 1, "what is used is not valid");
    FUZZ_CHECK(p->filter_length >= 1 && p->filter_length <= POLICY_FILTER_MAX && p->paths_count <= POLICY_PATHS_MAX &&
                   p->rlimits_count <= POLICY_RLIMITS_MAX && p->groups_count <= PLAN_GROUPS_MAX &&
                   p->env_count <= PLAN_ENV_COUNT_MAX && p->env_length <= PLAN_ENV_MAX &&
                   p->paths_length <= POLICY_PATHS_TEXT_MAX && p->head.findings_count <= PLAN_FINDINGS_MAX,
               "a count beyond its bounds");
    FUZZ_CHECK(p->uid != UINT32_MAX && p->gid != UINT32_MAX, "a user that setresuid(2) takes as none");
    for (uint32_t i = 0; i < p->paths_count; i++) {
        FUZZ_CHECK(p->paths[i].offset < p->paths_length && p->paths_text[p->paths[i].offset] == '/', "a path elsewhere");
    }
}

/* The filter of what was taken ends for every call, and gives an action. */
static void check_filter(const struct policy_plan *plan)
{
    for (int i = 0; i < CALLS; i++) {
        const struct seccomp_data call = {.nr = i * 7, .arch = i % 8 == 7 ? 0x40000003u : NATIVE_ARCH,
                                          .args = {(uint64_t)i << 31, (uint64_t)i, UINT64_MAX, 0, 1, 2}};
        (void)bpf_run(plan->filter, plan->filter_length, &call);
    }
}

static void run(const char *bytes, size_t n)
{
    static struct policy_plan plan, fresh;
    const size_t length = sizeof(source) - 1;
    bool whole = n > 0 && bytes[0] % 2 == 0, used;

    if (!good.plan.filter_length) {
        FUZZ_CHECK(policy_file_make(&good, source, length), "the policy is refused");
    }
    if (whole && n - 1 != sizeof(file)) { /* of another size: never looked at */
        char *copy = fuzz_copy(bytes + 1, n - 1);
        fuzz_meter_start();
        used = fuzz_sometimes(bytes, n, 64) && policy_parse(&plan, source, length, copy, n - 1);
        fuzz_meter_stop();
        FUZZ_CHECK(!used, "a file of %zu bytes is used", n - 1);
        free(copy);
        return;
    }
    if (whole) {
        memcpy(&file, bytes + 1, sizeof(file));
    } else {
        memcpy(&file, &good, sizeof(file));
        change((const uint8_t *)bytes + 1, n > 0 ? n - 1 : 0);
    }
    fuzz_meter_start();
    used = policy_file_holds(&file, source, length);
    fuzz_meter_stop();
    if (used) {
        FUZZ_CHECK(policy_parse(&fresh, source, length, &file, sizeof(file)), "held, and is not used");
        FUZZ_CHECK(memcmp(&fresh, &file.plan, sizeof(fresh)) == 0, "what is used is not what was in the file");
        FUZZ_CHECK(memcmp(file.magic, POLICY_FILE_MAGIC, sizeof(file.magic)) == 0 && file.version == POLICY_FILE_VERSION,
                   "another version is used");
        check_counts(&file.plan);
        check_filter(&file.plan);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run_slow(run, data, size, 40); /* what is not used is compiled, by libseccomp */
}
