/*
 * neighbour LABEL UID CAPABILITIES PID DESCRIPTOR
 *
 * A process of the same uid and with the same capabilities (a hexadecimal mask) as
 * the process PID, in no sandbox: as near as an attacker can get without having
 * that process already.  Tries to be its debugger, to read its memory, to take that
 * descriptor of it.  Each attack is "LABEL-NAME".
 */
#include "table.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static pid_t target;
static int descriptor;

static int set_capabilities(uint64_t mask)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    const struct __user_cap_data_struct data[2] = {
        { (uint32_t)mask, (uint32_t)mask, 0 },
        { (uint32_t)(mask >> 32), (uint32_t)(mask >> 32), 0 },
    };
    return (int)syscall(SYS_capset, &header, data);
}

static int become(uid_t uid, uint64_t capabilities)
{
    return prctl(PR_SET_KEEPCAPS, 1) != 0 || setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 ||
        setresuid(uid, uid, uid) != 0 || set_capabilities(capabilities) != 0 ? -1 : 0;
}

static long trace(void)
{
    return ptrace(PTRACE_SEIZE, target, NULL, NULL); /* let go by our end */
}

static long memory(void)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/mem", (int)target);
    return open(path, O_RDWR);
}

static long remote_read(void)
{
    char byte;
    struct iovec here = { &byte, 1 }, there = { (void *)16, 1 }; /* never mapped: EFAULT */
    return process_vm_readv(target, &here, 1, &there, 1, 0);
}

static long remote_write(void)
{
    char byte = 0;
    struct iovec here = { &byte, 1 }, there = { (void *)16, 1 };
    return process_vm_writev(target, &here, 1, &there, 1, 0);
}

static long take(void)
{
    int pidfd = (int)syscall(SYS_pidfd_open, target, 0);
    return syscall(SYS_pidfd_getfd, pidfd, descriptor, 0);
}

static void descriptor_path(char path[64])
{
    (void)snprintf(path, 64, "/proc/%d/fd/%d", (int)target, descriptor);
}

static long look(void)
{
    char path[64], what[64];
    descriptor_path(path);
    return readlink(path, what, sizeof what);
}

static long reopen(void)
{
    char path[64];
    descriptor_path(path);
    return open(path, O_PATH);
}

static const struct attack attacks[] = {
    { "trace", trace, 0 },
    { "memory", memory, 0 },
    { "read", remote_read, EFAULT },
    { "write", remote_write, EFAULT },
    { "take", take, 0 },
    { "look", look, 0 },
    { "reopen", reopen, 0 },
};

int main(int argc, char **argv)
{
    char prefix[64];
    if (argc != 6) {
        return 2;
    }
    target = atoi(argv[4]);
    descriptor = atoi(argv[5]);
    if (become((uid_t)strtoul(argv[2], NULL, 10), strtoull(argv[3], NULL, 16)) != 0) {
        perror("neighbour");
        return 2;
    }
    (void)snprintf(prefix, sizeof prefix, "%s-", argv[1]);
    attack_all(prefix, attacks, sizeof attacks / sizeof attacks[0]);
    return 0;
}
