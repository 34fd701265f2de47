/*
 * The roles' own filters, as they are compiled into the programs: what each is
 * for passes, what a process that was taken over would want is killed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/bpf.h"
#include "base/drop.h"
#include "base/syscall_names.h"

static const struct sock_filter monitor[] = {
#include "filter_monitor.inc"
};
static const struct sock_filter guardian[] = {
#include "filter_guardian.inc"
};
static const struct sock_filter parser[] = {
#include "filter_parser.inc"
};
static const struct sock_filter supervisor[] = {
#include "filter_supervisor.inc"
};
static const struct sock_filter launcher[] = {
#include "filter_launcher.inc"
};

#define FILTER(f) { f, sizeof f / sizeof f[0] }
static const struct {
    const struct sock_filter *program;
    unsigned length;
} filters[ROLES] = {
    [ROLE_MONITOR] = FILTER(monitor),       [ROLE_GUARDIAN] = FILTER(guardian), [ROLE_PARSER] = FILTER(parser),
    [ROLE_SUPERVISOR] = FILTER(supervisor), [ROLE_LAUNCHER] = FILTER(launcher),
};

#if defined(__x86_64__)
static const uint32_t native = AUDIT_ARCH_X86_64, foreign = AUDIT_ARCH_I386;
#else
static const uint32_t native = AUDIT_ARCH_AARCH64, foreign = AUDIT_ARCH_ARM;
#endif

enum { M = 1 << ROLE_MONITOR, G = 1 << ROLE_GUARDIAN, P = 1 << ROLE_PARSER, S = 1 << ROLE_SUPERVISOR, L = 1 << ROLE_LAUNCHER };
enum { FREEZE = (int)0xc0045877, THAW = (int)0xc0045878, LOOP_STATUS = 0x4c05, NOTIF_RECV = (int)0xc0502100 };
#define HIGH 0x100000000ull

/* allowed: the roles for which it passes; it is killed for all others but the launcher,
 * whose filter every hook inherits and which therefore names what is refused. */
static const struct {
    const char *call;
    uint64_t args[3];
    unsigned allowed;
} table[] = {
    { "ioctl", { 9, (uint32_t)FREEZE }, M },
    { "ioctl", { 9, HIGH | (uint32_t)FREEZE }, M }, /* the kernel looks at 32 bits, so must the filter */
    { "ioctl", { 9, (uint32_t)THAW }, M | G },
    { "ioctl", { 9, (uint32_t)NOTIF_RECV }, L },
    { "ioctl", { 9, LOOP_STATUS }, L },
    { "ioctl", { 9, 0x5412 }, L }, /* TIOCSTI */
    { "openat", { 8, 0, O_RDONLY | O_NOFOLLOW | O_CLOEXEC }, M | L },
    { "openat", { 8, 0, O_PATH | O_NOFOLLOW | O_CLOEXEC }, M | L },
    { "openat", { 8, 0, O_WRONLY }, L },
    { "openat", { 8, 0, O_RDWR }, L },
    { "openat", { 8, 0, O_RDONLY | O_CREAT }, L },
    { "openat", { 8, 0, O_RDONLY | O_TRUNC }, L },
    { "openat2", { 8 }, L },
    { "open_by_handle_at", { 8 }, L },
    { "execve", { 0 }, L },
    { "execveat", { 0 }, L },
    { "clone", { SIGCHLD }, L },
    { "clone3", { 0 }, L },
    { "clone", { CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD }, M | L },
    { "clone", { CLONE_NEWUSER | SIGCHLD }, L },
    { "socket", { AF_UNIX }, L },
    { "socket", { AF_INET }, L },
    { "socketpair", { AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC }, M | L },
    { "socketpair", { AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK }, M | P | L },
    { "socketpair", { AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK }, M | L }, /* sends to anybody */
    { "socketpair", { AF_INET }, L },
    { "kill", { 1 }, L },
    { "tkill", { 1 }, L },
    { "pidfd_send_signal", { 1 }, L },
    { "pidfd_getfd", { 1 }, L },
    { "ptrace", { 16 }, L },
    { "process_vm_readv", { 1 }, L },
    { "mount", { 0 }, L },
    { "move_mount", { 0 }, L },
    { "setns", { 0 }, L },
    { "unshare", { CLONE_NEWNS }, L },
    { "chroot", { 0 }, L },
    { "setresuid", { 0 }, L },
    { "capset", { 0 }, L },
    { "bpf", { 0 }, L },
    { "io_uring_setup", { 0 }, L },
    { "mmap", { 0, 4096, PROT_READ | PROT_WRITE }, P | S | L },
    { "mmap", { 0, 4096, PROT_READ | PROT_EXEC }, L },
    { "mprotect", { 0, 4096, PROT_EXEC }, L },
    { "fcntl", { 7, F_SETFL, O_NONBLOCK }, L }, /* takes O_APPEND off the journal */
    { "fcntl", { 7, F_SETFL, 0 }, L },
    { "fcntl", { 7, F_SETFL, O_NONBLOCK | O_APPEND }, S | L },
    { "ftruncate", { 7 }, L },
    { "syncfs", { 9 }, M | L },
    { "recvmsg", { 3 }, M | G | P | S | L },
    { "sendmsg", { 3 }, M | G | P | S | L },
    { "exit_group", { 0 }, M | G | P | S | L },
    { "init_module", { 0 }, 0 },
    { "finit_module", { 0 }, 0 },
    { "kexec_load", { 0 }, 0 },
    { "reboot", { 0 }, 0 },
};

static uint32_t verdict(unsigned role, const struct seccomp_data *data)
{
    return bpf_run(filters[role].program, filters[role].length, data) & SECCOMP_RET_ACTION_FULL;
}

static void each_call(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        int number = syscall_number(table[i].call);
        assert_true(number >= 0);
        struct seccomp_data data = { .nr = number, .arch = native };
        for (unsigned a = 0; a < 3; a++) {
            data.args[a] = table[i].args[a];
        }
        for (unsigned role = 0; role < ROLES; role++) {
            uint32_t expected = (table[i].allowed >> role & 1) != 0 ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS;
            if (verdict(role, &data) != expected) {
                fail_msg("row %u, %s, role %u: %x", i, table[i].call, role, verdict(role, &data));
            }
        }
    }
}

static void foreign_calls(void **state)
{
    (void)state;
    for (unsigned role = 0; role < ROLES; role++) {
        struct seccomp_data data = { .nr = syscall_number("exit_group"), .arch = foreign };
        assert_int_equal(verdict(role, &data), SECCOMP_RET_KILL_PROCESS);
#if defined(__x86_64__)
        data.arch = native;
        data.nr |= 0x40000000; /* x32 */
        assert_int_equal(verdict(role, &data), SECCOMP_RET_KILL_PROCESS);
#endif
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_call), cmocka_unit_test(foreign_calls) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
