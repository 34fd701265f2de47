/*
 * The launcher: its own main(), fed by whoever holds the monitor's and the supervisor's ends.
 * Processes, cgroups and the stage are the harness's; no keeper is started.
 *
 * Oracles of its own: a keeper is only asked for a slot whose HOOK came before SEAL, under a
 * policy that came before that; what is kept for a started one is one descriptor a slot.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/capset.h"
#include "keeper/keeper.h"
#include "launcher/launcher.h"
#include "role.h"
#include "role_wraps.h"
#include "templates.h"

int role_main(void);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
void (*__wrap_signal(int number, void (*handler)(int)))(int);
WRAPPED(mode_t, umask, mode_t mask);
WRAPPED(int, capset_get, struct capset *sets);
WRAPPED(int, capset_set, const struct capset *sets);
WRAPPED(int, capset_bound, uint64_t keep);

static unsigned staged; /* scripts that were kept, by the launcher's own word */

static const uint8_t allowed[LAUNCHER_STATES][WIRE_PEERS][MSG_TYPES] = {LAUNCHER_RULES(ROLE_ALLOWED)};

static bool follows(unsigned from, unsigned to)
{
    return to >= from;
}

static void fill(uint32_t type, const struct sequence_step *step, union wire_any *body)
{
    template_message(type, body);
    if (type == MSG_POLICY) {
        body->as_MSG_POLICY.index = step->extra / 2 % PLAN_PLUGINS_MAX;
    } else if (type == MSG_HOOK) {
        body->as_MSG_HOOK.slot = step->extra / 2 % WIRE_HOOKS_MAX;
        body->as_MSG_HOOK.policy = step->extra / 4 % PLAN_PLUGINS_MAX;
    } else if (type == MSG_START || type == MSG_TERM || type == MSG_KILL) {
        body->as_MSG_START.slot = step->extra / 2 % WIRE_HOOKS_MAX;
    }
}

static void begin(void)
{
    staged = 0;
}

/* A pidfd of each slot's last keeper. */
static unsigned may_hold(void)
{
    return WIRE_HOOKS_MAX;
}

/* ---- stage.c and slots.c, which are not linked --------------------------------------------- */

void stage_prepare(void)
{
}

int stage_add(uint32_t slot, const char *name, int script)
{
    FUZZ_CHECK(slot < WIRE_HOOKS_MAX && name && script >= 0, "slot %u is staged", slot);
    if (role_choice() % 32 == 1) {
        return ENOSPC;
    }
    staged |= 1u << slot;
    return 0;
}

bool slots_prepare(void)
{
    return role_choice() % 2 == 0;
}

int slot_cgroup(uint32_t slot)
{
    FUZZ_CHECK(slot < WIRE_HOOKS_MAX, "a cgroup of slot %u", slot);
    return role_choice() % 16 == 1 ? -EBUSY : dup(role_null());
}

int slot_open(uint32_t slot, const char *file, int flags)
{
    (void)flags;
    FUZZ_CHECK(slot < WIRE_HOOKS_MAX && file[0] != '\0', "a file of slot %u", slot);
    return role_choice() % 16 == 1 ? -ENOENT : dup(role_null());
}

void slot_term(const struct launcher *l, uint32_t slot)
{
    FUZZ_CHECK(l && slot < WIRE_HOOKS_MAX, "TERM to slot %u", slot);
}

void slot_kill(const struct launcher *l, uint32_t slot)
{
    FUZZ_CHECK(l && slot < WIRE_HOOKS_MAX, "KILL to slot %u", slot);
}

/* ---- the kernel's part ------------------------------------------------------------------------ */

_Noreturn void keeper_main(const struct start *start)
{
    (void)start;
    fuzz_fail(__FILE__, __LINE__, "a keeper runs");
}

int __wrap_open(const char *path, int flags, ...)
{
    if (!role_running()) {
        return __real_open(path, flags);
    }
    return dup3(role_null(), FD_ROOT, O_CLOEXEC);
}

long __wrap_syscall(long number, ...)
{
    va_list list;
    long a, b, c, d;

    va_start(list, number);
    a = va_arg(list, long);
    b = va_arg(list, long);
    c = va_arg(list, long);
    d = va_arg(list, long);
    va_end(list);
    if (!role_running()) {
        return __real_syscall(number, a, b, c, d);
    }
    if (number == SYS_pidfd_open) {
        return dup3(role_null(), FD_SELF, O_CLOEXEC);
    }
    if (number == SYS_clone3) {
        if (role_choice() % 16 == 1) {
            errno = EAGAIN;
            return -1;
        }
        FUZZ_CHECK(staged != 0, "a keeper without a verified script");
        *(int *)(uintptr_t)((struct clone_args *)(uintptr_t)a)->pidfd = dup(role_null());
        return 4242;
    }
    FUZZ_CHECK(number == SYS_close_range, "call %ld", number);
    return 0;
}

void (*__wrap_signal(int number, void (*handler)(int)))(int)
{
    (void)number;
    (void)handler;
    return SIG_DFL;
}

mode_t __wrap_umask(mode_t mask)
{
    return role_running() ? 022 : __real_umask(mask);
}

int __wrap_capset_get(struct capset *sets)
{
    *sets = (struct capset){UINT64_MAX, 0, 0};
    return 0;
}

int __wrap_capset_set(const struct capset *sets)
{
    (void)sets;
    return 0;
}

int __wrap_capset_bound(uint64_t keep)
{
    (void)keep;
    return role_choice() % 64 == 1 ? EPERM : 0;
}

static void run(const char *bytes, size_t n)
{
    static const struct role_peer peers[] = {{FD_MONITOR, PEER_MONITOR}, {FD_SUPERVISOR, PEER_SUPERVISOR}};
    static const struct role_harness harness = {
        .main = role_main, .peers = peers, .peers_count = 2, .first_null = FD_CGROUP, .last_null = FD_SELF,
        .allowed = allowed, .fill = fill, .follows = follows, .begin = begin, .may_hold = may_hold,
    };

    /* Before: a libseccomp that is linked statically makes system calls by the syscall() above. */
    (void)template_plan(DOC_POLICY);
    role_run(&harness, bytes, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(run, data, size);
}
