#include "front/explain_words.h"

#include <linux/fs.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* By number of linux/capability.h, after capability(7). */
static const char *const capabilities[] = {
    "change the owner of any file",
    "read, write and execute files whatever their mode says",
    "read files and search directories whatever their mode says",
    "do to any file what only its owner may",
    "keep set-id bits of files it changes",
    "signal processes of other users",
    "change to other groups",
    "change to other users",
    "take and give capabilities",
    "change immutable and append-only flags",
    "listen on ports below 1024",
    "send broadcasts and listen to multicast",
    "administer the network",
    "use raw and packet sockets",
    "lock memory",
    "use other users' IPC objects",
    "load and unload kernel modules",
    "use I/O ports and raw devices",
    "change its root directory",
    "trace and inspect other processes",
    "write process accounting",
    "administer the system (mounts, namespaces and much more)",
    "reboot",
    "change priorities of other processes",
    "exceed resource limits and quotas",
    "set the clock",
    "configure terminals",
    "make device files",
    "lease files of other users",
    "write audit records",
    "change the audit configuration",
    "give files capabilities",
    "override mandatory access control",
    "change mandatory access control",
    "read and configure the kernel's log",
    "wake the system up",
    "keep the system from sleeping",
    "read the audit log",
    "use performance counters",
    "use privileged BPF",
    "checkpoint and restore processes",
};

static const char *const rlimits[] = {
    [RLIMIT_CPU] = "seconds of CPU time",
    [RLIMIT_FSIZE] = "bytes of a file it writes",
    [RLIMIT_DATA] = "bytes of data",
    [RLIMIT_STACK] = "bytes of stack",
    [RLIMIT_CORE] = "bytes of core dump",
    [RLIMIT_RSS] = "bytes of resident memory",
    [RLIMIT_NPROC] = "processes of its user",
    [RLIMIT_NOFILE] = "open files",
    [RLIMIT_MEMLOCK] = "bytes of locked memory",
    [RLIMIT_AS] = "bytes of address space",
    [RLIMIT_LOCKS] = "file locks",
    [RLIMIT_SIGPENDING] = "pending signals",
    [RLIMIT_MSGQUEUE] = "bytes of message queues",
    [RLIMIT_NICE] = "as its ceiling of niceness",
    [RLIMIT_RTPRIO] = "as its ceiling of real-time priority",
    [RLIMIT_RTTIME] = "microseconds of real-time CPU",
};

const struct explain_probe explain_probes[EXPLAIN_PROBES] = {
    { "connect over IPv4", "socket", { AF_INET, SOCK_STREAM }, 1 },
    { "connect over IPv6", "socket", { AF_INET6, SOCK_STREAM }, 1 },
    { "use sockets of this machine (AF_UNIX)", "socket", { AF_UNIX, SOCK_STREAM }, 1 },
    { "ask the kernel about the network (netlink)", "socket", { AF_NETLINK, SOCK_RAW }, 1 },
    { "read raw packets", "socket", { AF_PACKET, SOCK_RAW }, 1 },
    { "start other programs", "execve", { 0 }, 0 },
    { "signal other processes", "kill", { 0 }, 0 },
    { "change owners of files", "fchownat", { 0 }, 0 },
    { "make device files", "mknodat", { 0, 0, 0020600, 0x101 }, 0 },
    { "mount file systems", "mount", { 0 }, 0 },
    { "unmount file systems", "umount2", { 0 }, 0 },
    { "freeze a file system (FIFREEZE)", "ioctl", { 0, FIFREEZE }, 0 },
    { "thaw a file system (FITHAW)", "ioctl", { 0, FITHAW }, 0 },
    { "type into a terminal (TIOCSTI)", "ioctl", { 0, TIOCSTI }, 0 },
    { "trace other processes", "ptrace", { PTRACE_ATTACH, 1 }, 0 },
    { "read the memory of other processes", "process_vm_readv", { 1 }, 0 },
    { "take descriptors of other processes", "pidfd_getfd", { 0 }, 0 },
    { "make user namespaces", "unshare", { CLONE_NEWUSER }, 0 },
    { "enter other namespaces", "setns", { 0 }, 0 },
    { "open files by handle", "open_by_handle_at", { 0 }, 0 },
    { "use io_uring", "io_uring_setup", { 0 }, 0 },
    { "load BPF programs", "bpf", { 0 }, 0 },
    { "use performance counters", "perf_event_open", { 0 }, 0 },
    { "load kernel modules", "finit_module", { 0 }, 0 },
    { "load another kernel", "kexec_load", { 0 }, 0 },
    { "reboot", "reboot", { 0 }, 0 },
    { "set the clock", "clock_settime", { 0 }, 0 },
};

const char *explain_capability(unsigned number)
{
    return number < sizeof capabilities / sizeof *capabilities ? capabilities[number] : NULL;
}

const char *explain_rlimit(uint32_t resource)
{
    return resource < sizeof rlimits / sizeof *rlimits ? rlimits[resource] : NULL;
}
