/* Sockets, other processes, ids, namespaces, and the interfaces of the kernel that have
 * had the most holes. */
#include "attempts.h"

#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

/* ---- sockets ---------------------------------------------------------------------------------- */

int socket_unix(void)
{
    return result(socket(AF_UNIX, SOCK_STREAM, 0));
}

int socket_inet(void)
{
    return result(socket(AF_INET, SOCK_STREAM, 0));
}

int socket_inet6(void)
{
    return result(socket(AF_INET6, SOCK_DGRAM, 0));
}

int socket_netlink(void)
{
    return result(socket(AF_NETLINK, SOCK_RAW, 0));
}

int socket_packet(void)
{
    return result(socket(AF_PACKET, SOCK_RAW, 0));
}

/* Of a pair of datagram sockets each may send to anybody whose name is known. */
int socket_datagram(void)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    int ends[2];
    memcpy(name.sun_path, attempts_name, sizeof attempts_name);
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return errno;
    }
    struct iovec word = { (char[]){ "stolen" }, 6 };
    const struct msghdr message = {
        .msg_name = &name, .msg_namelen = sizeof(sa_family_t) + sizeof attempts_name, .msg_iov = &word, .msg_iovlen = 1,
    };
    return result(sendmsg(ends[0], &message, MSG_NOSIGNAL));
}

/* ---- others -------------------------------------------------------------------------------------- */

int signal_kill(void)
{
    return result(kill(targets.monitor, 0));
}

int signal_all(void)
{
    return result(kill(-1, 0));
}

int signal_thread(void)
{
    return call(SYS_tgkill, targets.monitor, targets.monitor, 0, 0);
}

int signal_pidfd(void)
{
    long fd = syscall(SYS_pidfd_open, targets.monitor, 0);
    return fd < 0 ? errno : call(SYS_pidfd_send_signal, fd, 0, 0, 0);
}

int signal_queue(void)
{
    siginfo_t info = { .si_code = SI_QUEUE };
    return call(SYS_rt_sigqueueinfo, targets.monitor, 0, (long)&info, 0);
}

int trace_attach(void)
{
    return result(ptrace(PTRACE_SEIZE, targets.monitor, NULL, NULL));
}

int trace_me(void)
{
    return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

int trace_read(void)
{
    char byte;
    struct iovec here = { &byte, 1 }, there = { (void *)(uintptr_t)attempts_name, 1 }; /* an address like theirs */
    long got = syscall(SYS_process_vm_readv, targets.monitor, &here, 1, &there, 1, 0);
    return got < 0 && errno == EFAULT ? 0 : result(got);
}

int trace_descriptor(void)
{
    long fd = syscall(SYS_pidfd_open, targets.monitor, 0);
    return fd < 0 ? errno : result(syscall(SYS_pidfd_getfd, fd, 3, 0));
}

/* ---- processes -------------------------------------------------------------------------------------- */

/* The copy ends, or there would be two that go on. */
static int clone_with(unsigned long flags)
{
    long pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
    if (pid == 0) {
        (void)syscall(SYS_exit_group, 0);
    }
    return result(pid);
}

int process_fork(void)
{
    return clone_with(SIGCHLD | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID);
}

int process_clone(void)
{
    return clone_with(SIGCHLD);
}

int process_clone3(void)
{
    struct clone_args how = { .exit_signal = SIGCHLD };
    long pid = syscall(SYS_clone3, &how, sizeof how);
    if (pid == 0) {
        (void)syscall(SYS_exit_group, 0);
    }
    return result(pid);
}

/* As many as it gets; they end with this process. */
int process_many(void)
{
    enum { MANY = 1000 };
    static uint32_t never;
    int error = 0;
    for (unsigned i = 0; error == 0 && i < MANY; i++) {
        long pid = syscall(SYS_clone, SIGCHLD | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID, 0, 0, 0, 0);
        error = result(pid);
        for (bool first = true; pid == 0; first = false) {
            /* One that was not scheduled before the parent's end has no death of it to wait for. */
            if (first && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || syscall(SYS_getppid) == 1)) {
                (void)syscall(SYS_exit_group, 0);
            }
            (void)syscall(SYS_futex, &never, 0 /* FUTEX_WAIT */, 0, NULL, NULL, 0);
        }
    }
    return error;
}

/* A parser's child that has given up what it is to give up (src/parser/main.c). */
int process_of_child(void)
{
    const struct rlimit none = { 0, 0 };
    int error = result(setrlimit(RLIMIT_NPROC, &none));
    return error != 0 ? error : process_fork();
}

/* More than a role has, less than the machine. */
int process_more(void)
{
    const struct rlimit most = { 1000, 1000 };
    return result(setrlimit(RLIMIT_NPROC, &most));
}

/* ---- ids ------------------------------------------------------------------------------------------------ */

int id_uid(void)
{
    return result(setresuid(0, 0, 0));
}

int id_gid(void)
{
    return result(setresgid(0, 0, 0));
}

int id_groups(void)
{
    const gid_t group = 0;
    return call(SYS_setgroups, 1, (long)&group, 0, 0);
}

int id_capabilities(void)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct sets[2] = { { 1u << CAP_DAC_READ_SEARCH, 1u << CAP_DAC_READ_SEARCH, 0 }, { 0, 0, 0 } };
    return call(SYS_capset, (long)&header, (long)sets, 0, 0);
}

int id_keepcaps(void)
{
    return result(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
}

int id_dumpable(void)
{
    return result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

int id_securebits(void)
{
    return result(prctl(PR_SET_SECUREBITS, 0, 0, 0, 0));
}

/* ---- namespaces and mounts --------------------------------------------------------------------------------- */

int space_user(void)
{
    return result(unshare(CLONE_NEWUSER));
}

int space_user_clone(void)
{
    return clone_with(CLONE_NEWUSER | SIGCHLD);
}

int space_mount(void)
{
    return result(unshare(CLONE_NEWNS));
}

int space_join(void)
{
    return call(SYS_setns, syscall(SYS_openat, AT_FDCWD, "/proc/self/ns/uts", O_RDONLY), 0, 0, 0);
}

int space_fsopen(void)
{
    return call(SYS_fsopen, (long)"tmpfs", 0, 0, 0);
}

int space_open_tree(void)
{
    return call(SYS_open_tree, AT_FDCWD, (long)"/", 1 /* OPEN_TREE_CLONE */, 0);
}

int space_chroot(void)
{
    return result(chroot("."));
}

/* ---- the kernel's wide interfaces ---------------------------------------------------------------------------- */

int kernel_io_uring(void)
{
    struct io_uring_params parameters = { 0 };
    return call(SYS_io_uring_setup, 1, (long)&parameters, 0, 0);
}

int kernel_bpf(void)
{
    const union bpf_attr map_of_one = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };
    return call(SYS_bpf, BPF_MAP_CREATE, (long)&map_of_one, sizeof map_of_one, 0);
}

int kernel_perf(void)
{
    const struct perf_event_attr clock = {
        .type = PERF_TYPE_SOFTWARE, .size = sizeof clock, .config = PERF_COUNT_SW_CPU_CLOCK,
    };
    return result(syscall(SYS_perf_event_open, &clock, 0, -1, -1, 0));
}

int kernel_keyctl(void)
{
    return call(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1, 0);
}

int kernel_add_key(void)
{
    return result(syscall(SYS_add_key, "user", "hijack", "x", 1, KEY_SPEC_PROCESS_KEYRING));
}

int kernel_userfaultfd(void)
{
    return call(SYS_userfaultfd, O_CLOEXEC, 0, 0, 0);
}

int kernel_inotify(void)
{
    return result(inotify_init1(0));
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

int memory_large(void)
{
    return mmap(NULL, 4ul << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED
        ? errno : 0;
}
