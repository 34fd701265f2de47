#include "base/argument_words.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/btrfs.h>
#include <linux/dm-ioctl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Names that are their own values. */
#define V(name) { #name, (uint32_t)(name) }

static const struct argument_value families[] = {
    V(AF_UNSPEC), V(AF_UNIX), V(AF_INET), V(AF_AX25), V(AF_IPX), V(AF_APPLETALK), V(AF_X25), V(AF_INET6), V(AF_KEY),
    V(AF_NETLINK), V(AF_PACKET), V(AF_RDS), V(AF_PPPOX), V(AF_LLC), V(AF_IB), V(AF_MPLS), V(AF_CAN), V(AF_TIPC),
    V(AF_BLUETOOTH), V(AF_IUCV), V(AF_RXRPC), V(AF_PHONET), V(AF_ALG), V(AF_NFC), V(AF_VSOCK), V(AF_KCM), V(AF_QIPCRTR),
    V(AF_SMC), V(AF_XDP),
};

static const struct argument_value requests[] = {
    { "TCGETS2", 0x802c542a }, /* of asm/termbits.h, which libc's headers contradict */
    V(TCGETS), V(TCSETS), V(TCSETSW), V(TCSETSF), V(TIOCSCTTY), V(TIOCNOTTY), V(TIOCGPGRP), V(TIOCSPGRP), V(TIOCSTI),
    V(TIOCGWINSZ), V(TIOCSWINSZ), V(TIOCLINUX), V(TIOCCONS), V(TIOCSETD), V(TIOCGPTN), V(TIOCSPTLCK), V(FIONREAD),
    V(FIONBIO), V(FIOCLEX), V(FIONCLEX), V(FIOASYNC), V(FIBMAP), V(FIGETBSZ), V(FIFREEZE), V(FITHAW), V(FITRIM),
    V(FICLONE), V(FICLONERANGE), V(FIDEDUPERANGE), V(FS_IOC_GETFLAGS), V(FS_IOC_SETFLAGS), V(FS_IOC_FSGETXATTR),
    V(FS_IOC_FSSETXATTR), V(FS_IOC_FIEMAP), V(BLKROSET), V(BLKROGET), V(BLKRRPART), V(BLKGETSIZE), V(BLKFLSBUF),
    V(BLKSSZGET), V(BLKGETSIZE64), V(BLKDISCARD), V(BLKZEROOUT), V(BLKPBSZGET), V(LOOP_SET_FD), V(LOOP_CLR_FD),
    V(LOOP_SET_STATUS64), V(LOOP_GET_STATUS64), V(LOOP_CTL_GET_FREE), V(LOOP_CONFIGURE),
    V(SECCOMP_IOCTL_NOTIF_RECV), V(SECCOMP_IOCTL_NOTIF_SEND), V(SECCOMP_IOCTL_NOTIF_ID_VALID),
    V(SECCOMP_IOCTL_NOTIF_ADDFD), V(SIOCGIFCONF), V(SIOCGIFFLAGS), V(SIOCGIFADDR), V(SIOCGIFINDEX), V(SIOCGIFNAME),
    V(BTRFS_IOC_SNAP_CREATE_V2), V(BTRFS_IOC_SUBVOL_CREATE), V(BTRFS_IOC_SNAP_DESTROY), V(BTRFS_IOC_SYNC),
    V(DM_VERSION), V(DM_DEV_SUSPEND), V(DM_TABLE_LOAD),
};

static const struct argument_value clone_flags[] = {
    V(CLONE_VM), V(CLONE_FS), V(CLONE_FILES), V(CLONE_SIGHAND), V(CLONE_PIDFD), V(CLONE_PTRACE), V(CLONE_VFORK),
    V(CLONE_PARENT), V(CLONE_THREAD), V(CLONE_NEWNS), V(CLONE_SYSVSEM), V(CLONE_SETTLS), V(CLONE_PARENT_SETTID),
    V(CLONE_CHILD_CLEARTID), V(CLONE_DETACHED), V(CLONE_UNTRACED), V(CLONE_CHILD_SETTID), V(CLONE_NEWCGROUP),
    V(CLONE_NEWUTS), V(CLONE_NEWIPC), V(CLONE_NEWUSER), V(CLONE_NEWPID), V(CLONE_NEWNET), V(CLONE_IO),
};

/* unshare(2) and setns(2) have one more, in the bits of clone's signal. */
static const struct argument_value namespace_flags[] = {
    { "CLONE_NEWTIME", 0x80 }, V(CLONE_FS), V(CLONE_FILES), V(CLONE_NEWNS), V(CLONE_SYSVSEM), V(CLONE_NEWCGROUP), V(CLONE_NEWUTS), V(CLONE_NEWIPC),
    V(CLONE_NEWUSER), V(CLONE_NEWPID), V(CLONE_NEWNET),
};

/* The kernel's O_LARGEFILE is none of libc's where that is 0. */
static const struct argument_value open_flags[] = {
    V(O_WRONLY), V(O_RDWR), V(O_CREAT), V(O_EXCL), V(O_NOCTTY), V(O_TRUNC), V(O_APPEND), V(O_NONBLOCK), V(O_DSYNC),
    V(O_DIRECT), V(O_DIRECTORY), V(O_NOFOLLOW), V(O_NOATIME), V(O_CLOEXEC), V(O_PATH),
};

static const struct argument_value protections[] = { V(PROT_READ), V(PROT_WRITE), V(PROT_EXEC) };

static const struct argument_value fcntl_commands[] = {
    V(F_DUPFD), V(F_GETFD), V(F_SETFD), V(F_GETFL), V(F_SETFL), V(F_GETLK), V(F_SETLK), V(F_SETLKW), V(F_SETOWN),
    V(F_GETOWN), V(F_SETSIG), V(F_GETSIG), V(F_SETOWN_EX), V(F_GETOWN_EX), V(F_OFD_GETLK), V(F_OFD_SETLK),
    V(F_OFD_SETLKW), V(F_SETLEASE), V(F_GETLEASE), V(F_NOTIFY), V(F_DUPFD_CLOEXEC), V(F_SETPIPE_SZ), V(F_GETPIPE_SZ),
    V(F_ADD_SEALS), V(F_GET_SEALS),
};

static const struct argument_value prctl_options[] = {
    V(PR_SET_PDEATHSIG), V(PR_GET_PDEATHSIG), V(PR_GET_DUMPABLE), V(PR_SET_DUMPABLE), V(PR_GET_KEEPCAPS),
    V(PR_SET_KEEPCAPS), V(PR_SET_NAME), V(PR_GET_NAME), V(PR_GET_SECCOMP), V(PR_SET_SECCOMP), V(PR_CAPBSET_READ),
    V(PR_CAPBSET_DROP), V(PR_GET_SECUREBITS), V(PR_SET_SECUREBITS), V(PR_SET_TIMERSLACK), V(PR_SET_MM),
    V(PR_SET_CHILD_SUBREAPER), V(PR_SET_NO_NEW_PRIVS), V(PR_GET_NO_NEW_PRIVS), V(PR_CAP_AMBIENT),
    { "PR_SET_PTRACER", 0x59616d61 }, { "PR_SET_VMA", 0x53564d41 },
};

static const struct argument_value ptrace_requests[] = {
    V(PTRACE_TRACEME), V(PTRACE_PEEKTEXT), V(PTRACE_PEEKDATA), V(PTRACE_POKETEXT), V(PTRACE_POKEDATA), V(PTRACE_CONT),
    V(PTRACE_ATTACH), V(PTRACE_DETACH), V(PTRACE_SEIZE), V(PTRACE_INTERRUPT),
};

static const struct argument_value limits[] = {
    V(RLIMIT_CPU), V(RLIMIT_FSIZE), V(RLIMIT_DATA), V(RLIMIT_STACK), V(RLIMIT_CORE), V(RLIMIT_RSS), V(RLIMIT_NPROC),
    V(RLIMIT_NOFILE), V(RLIMIT_MEMLOCK), V(RLIMIT_AS), V(RLIMIT_LOCKS), V(RLIMIT_SIGPENDING), V(RLIMIT_MSGQUEUE),
    V(RLIMIT_NICE), V(RLIMIT_RTPRIO), V(RLIMIT_RTTIME),
};

static const struct argument_value signals[] = {
    { "0", 0 }, V(SIGHUP), V(SIGINT), V(SIGQUIT), V(SIGKILL), V(SIGUSR1), V(SIGUSR2), V(SIGTERM), V(SIGCHLD), V(SIGCONT), V(SIGSTOP),
};

static const struct argument_value file_types[] = { V(S_IFIFO), V(S_IFCHR), V(S_IFBLK), V(S_IFREG), V(S_IFSOCK) };

#define OF(values) (values), sizeof(values) / sizeof(values)[0]
static const struct argument arguments[] = {
    { "socket", "domain", OF(families), 0, false },
    { "socket", "type", NULL, 0, 1, false },
    { "socket", "protocol", NULL, 0, 2, false },
    { "socketpair", "domain", OF(families), 0, false },
    { "ioctl", "fd", NULL, 0, 0, false },
    { "ioctl", "request", OF(requests), 1, false },
    { "clone", "flags", OF(clone_flags), 0, true },
    { "unshare", "flags", OF(namespace_flags), 0, true },
    { "setns", "fd", NULL, 0, 0, false },
    { "setns", "nstype", OF(namespace_flags), 1, true },
    { "open", "flags", OF(open_flags), 1, true },
    { "openat", "dirfd", NULL, 0, 0, false },
    { "openat", "flags", OF(open_flags), 2, true },
    { "mmap", "prot", OF(protections), 2, true },
    { "mprotect", "prot", OF(protections), 2, true },
    { "pkey_mprotect", "prot", OF(protections), 2, true },
    { "mknod", "mode", OF(file_types), 1, false },
    { "mknodat", "mode", OF(file_types), 2, false },
    { "fcntl", "fd", NULL, 0, 0, false },
    { "fcntl", "cmd", OF(fcntl_commands), 1, false },
    { "prctl", "option", OF(prctl_options), 0, false },
    { "ptrace", "request", OF(ptrace_requests), 0, false },
    { "ptrace", "pid", NULL, 0, 1, false },
    { "personality", "persona", NULL, 0, 0, false },
    { "kill", "pid", NULL, 0, 0, false },
    { "kill", "sig", OF(signals), 1, false },
    { "tkill", "sig", OF(signals), 1, false },
    { "tgkill", "tgid", NULL, 0, 0, false },
    { "tgkill", "sig", OF(signals), 2, false },
    { "prlimit64", "pid", NULL, 0, 0, false },
    { "prlimit64", "resource", OF(limits), 1, false },
    { "setrlimit", "resource", OF(limits), 0, false },
    { "read", "fd", NULL, 0, 0, false },
    { "write", "fd", NULL, 0, 0, false },
    { "writev", "fd", NULL, 0, 0, false },
    { "setuid", "uid", NULL, 0, 0, false },
    { "setgid", "gid", NULL, 0, 0, false },
    { "setreuid", "ruid", NULL, 0, 0, false },
    { "setreuid", "euid", NULL, 0, 1, false },
    { "setresuid", "ruid", NULL, 0, 0, false },
    { "setresuid", "euid", NULL, 0, 1, false },
    { "setresuid", "suid", NULL, 0, 2, false },
};

const struct argument *argument_find(const char *call, unsigned index)
{
    for (size_t i = 0; call != NULL && i < sizeof arguments / sizeof *arguments; i++) {
        if (arguments[i].index == index && strcmp(arguments[i].call, call) == 0) {
            return &arguments[i];
        }
    }
    return NULL;
}

static void say_number(char *text, size_t capacity, uint64_t value)
{
    snprintf(text, capacity, value < 100000 ? "%" PRIu64 : "0x%" PRIx64, value);
}

static const char *name_of(const struct argument *a, uint64_t value)
{
    for (size_t i = 0; i < a->count; i++) {
        if (a->values[i].value == value) {
            return a->values[i].name;
        }
    }
    return NULL;
}

static void say_flags(char *text, size_t capacity, const struct argument *a, uint64_t value)
{
    size_t used = 0;
    for (size_t i = 0; i < a->count && used < capacity; i++) {
        uint64_t bits = a->values[i].value;
        if ((value & bits) == bits) {
            used += (size_t)snprintf(text + used, capacity - used, "%s%s", used > 0 ? "|" : "", a->values[i].name);
            value &= ~bits;
        }
    }
    if ((value != 0 || used == 0) && used < capacity) {
        snprintf(text + used, capacity - used, value != 0 ? "%s0x%" PRIx64 : "%s%" PRIu64, used > 0 ? "|" : "", value);
    }
}

const char *argument_say(char *text, size_t capacity, const struct argument *argument, uint64_t value)
{
    const char *name = argument != NULL && argument->values != NULL ? name_of(argument, value) : NULL;
    if (name != NULL) {
        snprintf(text, capacity, "%s", name);
    } else if (argument != NULL && argument->values != NULL && argument->flags) {
        say_flags(text, capacity, argument, value);
    } else {
        say_number(text, capacity, value);
    }
    return text;
}
