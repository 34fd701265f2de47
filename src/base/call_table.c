#include "base/call_table.h"

#include <asm/unistd.h>
#include <stddef.h>

enum { SOCKADDR_MAX = 128, CLONE_ARGS_FLAGS = 8, OPEN_HOW_FLAGS = 8 };

struct call_row {
    uint16_t number;
    uint8_t kinds[CALL_ARGUMENTS];
};

#define ROW(name, ...) { __NR_##name, { __VA_ARGS__ } }
#define PATH ARG_STRING

/* As the system call tables of the manual pages, section 2, have them. */
static const struct call_row rows[] = {
    /* files, by path */
    ROW(openat, ARG_DIRECTORY, PATH, ARG_OPEN, ARG_MODE), ROW(openat2, ARG_DIRECTORY, PATH, ARG_OPEN_HOW),
    ROW(execve, PATH), ROW(execveat, ARG_DIRECTORY, PATH), ROW(mkdirat, ARG_DIRECTORY, PATH, ARG_MODE),
    ROW(mknodat, ARG_DIRECTORY, PATH, ARG_MODE, ARG_HEX), ROW(fchownat, ARG_DIRECTORY, PATH, ARG_INT, ARG_INT),
    ROW(fchmodat, ARG_DIRECTORY, PATH, ARG_MODE), ROW(faccessat, ARG_DIRECTORY, PATH, ARG_INT),
    ROW(faccessat2, ARG_DIRECTORY, PATH, ARG_INT, ARG_HEX), ROW(unlinkat, ARG_DIRECTORY, PATH, ARG_HEX),
    ROW(renameat2, ARG_DIRECTORY, PATH, ARG_DIRECTORY, PATH, ARG_HEX), ROW(linkat, ARG_DIRECTORY, PATH, ARG_DIRECTORY, PATH),
    ROW(symlinkat, PATH, ARG_DIRECTORY, PATH), ROW(readlinkat, ARG_DIRECTORY, PATH), ROW(utimensat, ARG_DIRECTORY, PATH),
    ROW(newfstatat, ARG_DIRECTORY, PATH), ROW(statx, ARG_DIRECTORY, PATH), ROW(statfs, PATH), ROW(truncate, PATH, ARG_UNSIGNED),
    ROW(chdir, PATH), ROW(chroot, PATH), ROW(acct, PATH), ROW(inotify_add_watch, ARG_SKIP, PATH, ARG_HEX),
    ROW(setxattr, PATH, ARG_STRING), ROW(lsetxattr, PATH, ARG_STRING), ROW(fsetxattr, ARG_SKIP, ARG_STRING),
    ROW(getxattr, PATH, ARG_STRING), ROW(lgetxattr, PATH, ARG_STRING), ROW(fgetxattr, ARG_SKIP, ARG_STRING),
    ROW(removexattr, PATH, ARG_STRING), ROW(lremovexattr, PATH, ARG_STRING), ROW(fremovexattr, ARG_SKIP, ARG_STRING),
    ROW(listxattr, PATH), ROW(llistxattr, PATH), ROW(name_to_handle_at, ARG_DIRECTORY, PATH),
    ROW(open_by_handle_at, ARG_SKIP, ARG_SKIP, ARG_OPEN), ROW(memfd_create, ARG_STRING, ARG_HEX),
    ROW(mq_open, ARG_STRING, ARG_OPEN, ARG_MODE), ROW(mq_unlink, ARG_STRING), ROW(fchmod, ARG_SKIP, ARG_MODE),
    ROW(fchown, ARG_SKIP, ARG_INT, ARG_INT), ROW(fcntl, ARG_SKIP, ARG_FCNTL, ARG_HEX), ROW(ioctl, ARG_SKIP, ARG_IOCTL),
    ROW(fanotify_init, ARG_HEX, ARG_HEX), ROW(fanotify_mark, ARG_SKIP, ARG_HEX, ARG_HEX, ARG_DIRECTORY, PATH),
    ROW(ftruncate, ARG_SKIP, ARG_UNSIGNED), ROW(flock, ARG_SKIP, ARG_INT), ROW(fsync, ARG_END), ROW(sync, ARG_END),
    /* mounts */
    ROW(mount, ARG_STRING, PATH, ARG_STRING, ARG_MOUNT), ROW(umount2, PATH, ARG_UMOUNT), ROW(pivot_root, PATH, PATH),
    ROW(swapon, PATH, ARG_HEX), ROW(swapoff, PATH), ROW(open_tree, ARG_DIRECTORY, PATH, ARG_HEX),
    ROW(move_mount, ARG_DIRECTORY, PATH, ARG_DIRECTORY, PATH, ARG_HEX), ROW(fsopen, ARG_STRING, ARG_HEX),
    ROW(fsconfig, ARG_SKIP, ARG_INT, ARG_STRING), ROW(fsmount, ARG_SKIP, ARG_HEX, ARG_HEX), ROW(fspick, ARG_DIRECTORY, PATH),
    ROW(mount_setattr, ARG_DIRECTORY, PATH, ARG_HEX), ROW(quotactl, ARG_HEX, PATH, ARG_INT),
    /* sockets */
    ROW(socket, ARG_FAMILY, ARG_SOCKET_TYPE, ARG_INT), ROW(socketpair, ARG_FAMILY, ARG_SOCKET_TYPE, ARG_INT),
    ROW(bind, ARG_SKIP, ARG_ADDRESS), ROW(connect, ARG_SKIP, ARG_ADDRESS),
    ROW(sendto, ARG_SKIP, ARG_SKIP, ARG_SKIP, ARG_SKIP, ARG_ADDRESS), ROW(listen, ARG_SKIP, ARG_INT),
    ROW(setsockopt, ARG_SKIP, ARG_SOCKET_LEVEL, ARG_INT), ROW(getsockopt, ARG_SKIP, ARG_SOCKET_LEVEL, ARG_INT),
    ROW(shutdown, ARG_SKIP, ARG_INT), ROW(accept, ARG_END), ROW(accept4, ARG_END), ROW(getsockname, ARG_END),
    ROW(getpeername, ARG_END), ROW(recvfrom, ARG_END), ROW(sendmsg, ARG_END), ROW(recvmsg, ARG_END),
    /* processes and their rights */
    ROW(clone, ARG_CLONE), ROW(clone3, ARG_CLONE3), ROW(unshare, ARG_NAMESPACE), ROW(setns, ARG_SKIP, ARG_NAMESPACE),
    ROW(kill, ARG_INT, ARG_SIGNAL), ROW(tkill, ARG_INT, ARG_SIGNAL), ROW(tgkill, ARG_INT, ARG_INT, ARG_SIGNAL),
    ROW(rt_sigqueueinfo, ARG_INT, ARG_SIGNAL), ROW(pidfd_send_signal, ARG_SKIP, ARG_SIGNAL), ROW(pidfd_open, ARG_INT, ARG_HEX),
    ROW(pidfd_getfd, ARG_SKIP, ARG_INT), ROW(ptrace, ARG_PTRACE, ARG_INT), ROW(process_vm_readv, ARG_INT),
    ROW(process_vm_writev, ARG_INT), ROW(kcmp, ARG_INT, ARG_INT, ARG_INT), ROW(prctl, ARG_PRCTL, ARG_HEX),
    ROW(personality, ARG_PERSONALITY), ROW(setuid, ARG_INT), ROW(setgid, ARG_INT), ROW(setreuid, ARG_INT, ARG_INT),
    ROW(setregid, ARG_INT, ARG_INT), ROW(setresuid, ARG_INT, ARG_INT, ARG_INT), ROW(setresgid, ARG_INT, ARG_INT, ARG_INT),
    ROW(setfsuid, ARG_INT), ROW(setfsgid, ARG_INT), ROW(setgroups, ARG_INT), ROW(setsid, ARG_END),
    ROW(setpgid, ARG_INT, ARG_INT), ROW(getpriority, ARG_INT, ARG_INT), ROW(setpriority, ARG_INT, ARG_INT, ARG_INT),
    ROW(sched_setscheduler, ARG_INT, ARG_SCHEDULER), ROW(sched_setparam, ARG_INT), ROW(sched_setattr, ARG_INT),
    ROW(sched_setaffinity, ARG_INT), ROW(ioprio_set, ARG_INT, ARG_INT, ARG_HEX), ROW(prlimit64, ARG_INT, ARG_RLIMIT),
    ROW(setrlimit, ARG_RLIMIT), ROW(getrlimit, ARG_RLIMIT), ROW(seccomp, ARG_SECCOMP, ARG_HEX), ROW(migrate_pages, ARG_INT),
    ROW(move_pages, ARG_INT), ROW(mbind, ARG_END), ROW(set_mempolicy, ARG_INT), ROW(get_mempolicy, ARG_END),
    /* memory */
    ROW(mmap, ARG_SKIP, ARG_SKIP, ARG_PROTECTION, ARG_MAP), ROW(mprotect, ARG_SKIP, ARG_SKIP, ARG_PROTECTION),
    ROW(pkey_mprotect, ARG_SKIP, ARG_SKIP, ARG_PROTECTION), ROW(userfaultfd, ARG_HEX), ROW(mlock, ARG_END),
    ROW(mlockall, ARG_HEX), ROW(shmget, ARG_HEX, ARG_UNSIGNED, ARG_IPC), ROW(msgget, ARG_HEX, ARG_IPC),
    ROW(semget, ARG_HEX, ARG_INT, ARG_IPC), ROW(shmat, ARG_INT), ROW(shmctl, ARG_INT, ARG_INT),
    /* the machine */
    ROW(reboot, ARG_SKIP, ARG_SKIP, ARG_REBOOT), ROW(clock_settime, ARG_CLOCK), ROW(clock_adjtime, ARG_CLOCK),
    ROW(settimeofday, ARG_END), ROW(adjtimex, ARG_END), ROW(syslog, ARG_INT), ROW(vhangup, ARG_END),
    ROW(sethostname, ARG_END), ROW(setdomainname, ARG_END), ROW(init_module, ARG_END), ROW(finit_module, ARG_SKIP, ARG_STRING),
    ROW(delete_module, ARG_STRING, ARG_HEX), ROW(kexec_load, ARG_END), ROW(kexec_file_load, ARG_END), ROW(bpf, ARG_BPF),
    ROW(perf_event_open, ARG_SKIP, ARG_INT, ARG_INT), ROW(add_key, ARG_STRING, ARG_STRING),
    ROW(request_key, ARG_STRING, ARG_STRING), ROW(keyctl, ARG_KEYCTL, ARG_HEX), ROW(io_uring_setup, ARG_UNSIGNED),
    ROW(io_uring_enter, ARG_END), ROW(io_uring_register, ARG_END),
#ifdef __x86_64__
    ROW(open, PATH, ARG_OPEN, ARG_MODE), ROW(creat, PATH, ARG_MODE), ROW(stat, PATH), ROW(lstat, PATH),
    ROW(access, PATH, ARG_INT), ROW(rename, PATH, PATH), ROW(mkdir, PATH, ARG_MODE), ROW(rmdir, PATH), ROW(link, PATH, PATH),
    ROW(unlink, PATH), ROW(symlink, PATH, PATH), ROW(readlink, PATH), ROW(chmod, PATH, ARG_MODE),
    ROW(chown, PATH, ARG_INT, ARG_INT), ROW(lchown, PATH, ARG_INT, ARG_INT), ROW(utime, PATH), ROW(utimes, PATH),
    ROW(futimesat, ARG_DIRECTORY, PATH), ROW(mknod, PATH, ARG_MODE, ARG_HEX), ROW(uselib, PATH), ROW(fork, ARG_END),
    ROW(vfork, ARG_END), ROW(iopl, ARG_INT), ROW(ioperm, ARG_HEX, ARG_HEX, ARG_INT), ROW(modify_ldt, ARG_INT),
    ROW(arch_prctl, ARG_ARCH_PRCTL), ROW(ustat, ARG_HEX), ROW(_sysctl, ARG_END), ROW(lookup_dcookie, ARG_END),
    ROW(renameat, ARG_DIRECTORY, PATH, ARG_DIRECTORY, PATH),
#endif
};

const uint8_t *call_arguments(uint32_t number)
{
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].number == number) {
            return rows[i].kinds;
        }
    }
    return NULL;
}

/* The bytes to read for an argument; 0: none. */
static uint64_t bytes_of(uint8_t kind, uint64_t next)
{
    return kind == ARG_STRING ? CALL_MEMORY_MAX
        : kind == ARG_ADDRESS ? (next < SOCKADDR_MAX ? next : SOCKADDR_MAX)
        : kind == ARG_CLONE3 ? CLONE_ARGS_FLAGS
        : kind == ARG_OPEN_HOW ? OPEN_HOW_FLAGS : 0;
}

unsigned call_wants(uint32_t number, const uint64_t args[CALL_ARGUMENTS], struct call_want wants[CALL_MEMORIES])
{
    const uint8_t *kinds = call_arguments(number);
    unsigned count = 0;
    for (uint8_t i = 0; kinds != NULL && i < CALL_ARGUMENTS && count < CALL_MEMORIES; i++) {
        uint64_t length = bytes_of(kinds[i], i + 1 < CALL_ARGUMENTS ? (uint32_t)args[i + 1] : 0);
        if (length > 0) {
            wants[count++] = (struct call_want){ i, kinds[i] == ARG_STRING, (uint16_t)length };
        }
    }
    return count;
}
