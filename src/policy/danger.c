#include "policy/danger.h"

#include <linux/capability.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Argument n: its low half, of which the kernel takes an int. */
#define ARG(n) (2 * (n))
#define IS(n, v) { ARG(n), true, UINT32_MAX, (uint32_t)(v) }
#define HAS(n, bits) { ARG(n), true, (uint32_t)(bits), (uint32_t)(bits) }
#define IS_NOT(n, v) { ARG(n), false, UINT32_MAX, (uint32_t)(v) }
#define TYPE_IS(n, type) { ARG(n), true, S_IFMT, type }

#define ALL(of, is) { .call = (of), .what = (is) }
#define SOME(of, is, n, ...) { .call = of, .what = is, .count = n, .conditions = { __VA_ARGS__ } }

/* Clauses that more than one call has. */
static const char mounts[] = "changes what is mounted";
static const char identity[] = "changes to other users and groups";
static const char tracing[] = "reaches into other processes";
static const char modules[] = "loads code into the kernel";
static const char kexec[] = "starts another kernel";
static const char keys[] = "uses the kernel's keys, which no namespace divides";
static const char uring[] = "does what other calls do, past the filter";
static const char namespaces[] = "makes or enters namespaces, where it may have every capability";
static const char devices[] = "makes device files";
static const char sockets[] = "opens sockets beyond local ones and IP";
static const char terminals[] = "types into a terminal";
static const char swapping[] = "changes the machine's swap space";
static const char clock[] = "sets the machine's clock";
static const char names[] = "changes the machine's name";
static const char handles[] = "opens files past the directories above them";

/* Of a request, the bits that say which driver it is for (ioctl(2), _IOC_TYPE): who may make
 * it of more than one may make requests that nobody has thought of. */
enum { DRIVER = 0xff00 };

const struct danger dangers[] = {
    ALL("mount", mounts), ALL("umount2", mounts), ALL("move_mount", mounts), ALL("open_tree", mounts),
    ALL("open_tree_attr", mounts), ALL("fsopen", mounts), ALL("fsconfig", mounts), ALL("fsmount", mounts), ALL("fspick", mounts),
    ALL("mount_setattr", mounts), ALL("pivot_root", mounts), ALL("chroot", "changes its root directory"),
    ALL("quotactl", "changes quotas"), ALL("quotactl_fd", "changes quotas"), ALL("swapon", swapping), ALL("swapoff", swapping),
    ALL("setuid", identity), ALL("setgid", identity), ALL("setreuid", identity), ALL("setregid", identity),
    ALL("setresuid", identity), ALL("setresgid", identity), ALL("setfsuid", identity), ALL("setfsgid", identity),
    ALL("setgroups", identity),
    ALL("ptrace", tracing), ALL("process_vm_readv", tracing), ALL("process_vm_writev", tracing), ALL("process_madvise", tracing),
    ALL("pidfd_getfd", tracing), ALL("kcmp", tracing), ALL("process_mrelease", tracing),
    ALL("init_module", modules), ALL("finit_module", modules), ALL("delete_module", modules), ALL("create_module", modules),
    ALL("bpf", "loads programs into the kernel"), ALL("kexec_load", kexec), ALL("kexec_file_load", kexec),
    ALL("reboot", "stops the machine"), ALL("add_key", keys), ALL("keyctl", keys), ALL("request_key", keys),
    ALL("io_uring_setup", uring), ALL("io_uring_enter", uring), ALL("io_uring_register", uring),
    ALL("perf_event_open", "watches what the kernel and others do"), ALL("userfaultfd", "stops the kernel at its page faults"),
    ALL("open_by_handle_at", handles), ALL("fanotify_init", "watches what others do with files"),
    ALL("seccomp", "may answer for the filters of its children"), ALL("acct", "writes the accounts of processes"),
    ALL("syslog", "reads the kernel's log"), ALL("modify_ldt", "changes segments, which the kernel often got wrong"),
    ALL("iopl", "drives hardware"), ALL("ioperm", "drives hardware"),
    ALL("settimeofday", clock), ALL("clock_settime", clock), ALL("adjtimex", clock), ALL("clock_adjtime", clock),
    ALL("sethostname", names), ALL("setdomainname", names), ALL("vhangup", "hangs up a terminal"),
    ALL("lookup_dcookie", handles), ALL("uselib", "loads a library the old way"), ALL("nfsservctl", "commands the NFS server"),
    ALL("unshare", namespaces), ALL("setns", namespaces), ALL("clone3", namespaces),
    SOME("clone", namespaces, 1, HAS(0, CLONE_NEWUSER)),
    SOME("clone", namespaces, 1, HAS(0, CLONE_NEWNS)),
    SOME("clone", namespaces, 1, HAS(0, CLONE_NEWPID)),
    SOME("clone", namespaces, 1, HAS(0, CLONE_NEWNET)),
    SOME("clone", namespaces, 1, HAS(0, CLONE_NEWIPC)),
    SOME("clone", namespaces, 1, HAS(0, CLONE_NEWUTS)),
    SOME("clone", namespaces, 1, HAS(0, CLONE_NEWCGROUP)),
    /* 0xffffffff asks for it. */
    SOME("personality", "turns off address randomisation", 2, HAS(0, 0x0040000), IS_NOT(0, 0xffffffff)),
    SOME("personality", "makes data executable", 2, HAS(0, 0x0400000), IS_NOT(0, 0xffffffff)),
    SOME("socket", sockets, 4, IS_NOT(0, AF_UNIX), IS_NOT(0, AF_INET), IS_NOT(0, AF_INET6), IS_NOT(0, AF_UNSPEC)),
    SOME("socket", "reads and writes raw packets", 2, IS(0, AF_INET), { ARG(1), true, 0xf, SOCK_RAW }),
    /* An old name of AF_PACKET: net/socket.c, __sock_create(). */
    SOME("socket", "reads and writes raw packets", 2, IS(0, AF_INET), { ARG(1), true, 0xf, SOCK_PACKET }),
    SOME("socket", "reads and writes raw packets", 2, IS(0, AF_INET6), { ARG(1), true, 0xf, SOCK_RAW }),
    SOME("mknod", devices, 1, TYPE_IS(1, S_IFBLK)),
    SOME("mknod", devices, 1, TYPE_IS(1, S_IFCHR)),
    SOME("mknodat", devices, 1, TYPE_IS(2, S_IFBLK)),
    SOME("mknodat", devices, 1, TYPE_IS(2, S_IFCHR)),
    SOME("ioctl", terminals, 1, IS(1, TIOCSTI)),
    SOME("ioctl", terminals, 1, IS(1, TIOCLINUX)),
    { .call = "ioctl", .what = "asks anything of any driver", .open_word = ARG(1), .open = DRIVER },
};
const size_t dangers_count = sizeof dangers / sizeof *dangers;

#define CAP(name) (1ull << CAP_##name)
/* All but those that reach nobody else's data, processes or settings: NET_BIND_SERVICE,
 * NET_BROADCAST, IPC_LOCK, SYS_NICE, SYS_RESOURCE, SYS_TTY_CONFIG, LEASE, WAKE_ALARM,
 * BLOCK_SUSPEND. */
const uint64_t danger_capabilities = CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(DAC_READ_SEARCH) | CAP(FOWNER) | CAP(FSETID) | CAP(KILL)
    | CAP(SETGID) | CAP(SETUID) | CAP(SETPCAP) | CAP(LINUX_IMMUTABLE) | CAP(NET_ADMIN) | CAP(NET_RAW) | CAP(IPC_OWNER)
    | CAP(SYS_MODULE) | CAP(SYS_RAWIO) | CAP(SYS_CHROOT) | CAP(SYS_PTRACE) | CAP(SYS_PACCT) | CAP(SYS_ADMIN) | CAP(SYS_BOOT)
    | CAP(SYS_TIME) | CAP(MKNOD) | CAP(AUDIT_WRITE) | CAP(AUDIT_CONTROL) | CAP(SETFCAP) | CAP(MAC_OVERRIDE) | CAP(MAC_ADMIN)
    | CAP(SYSLOG) | CAP(AUDIT_READ) | CAP(PERFMON) | CAP(BPF) | CAP(CHECKPOINT_RESTORE);
