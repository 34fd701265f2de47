#include "parser/policy_file.h"

#include <seccomp.h>
#include <sha256.h>
#include <string.h>

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
