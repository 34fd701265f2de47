/*
 * attempt.c - one forbidden call from inside a hook, and what became of it.
 *
 *   attempt NAME...    prints "NAME ERRNO-NAME" for each, "NAME killed SIGNAL", or
 *                      "NAME allowed"
 *
 * The arguments are such that the kernel itself would refuse them with another
 * errno than the filter does (or that nothing happens), so the answer tells who
 * refused, and a broken filter does no harm.  Each call is made by a child.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup 425
#endif
#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442
#endif
enum {
    NO_PID = 0x3ffffffe,
    NEWER_CALL = 511, /* beyond every table of today, below x32's */
};

#define HIGH_BITS (1ul << 32)

struct attempt {
    const char *name;
    long number;
    unsigned long args[6];
};

static const struct attempt attempts[] = {
    /* name             call                  arguments; what the kernel would say */
    {"fifreeze",        __NR_ioctl,           {(unsigned long)-1, FIFREEZE}},             /* EBADF */
    {"fithaw",          __NR_ioctl,           {(unsigned long)-1, FITHAW}},               /* EBADF */
    {"fifreeze-high",   __NR_ioctl,           {(unsigned long)-1, FIFREEZE | HIGH_BITS}}, /* EBADF */
    {"tiocsti",         __NR_ioctl,           {0, TIOCSTI}},                              /* ENOTTY */
    {"tiocsti-high",    __NR_ioctl,           {0, TIOCSTI | HIGH_BITS}},                  /* ENOTTY */
    {"tioclinux",       __NR_ioctl,           {0, TIOCLINUX}},                            /* ENOTTY */
    {"ptrace",          __NR_ptrace,          {PTRACE_ATTACH, NO_PID}},                   /* ESRCH */
    {"process_vm_readv", __NR_process_vm_readv, {NO_PID, 0, 0, 0, 0, 0}},                 /* ESRCH or 0 */
    {"io_uring",        __NR_io_uring_setup,  {0, 0}},                                    /* EFAULT */
    {"bpf",             __NR_bpf,             {(unsigned long)-1, 0, 0}},                 /* EINVAL */
    {"mount",           __NR_mount,           {0, 0, 0, 0, 0}},                           /* EFAULT */
    {"umount2",         __NR_umount2,         {0, (unsigned long)-1}},                    /* EINVAL */
    {"pivot_root",      __NR_pivot_root,      {0, 0}},                                    /* EFAULT */
    {"setns",           __NR_setns,           {(unsigned long)-1, 0}},                    /* EBADF */
    {"unshare-user",    __NR_unshare,         {CLONE_NEWUSER}},                           /* allowed */
    {"mount_setattr",   __NR_mount_setattr,   {(unsigned long)-1, 0, 0, 0, 0}},           /* EINVAL */
    {"clone3",          __NR_clone3,          {0, 0}},                                    /* EINVAL */
    {"newer",           NEWER_CALL,           {0}},                                       /* ENOSYS */
    {"init_module",     __NR_init_module,     {0, 0, 0}},                                 /* EFAULT */
    {"kexec_load",      __NR_kexec_load,      {0, (unsigned long)-1, 0, (unsigned long)-1}}, /* EINVAL */
    {"reboot",          __NR_reboot,          {0, 0, 0, 0}},                              /* EINVAL */
    {"swapon",          __NR_swapon,          {0, 0}},                                    /* EFAULT */
    {"open_by_handle_at", __NR_open_by_handle_at, {(unsigned long)-1, 0, 0}},             /* EFAULT */
    {"keyctl",          __NR_keyctl,          {(unsigned long)-1, 0, 0, 0, 0}},           /* EOPNOTSUPP */
    {"perf_event_open", __NR_perf_event_open, {0, 0, 0, 0, 0}},                           /* EFAULT */
    {"userfaultfd",     __NR_userfaultfd,     {(unsigned long)-1}},                       /* EINVAL */
    {"settimeofday",    __NR_settimeofday,    {1, 1}},                                    /* EFAULT */
    {"setdomainname",   __NR_setdomainname,   {0, (unsigned long)-1}},                    /* EINVAL */
#ifdef __x86_64__
    {"x32",             0x40000000 + __NR_getpid, {0}},                                   /* ENOSYS or a pid */
    {"iopl",            __NR_iopl,            {9}},                                       /* EINVAL */
#endif
};

/* getpid by the 32-bit gate: harmless, but of another ABI. */
static long foreign_abi(void)
{
#ifdef __x86_64__
    long result = 20;
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return result;
#else
    return 0;
#endif
}

static long perform(const char *name)
{
    if (strcmp(name, "int80") == 0)
        return foreign_abi();
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        const struct attempt *const a = &attempts[i];
        if (strcmp(a->name, name) == 0)
            return syscall(a->number, a->args[0], a->args[1], a->args[2], a->args[3], a->args[4], a->args[5]);
    }
    fprintf(stderr, "attempt: no such attempt: %s\n", name);
    _exit(125);
}

static void report(const char *name)
{
    int status;

    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        errno = 0;
        const long result = perform(name);
        _exit(result >= 0 ? 0 : errno > 0 && errno < 125 ? errno : 124);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        printf("%s lost\n", name);
        return;
    }
    if (WIFSIGNALED(status))
        printf("%s killed %s\n", name, sigabbrev_np(WTERMSIG(status)));
    else if (WEXITSTATUS(status) == 0)
        printf("%s allowed\n", name);
    else
        printf("%s %s\n", name, strerrorname_np(WEXITSTATUS(status)));
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        report(argv[i]);
    return 0;
}
