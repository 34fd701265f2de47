/*
 * Denied calls: the errno, the aggregation, the limit of records, and a real
 * listener whose process gets the errno of the policy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/filter.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/message.h"
#include "supervisor/denials.h"

const char program_name[] = "test-denials";

static struct run run;

static int begin(void **state)
{
    (void)state;
    memset(&run, 0, sizeof(run));
    run.report = mmap(NULL, sizeof(*run.report), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    run.report->attempts_count = 2;
    loop_start(&run.loop);
    return run.report == MAP_FAILED;
}

static int end(void **state)
{
    (void)state;
    close(run.loop.epoll);
    return munmap(run.report, sizeof(*run.report));
}

static void set_policy(uint32_t action)
{
    struct report_plugin *p = &run.report->plugins[0];

    p->has_policy = 1;
    p->effective.filter_length = 1;
    p->effective.filter[0] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
}

static void errnos(void **state)
{
    static const struct {
        uint32_t action, error;
    } rows[] = {
        {SECCOMP_RET_ERRNO | EACCES, EACCES}, {SECCOMP_RET_ERRNO | ENOSYS, ENOSYS}, {SECCOMP_RET_ERRNO | 0, EPERM},
        {SECCOMP_RET_ERRNO | 4096, EPERM},    {SECCOMP_RET_ALLOW, EPERM},           {SECCOMP_RET_KILL_PROCESS, EPERM},
    };
    const struct seccomp_data call = {.nr = 1};

    (void)state;
    assert_int_equal(denials_errno(&run.report->plugins[0], &call), EPERM);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set_policy(rows[i].action);
        assert_int_equal(denials_errno(&run.report->plugins[0], &call), rows[i].error);
    }
}

static void aggregation(void **state)
{
    struct report_denied a = {.attempt = 0, .number = 5, .args = {1, 2}, .comm = "sh"}, b = a;

    (void)state;
    for (int i = 0; i < 7; i++)
        denials_record(run.report, &a);
    b.args[5] = 1;
    denials_record(run.report, &b);
    b = a;
    b.comm[0] = 'z';
    denials_record(run.report, &b);
    b = a;
    b.attempt = 1;
    denials_record(run.report, &b);
    assert_int_equal(run.report->denied_count, 4);
    assert_int_equal(run.report->denied[0].count, 7);
    assert_int_equal(run.report->denied[3].count, 1);
    for (uint32_t i = 0; i < REPORT_DENIED_MAX + 5; i++) {
        b.args[0] = i + 100;
        denials_record(run.report, &b);
    }
    assert_int_equal(run.report->denied_count, REPORT_DENIED_MAX);
    assert_int_equal(run.report->attempts[1].recorder_full, 1);
    assert_int_equal(run.report->attempts[0].recorder_full, 0);
}

/* A process whose getpriority(2) is answered from outside; n calls, then its own
 * errno is its exit status. */
static pid_t deny(int n, int *listener)
{
    static struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog fprog = {.len = 4, .filter = program};
    int ends[2], pidfd;
    char byte;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        int fd;

        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &fprog);
        dup2(fd, 200);
        (void)!write(ends[1], "x", 1);
        errno = 0;
        for (int i = 0; i < n; i++)
            if (syscall(SYS_getpriority, i % 3, 0, 0, 0, 0, 0) != -1)
                _exit(200);
        _exit(errno);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    *listener = (int)syscall(SYS_pidfd_getfd, pidfd, 200, 0);
    assert_true(*listener >= 0);
    close(pidfd);
    close(ends[0]);
    close(ends[1]);
    return pid;
}

/* Handles what there is until the process has ended; names is the launcher's end. */
static int until_end(pid_t pid, int names)
{
    static struct wire_buffer buffer;
    struct pollfd p[2] = {{.fd = run.loop.epoll, .events = POLLIN}, {.fd = names, .events = POLLIN}};
    struct wire_packet packet;
    struct msg_comm comm;
    int status;

    for (;;) {
        (void)poll(p, 2, 20);
        if (p[0].revents)
            loop_turn(&run, &run.loop);
        if (names >= 0 && p[1].revents) {
            assert_int_equal(wire_receive(names, &buffer, &packet), 1);
            comm = *(const struct msg_comm *)packet.body;
            assert_int_equal(comm.pid, pid);
            strcpy(comm.comm, "named\x1b");
            denials_named(&run, &comm);
        }
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
}

static void real_listener(void **state)
{
    struct hook *hook = &run.hooks[0];
    int ends[2], listener;
    pid_t pid = deny(9, &listener);

    (void)state;
    set_policy(SECCOMP_RET_ERRNO | EXDEV);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    source_keep(&run.launcher, ends[0]);
    source_watch(&run.loop, &hook->listener, listener, EPOLLIN, denials_ready, hook);
    assert_int_equal(until_end(pid, ends[1]), EXDEV);
    assert_int_equal(run.report->denied_count, 3);
    assert_int_equal(run.report->denied[0].count, 3);
    assert_int_equal(run.report->denied[0].number, SYS_getpriority);
    assert_int_equal(run.report->denied[0].error, EXDEV);
    assert_string_equal(run.report->denied[0].comm, "named\xef\xbf\xbd");
    assert_int_equal(run.report->attempts[0].denied_total, 9);
    source_close(&run.launcher);
    close(ends[1]);
}

/* More calls than are recorded, and a launcher that is gone: all are answered. */
static void flood(void **state)
{
    struct hook *hook = &run.hooks[0];
    int listener;
    pid_t pid = deny(3 * REPORT_DENIED_PER_ATTEMPT, &listener);

    (void)state;
    set_policy(SECCOMP_RET_ERRNO | EACCES);
    source_watch(&run.loop, &hook->listener, listener, EPOLLIN, denials_ready, hook);
    assert_int_equal(until_end(pid, -1), EACCES);
    assert_int_equal(run.report->attempts[0].denied_total, 3 * REPORT_DENIED_PER_ATTEMPT);
    assert_int_equal(run.report->attempts[0].recorder_full, 1);
    assert_int_equal(run.report->denied[0].count + run.report->denied[1].count + run.report->denied[2].count,
                     REPORT_DENIED_PER_ATTEMPT);
}

/* The attempt ends while its name is still asked for. */
static void end_while_asking(void **state)
{
    static const struct msg_comm late = {.pid = 77, .comm = "late"};

    (void)state;
    run.denials[0] = (struct denial){.hook = &run.hooks[0], .pid = 77, .row = {.number = 3}};
    run.denials_count = 1;
    denials_end(&run, &run.hooks[0]);
    assert_int_equal(run.report->denied_count, 1);
    denials_named(&run, &late);
    assert_int_equal(run.report->denied_count, 1);
    assert_int_equal(run.denials_count, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {T(errnos), T(aggregation), T(real_listener), T(flood), T(end_while_asking)};
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
