#include "front/start.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/message.h"
#include "quiesce/outcome.h"

/* mount_setattr(2), without which a hook's view of the file systems cannot be
 * made read-only as a whole. */
enum { KERNEL_MAJOR = 5, KERNEL_MINOR = 12 };

/* The monitor's descriptors; all above are closed. */
enum {
    MONITOR_FD_LOG = 2,        /* pipe to us; 0 and 1 are /dev/null */
    MONITOR_FD_FRONT = 3,      /* REQUEST comes from here */
    MONITOR_FD_SUPERVISOR = 4, /* the supervisor's end of its socket to us */
    MONITOR_FD_PROGRAMS = 5,   /* directory of the programs */
    MONITOR_FD_CGROUP = 6,     /* this run's cgroup, or /dev/null */
    MONITOR_FDS,
};

static const struct {
    unsigned number;
    const char *name, *why;
} needed[] = {
    { CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "to freeze file systems and to give hooks mounts of their own" },
    { CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", "to read configuration and scripts that are root's alone" },
    { CAP_SETUID, "CAP_SETUID", "to put each of its processes under a user id of its own" },
    { CAP_SETGID, "CAP_SETGID", "to put each of its processes under a group id of its own" },
    { CAP_SETPCAP, "CAP_SETPCAP", "to take capabilities from its processes and from hooks" },
};

int start_possible(char *message, size_t capacity)
{
    struct utsname kernel;
    unsigned major = 0, minor = 0;
    if (uname(&kernel) != 0 || sscanf(kernel.release, "%u.%u", &major, &minor) != 2 || major < KERNEL_MAJOR
        || (major == KERNEL_MAJOR && minor < KERNEL_MINOR)) {
        snprintf(message, capacity, "Linux %d.%d or newer is needed for the scripts' sandbox (mount_setattr); this is %u.%u",
                 KERNEL_MAJOR, KERNEL_MINOR, major, minor);
        return EXIT_INTERNAL;
    }
    if (geteuid() != 0) {
        snprintf(message, capacity,
                 "this must be run by root: reading root's scripts, freezing file systems and changing to other users "
                 "need CAP_DAC_READ_SEARCH, CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID and CAP_SETPCAP; try 'sudo quiesce ...'");
        return EXIT_NOT_PERMITTED;
    }
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { 0 };
    if (syscall(SYS_capget, &header, sets) != 0) {
        snprintf(message, capacity, "the capabilities of this process cannot be read: %s", strerror(errno));
        return EXIT_INTERNAL;
    }
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if ((sets[needed[i].number / 32].effective >> needed[i].number % 32 & 1) == 0) {
            snprintf(message, capacity, "%s is missing, %s; a container has to be given it", needed[i].name, needed[i].why);
            return EXIT_NOT_PERMITTED;
        }
    }
    return 0;
}

/* ---- places ------------------------------------------------------------------ */

struct places {
    char programs[PLAN_PATH_MAX], policies[PLAN_PATH_MAX];
    int programs_fd;
};

/* In a build tree the programs lie beside this one and the policies below it. */
static int find_places(struct places *places)
{
    static const char policies[] = "/policy", monitor[] = "/quiesce-monitor";
    char self[PLAN_PATH_MAX + sizeof monitor];
    ssize_t n = readlink("/proc/self/exe", self, PLAN_PATH_MAX - sizeof policies);
    char *slash = n > 0 ? memrchr(self, '/', (size_t)n) : NULL;
    if (slash != NULL) {
        memcpy(slash, monitor, sizeof monitor);
    }
    if (slash != NULL && access(self, X_OK) == 0) {
        int length = (int)(slash - self);
        snprintf(places->programs, sizeof places->programs, "%.*s", length > 0 ? length : 1, self);
        snprintf(places->policies, sizeof places->policies, "%.*s%s", length, self, policies);
    } else {
        snprintf(places->programs, sizeof places->programs, "%s", QUIESCE_LIBEXECDIR);
        snprintf(places->policies, sizeof places->policies, "%s", QUIESCE_POLICYDIR);
    }
    places->programs_fd = open(places->programs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return places->programs_fd >= 0 ? 0 : -errno;
}

/* ---- the child ------------------------------------------------------------------ */

/* Between fork and exec: nothing here allocates, locks or prints. */
static _Noreturn void become_monitor(const int sources[MONITOR_FDS])
{
    static const char failed[] = "quiesce: starting quiesce-monitor failed\n";
    static char *const arguments[] = { (char *)(uintptr_t)"quiesce-monitor", NULL }, *const environment[] = { NULL };
    int high[MONITOR_FDS];
    sigset_t none;

    /* A session of its own: a Ctrl-C at the terminal is for the front, which then
     * lets the run end in order. */
    if (setsid() < 0) {
        goto out;
    }
    /* Out of the way first, so that no dup2 overwrites what another needs. */
    for (int i = 0; i < MONITOR_FDS; i++) {
        high[i] = fcntl(sources[i], F_DUPFD_CLOEXEC, MONITOR_FDS);
        if (high[i] < 0) {
            goto out;
        }
    }
    for (int i = 0; i < MONITOR_FDS; i++) {
        if (dup2(high[i], i) < 0) {
            goto out;
        }
    }
    if (signal(SIGPIPE, SIG_DFL) == SIG_ERR || sigemptyset(&none) != 0 || sigprocmask(SIG_SETMASK, &none, NULL) != 0) {
        goto out;
    }
    if (close_range(MONITOR_FDS, ~0u, 0) == 0) {
        (void)execveat(MONITOR_FD_PROGRAMS, "quiesce-monitor", arguments, environment, 0);
    }
out:
    /* Nobody is left to be told if even this fails. */
    if (write(MONITOR_FD_LOG, failed, sizeof failed - 1) < 0) {
        _exit(EXIT_INTERNAL);
    }
    _exit(EXIT_INTERNAL);
}

/* ---- the session ------------------------------------------------------------------- */

static int make_run_id(char run_id[WIRE_RUN_ID_MAX])
{
    unsigned char bytes[(WIRE_RUN_ID_MAX - 1) / 2];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) {
        return -EIO;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        snprintf(run_id + 2 * i, 3, "%02x", bytes[i]);
    }
    return 0;
}

static int send_wishes(const struct session *session, const struct options *options, const struct places *places)
{
    static struct msg_request request;
    static struct msg_options wishes;
    memcpy(request.run_id, session->run_id, sizeof request.run_id);
    request.mode = (uint8_t)session->mode;
    request.expedite = options->no_expedite ? 0 : 1;
    request.host_config_given = options->host_config[0] != '\0' ? 1 : 0;
    memcpy(request.host_config, options->host_config, sizeof request.host_config);
    memcpy(request.plugin_config, options->plugin_config, sizeof request.plugin_config);
    memcpy(request.policy_dir, places->policies, sizeof request.policy_dir);
    memcpy(request.program_dir, places->programs, sizeof request.program_dir);

    memcpy(wishes.run_id, session->run_id, sizeof wishes.run_id);
    wishes.mode = (uint8_t)session->mode;
    wishes.allow_crash = options->allow_crash;
    wishes.freeze_timeout_seconds = options->freeze_timeout_seconds;
    wishes.mounts = options->mounts;
    wishes.exclude = options->exclude;

    int error = wire_send(session->control, MSG_REQUEST, &request, NULL, 0);
    return error != 0 ? error : wire_send(session->supervisor, MSG_OPTIONS, &wishes, NULL, 0);
}

static void close_all(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
}

int start_session(struct session *session, const struct options *options, enum run_mode mode, char *message, size_t capacity)
{
    static struct places places;
    const char *what;
    char unopened[256];
    enum { NULL_DEVICE, FRONT_S, SUPERVISOR_S, FRONT_M, MONITOR_M, LOG_READ, LOG_WRITE, OWN_FDS };
    int fds[OWN_FDS] = { -1, -1, -1, -1, -1, -1, -1 };
    int error;

    *session = (struct session){ .mode = mode, .control = -1, .supervisor = -1, .log = -1, .monitor = -1 };
    session->cgroup.parent = session->cgroup.directory = -1;
    what = "no random run id";
    if ((error = make_run_id(session->run_id)) != 0) {
        goto out;
    }
    if ((error = find_places(&places)) != 0) {
        snprintf(unopened, sizeof unopened, "the programs cannot be found in %.200s", places.programs);
        what = unopened;
        goto out;
    }
    what = "descriptors for the monitor cannot be made";
    fds[NULL_DEVICE] = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fds[NULL_DEVICE] < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds + FRONT_S) != 0
        || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds + FRONT_M) != 0
        || pipe2(fds + LOG_READ, O_CLOEXEC) != 0 || fcntl(fds[LOG_READ], F_SETFL, O_NONBLOCK) != 0) {
        error = -errno;
        goto out;
    }
    cgroup_create(&session->cgroup, session->run_id);

    const int sources[MONITOR_FDS] = {
        fds[NULL_DEVICE], fds[NULL_DEVICE],
        [MONITOR_FD_LOG] = fds[LOG_WRITE],
        [MONITOR_FD_FRONT] = fds[MONITOR_M],
        [MONITOR_FD_SUPERVISOR] = fds[SUPERVISOR_S],
        [MONITOR_FD_PROGRAMS] = places.programs_fd,
        [MONITOR_FD_CGROUP] = session->cgroup.directory >= 0 ? session->cgroup.directory : fds[NULL_DEVICE],
    };
    what = "the monitor cannot be started";
    pid_t pid = fork();
    if (pid == 0) {
        become_monitor(sources);
    }
    session->monitor = pid > 0 ? pidfd_open(pid, 0) : -1;
    error = session->monitor < 0 ? -errno : 0;
    session->supervisor = fds[FRONT_S];
    session->control = fds[FRONT_M];
    session->log = fds[LOG_READ];
    fds[FRONT_S] = fds[FRONT_M] = fds[LOG_READ] = -1;
    /* A monitor that ended at once is noticed by the end of file that follows. */
    if (error == 0 && (error = send_wishes(session, options, &places)) == -EPIPE) {
        error = 0;
    }
out:
    close_all(fds, OWN_FDS);
    if (places.programs_fd > 0) {
        close(places.programs_fd);
    }
    if (error != 0) {
        (void)cgroup_remove(&session->cgroup);
        snprintf(message, capacity, "%s: %s", what, strerror(-error));
        return EXIT_INTERNAL;
    }
    return 0;
}

int start_wait_monitor(struct session *session, int timeout_ms)
{
    struct pollfd end = { .fd = session->monitor, .events = POLLIN };
    siginfo_t info = { 0 };
    if (poll(&end, 1, timeout_ms) != 1 || waitid(P_PIDFD, (id_t)session->monitor, &info, WEXITED) != 0) {
        return -1;
    }
    return info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0) : W_EXITCODE(0, info.si_status);
}
