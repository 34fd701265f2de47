#include "policy/instruction.h"

#include <linux/audit.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)

static long call_syscall(const struct seccomp_data *call)
{
    const uint64_t *a = (const uint64_t *)call->args;
    long result;
    register uint64_t r10 __asm__("r10");
    register uint64_t r8 __asm__("r8");
    register uint64_t r9 __asm__("r9");
    r10 = a[3];
    r8 = a[4];
    r9 = a[5];
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"((uint64_t)(uint32_t)call->nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* The sixth argument goes where the frame pointer may be: for one instruction. */
static long call_int80(const struct seccomp_data *call)
{
    const uint64_t *a = (const uint64_t *)call->args;
    long result;
    register uint64_t sixth __asm__("r12");
    sixth = a[5];
    __asm__ volatile("xchgq %%rbp, %[sixth]\n\t"
                     "int $0x80\n\t"
                     "xchgq %%rbp, %[sixth]"
                     : "=a"(result), [sixth] "+r"(sixth)
                     : "a"((uint64_t)(uint32_t)call->nr), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
                     : "r8", "r9", "r10", "r11", "memory");
    return (int32_t)result;
}

long instruction_call(const struct seccomp_data *call)
{
    return call->arch == AUDIT_ARCH_I386 ? call_int80(call) : call_syscall(call);
}

/* getpid(2) of i386, in a process of its own: without the gate it dies of SIGSEGV. */
static bool int80_exists(void)
{
    static const struct seccomp_data getpid_i386 = { .nr = 20, .arch = AUDIT_ARCH_I386 };
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit none = { 0, 0 };
        (void)setrlimit(RLIMIT_CORE, &none);
        _exit(call_int80(&getpid_i386) == getpid() ? 0 : 1);
    }
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool instruction_exists(uint32_t arch)
{
    return arch == AUDIT_ARCH_X86_64 || (arch == AUDIT_ARCH_I386 && int80_exists());
}

bool instruction_unfiltered(const struct seccomp_data *call)
{
    enum { URETPROBE = 335, UPROBE = 336 };
    return call->arch == AUDIT_ARCH_X86_64 && (call->nr == URETPROBE || call->nr == UPROBE);
}

void instruction_illegal(void)
{
    __asm__ volatile("ud2" ::: "memory");
}

void instruction_breakpoint(void)
{
    __asm__ volatile("int3" ::: "memory");
}

#elif defined(__aarch64__)

long instruction_call(const struct seccomp_data *call)
{
    const uint64_t *a = (const uint64_t *)call->args;
    register uint64_t x8 __asm__("x8");
    register uint64_t x0 __asm__("x0");
    register uint64_t x1 __asm__("x1");
    register uint64_t x2 __asm__("x2");
    register uint64_t x3 __asm__("x3");
    register uint64_t x4 __asm__("x4");
    register uint64_t x5 __asm__("x5");
    x8 = (uint32_t)call->nr;
    x0 = a[0];
    x1 = a[1];
    x2 = a[2];
    x3 = a[3];
    x4 = a[4];
    x5 = a[5];
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
    return (long)x0;
}

/* A process is of 64 or of 32 bits as a whole: none of ours can make a call of arm. */
bool instruction_exists(uint32_t arch)
{
    return arch == AUDIT_ARCH_AARCH64;
}

bool instruction_unfiltered(const struct seccomp_data *call)
{
    (void)call;
    return false;
}

void instruction_illegal(void)
{
    __asm__ volatile("udf #0" ::: "memory");
}

void instruction_breakpoint(void)
{
    __asm__ volatile("brk #0" ::: "memory");
}

#else
#error "this program knows the system calls of x86-64 and arm64 only"
#endif
