#include "parser/policy_file.h"

#include <seccomp.h>
#include <sha256.h>
#include <string.h>

#include "base/plan_check.h"
#include "parser/policy.h"

/* What every compiled file of this program on this machine begins with, but for the digest's value. */
static void make_header(struct policy_file *file, const char *source, size_t n)
{
    const struct scmp_version *version = seccomp_version();
    SHA2_CTX context;

    memcpy(file->magic, POLICY_FILE_MAGIC, sizeof file->magic);
    file->version = POLICY_FILE_VERSION;
    file->arch = seccomp_arch_native();
    file->libseccomp[0] = version->major;
    file->libseccomp[1] = version->minor;
    file->libseccomp[2] = version->micro;
    SHA256Init(&context);
    SHA256Update(&context, (const uint8_t *)source, n);
    SHA256Final(file->source_sha256, &context);
}

bool policy_file_make(struct policy_file *file, const char *source, size_t n)
{
    memset(file, 0, sizeof *file);
    make_header(file, source, n);
    policy_compile(&file->plan, source, n, POLICY_FOR_HOOK);
    return file->plan.head.usable == 1;
}

bool policy_file_holds(const struct policy_file *file, const char *source, size_t n)
{
    static struct policy_file expected;

    make_header(&expected, source, n);
    return memcmp(file, &expected, offsetof(struct policy_file, plan)) == 0 && file->plan.head.usable == 1 &&
           plan_valid(DOC_POLICY, &file->plan);
}

bool policy_parse(struct policy_plan *plan, const char *source, size_t n, const void *compiled, size_t compiled_n)
{
    static struct policy_file file; /* 60 KiB, and its address is aligned */

    if (compiled != NULL && compiled_n == sizeof file) {
        memcpy(&file, compiled, sizeof file);
        if (policy_file_holds(&file, source, n)) {
            memcpy(plan, &file.plan, sizeof *plan);
            return true;
        }
    }
    policy_compile(plan, source, n, POLICY_FOR_HOOK);
    return false;
}
