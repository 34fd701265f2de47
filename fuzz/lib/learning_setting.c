#include "learning_setting.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channels.h"
#include "front/session.h"
#include "front/spawn.h"
#include "quiesce/outcome.h"
#include "role.h"
#include "role_wraps.h"

WRAPPED(int, session_make_id, char run_id[WIRE_RUN_ID_MAX]);
WRAPPED(void, cgroup_mounts_read, struct cgroup_mount *mounts, const char *path);
WRAPPED(void, cgroup_create, struct cgroup *cgroup, const struct cgroup_mount *mount, const char *run_id);
WRAPPED(void, cgroup_sweep, const struct cgroup *cgroup);
WRAPPED(void, cgroup_kill, const struct cgroup *cgroup);
WRAPPED(int, cgroup_remove, struct cgroup *cgroup);
WRAPPED(int, machine_open, struct machine *machine, const char *run_id, const struct cgroup *cgroup, enum machine_use use,
        bool expedite, char *message, size_t capacity);
WRAPPED(void, machine_close, struct machine *machine);
WRAPPED(pid_t, spawn, const struct spawn *what, int *pidfd);
WRAPPED(int, waitid, idtype_t type, id_t id, siginfo_t *info, int options);
WRAPPED(int, pidfd_send_signal, int pidfd, int number, siginfo_t *info, unsigned flags);
WRAPPED(int, signalfd, int fd, const sigset_t *mask, int flags);
WRAPPED(int, sigprocmask, int how, const sigset_t *set, sigset_t *before);
void (*__real_signal(int number, void (*handler)(int)))(int);
void (*__wrap_signal(int number, void (*handler)(int)))(int);

struct learning_setting learning_setting;

void learning_setting_begin(void)
{
    learning_setting = (struct learning_setting){.monitor = -1, .learn = -1, .log = -1};
}

int __wrap_session_make_id(char run_id[WIRE_RUN_ID_MAX])
{
    memcpy(run_id, "0123456789abcdef0123456789abcdef", WIRE_RUN_ID_MAX);
    return 0;
}

void __wrap_cgroup_mounts_read(struct cgroup_mount *mounts, const char *path)
{
    (void)path;
    memset(mounts, 0, HIERARCHIES * sizeof(*mounts));
}

void __wrap_cgroup_create(struct cgroup *cgroup, const struct cgroup_mount *mount, const char *run_id)
{
    (void)mount;
    (void)run_id;
    cgroup->parent = cgroup->directory = -1;
}

void __wrap_cgroup_sweep(const struct cgroup *cgroup)
{
    (void)cgroup;
}

void __wrap_cgroup_kill(const struct cgroup *cgroup)
{
    (void)cgroup;
}

int __wrap_cgroup_remove(struct cgroup *cgroup)
{
    (void)cgroup;
    return learning_setting.choice & CGROUP_LEFT ? -EBUSY : 0;
}

int __wrap_machine_open(struct machine *machine, const char *run_id, const struct cgroup *cgroup, enum machine_use use,
                        bool expedite, char *message, size_t capacity)
{
    (void)machine;
    (void)run_id;
    (void)cgroup;
    FUZZ_CHECK(use == MACHINE_LEARNS && !expedite, "a machine that is for something else");
    if (learning_setting.choice & WITHOUT_MACHINE) {
        snprintf(message, capacity, "another run holds the lock");
        return EXIT_TRY_AGAIN;
    }
    return 0;
}

void __wrap_machine_close(struct machine *machine)
{
    (void)machine;
}

pid_t __wrap_spawn(const struct spawn *what, int *pidfd)
{
    if (learning_setting.choice & WITHOUT_PROGRAM) {
        errno = EAGAIN;
        return -1;
    }
    learning_setting.monitor = fcntl(what->fds[0], F_DUPFD_CLOEXEC, CHANNELS_FIRST);
    learning_setting.log = fcntl(what->log, F_DUPFD_CLOEXEC, CHANNELS_FIRST);
    learning_setting.learn = fcntl(what->fds[1], F_DUPFD_CLOEXEC, CHANNELS_FIRST);
    channel_place(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), LEARNING_ALIVE);
    *pidfd = fcntl(LEARNING_ALIVE, F_DUPFD_CLOEXEC, LEARNING_SIGNALS + 1);
    return 4242;
}

int __wrap_waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    if (!role_running()) {
        return __real_waitid(type, id, info, options);
    }
    info->si_code = learning_setting.choice & KILLED ? CLD_KILLED : CLD_EXITED;
    info->si_status = learning_setting.choice & KILLED ? SIGKILL : learning_setting.choice & FAILED ? EXIT_INTERNAL : 0;
    return 0;
}

int __wrap_pidfd_send_signal(int pidfd, int number, siginfo_t *info, unsigned flags)
{
    (void)info;
    FUZZ_CHECK(pidfd >= 0 && number == SIGKILL && flags == 0, "signal %d", number);
    return 0;
}

int __wrap_signalfd(int fd, const sigset_t *mask, int flags)
{
    (void)mask;
    (void)flags;
    FUZZ_CHECK(fd == -1, "another signalfd is changed");
    return LEARNING_SIGNALS;
}

int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *before)
{
    return role_running() ? 0 : __real_sigprocmask(how, set, before);
}

void (*__wrap_signal(int number, void (*handler)(int)))(int)
{
    return role_running() ? SIG_DFL : __real_signal(number, handler);
}
