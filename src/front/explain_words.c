#include "front/explain_words.h"

#include <linux/fs.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

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
