/*
 * Denied calls: the errno, a real listener whose process gets the errno of the
 * policy, and a flood of which not everything is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/message.h"
#include "keeper/denials.h"

const char program_name[] = "test-denials";

static struct denials denials;
static struct policy_plan policy;
static int supervisor; /* its end */

static int begin(void **state)
{
    int ends[2];
    (void)state;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return -1;
    }
    supervisor = ends[0];
    denials = (struct denials){
        .listener = -1, .report = ends[1], .launcher = (int)syscall(SYS_pidfd_open, getpid(), 0), .uid = geteuid(), .gid = getegid(), .policy = &policy, .proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC),
    };
    return 0;
}

static int end(void **state)
{
    (void)state;
    close(supervisor);
    close(denials.report);
    close(denials.proc);
    close(denials.launcher);
    return 0;
}

static void set_policy(uint32_t action)
{
    policy.filter_length = 1;
    policy.filter[0] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
}

static void errnos(void **state)
{
    static const struct {
        uint32_t action, error;
    } rows[] = {
        { SECCOMP_RET_USER_NOTIF | EACCES, EACCES }, { SECCOMP_RET_USER_NOTIF | ENOSYS, ENOSYS },
        { SECCOMP_RET_USER_NOTIF | 0, EPERM }, { SECCOMP_RET_USER_NOTIF | 4096, EPERM },
        { SECCOMP_RET_USER_NOTIF | 4095, 4095 }, { SECCOMP_RET_ERRNO | EACCES, EPERM },
        { SECCOMP_RET_ALLOW, EPERM }, { SECCOMP_RET_KILL_PROCESS, EPERM },
    };
    const struct seccomp_data call = { .nr = 1 };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_policy(rows[i].action);
        assert_int_equal(denials_errno(&policy, &call), rows[i].error);
    }
}

/* A process whose getpriority(2), setpriority(2) and mkdirat(2) are answered from outside;
 * the errno that calls left is its exit status. */
static pid_t deny(void (*calls)(int n), int n)
{
    static struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpriority, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setpriority, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdirat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = { .len = 6, .filter = program };
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_NAME, "denied one");
        (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        (void)dup2((int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter), 200);
        (void)!write(ends[1], "x", 1);
        errno = 0;
        calls(n);
        _exit(errno);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    denials.listener = (int)syscall(SYS_pidfd_getfd, pidfd, 200, 0);
    assert_true(denials.listener >= 0);
    close(pidfd);
    close(ends[0]);
    close(ends[1]);
    return pid;
}

/* n of the one call, and a last one of another. */
static void priorities(int n)
{
    for (int i = 0; i < n; i++) {
        if (syscall(SYS_getpriority, i % 3, 2, 3, 4, 5, 6) != -1) {
            _exit(200);
        }
    }
    errno = 0;
    (void)syscall(SYS_setpriority, 7, 0, 0);
}

/* What was told, by the supervisor's end. */
static struct {
    uint32_t told, last_at, more_calls;
    uint64_t more;
    struct msg_denied first, last;
} heard;

static void hear(void)
{
    static struct wire_buffer buffer;
    struct wire_packet packet;
    assert_int_equal(wire_receive(supervisor, &buffer, &packet), 1);
    if (packet.type == MSG_DENIED_MORE) {
        const struct msg_denied_more *m = packet.body;
        assert_int_equal(m->number, SYS_getpriority);
        heard.more_calls++;
        heard.more += m->count;
        return;
    }
    assert_int_equal(packet.type, MSG_DENIED);
    heard.last = *(const struct msg_denied *)packet.body;
    heard.first = heard.told++ == 0 ? heard.last : heard.first;
    heard.last_at = heard.last.last != 0 ? heard.told : heard.last_at;
}

/* Serves and hears until the process has ended.  Returns its exit status. */
static int until_end(pid_t pid)
{
    struct pollfd p[2] = { { denials.listener, POLLIN, 0 }, { supervisor, POLLIN, 0 } };
    int status;
    memset(&heard, 0, sizeof heard);
    while ((p[0].revents & POLLHUP) == 0) {
        assert_true(poll(p, 2, 10000) > 0);
        if ((p[1].revents & POLLIN) != 0) {
            hear();
        } else if ((p[0].revents & POLLIN) != 0) {
            denials_serve(&denials);
        }
    }
    denials_end(&denials);
    while (poll(&p[1], 1, 0) > 0) {
        hear();
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(denials.listener);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void real_listener(void **state)
{
    static const uint64_t args[6] = { 0, 2, 3, 4, 5, 6 };
    (void)state;
    set_policy(SECCOMP_RET_USER_NOTIF | EXDEV);
    assert_int_equal(until_end(deny(priorities, 9)), EXDEV);
    assert_int_equal(heard.told, 10);
    assert_int_equal(heard.more_calls, 0);
    assert_int_equal(heard.last_at, 0);
    assert_int_equal(heard.first.number, SYS_getpriority);
    assert_int_equal(heard.first.error, EXDEV);
    assert_memory_equal(heard.first.args, args, sizeof args);
    assert_string_equal(heard.first.comm, "denied one");
    assert_int_equal(heard.last.number, SYS_setpriority);
}

/* Of a flood a bounded part is told, and of another call all the same; the rest is counted. */
static void flood(void **state)
{
    enum { CALLS = 3 * DENIED_TOLD_MAX };
    (void)state;
    set_policy(SECCOMP_RET_USER_NOTIF | EACCES);
    assert_int_equal(until_end(deny(priorities, CALLS)), EACCES);
    assert_int_equal(heard.told, DENIED_TOLD_MAX + 1);
    assert_int_equal(heard.last_at, DENIED_TOLD_MAX);
    assert_int_equal(heard.last.number, SYS_setpriority);
    assert_int_equal(heard.more_calls, 1);
    assert_int_equal(heard.more, CALLS - DENIED_TOLD_MAX);
}

static char path[] = "/some/where\0a secret";

static void directory(int hidden)
{
    (void)prctl(PR_SET_DUMPABLE, !hidden);
    (void)syscall(SYS_mkdirat, AT_FDCWD, path, 0700);
}

/* A string to its NUL, and not what lies behind it. */
static void memory(void **state)
{
    (void)state;
    set_policy(SECCOMP_RET_USER_NOTIF | EROFS);
    assert_int_equal(until_end(deny(directory, false)), EROFS);
    assert_int_equal(heard.told, 1);
    assert_int_equal(heard.first.memory[0].state, MEMORY_READ);
    assert_int_equal(heard.first.memory[0].length, strlen(path));
    assert_string_equal((const char *)heard.first.memory[0].bytes, path);
    for (size_t i = strlen(path); i < CALL_MEMORY_MAX; i++) {
        assert_int_equal(heard.first.memory[0].bytes[i], 0);
    }
    assert_int_equal(heard.first.memory[1].state, MEMORY_NONE);
}

/* Without a procfs nothing is read, and the call is refused all the same. */
static void no_procfs(void **state)
{
    (void)state;
    close(denials.proc);
    denials.proc = -1;
    set_policy(SECCOMP_RET_USER_NOTIF | EROFS);
    assert_int_equal(until_end(deny(directory, false)), EROFS);
    assert_string_equal(heard.first.comm, "");
    assert_int_equal(heard.first.memory[0].state, MEMORY_CLOSED);
}

/* It is killed before it is heard. */
static void gone(void **state)
{
    (void)state;
    set_policy(SECCOMP_RET_USER_NOTIF | EROFS);
    pid_t pid = deny(directory, false);
    struct pollfd p = { denials.listener, POLLIN, 0 };
    assert_int_equal(poll(&p, 1, 10000), 1);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    denials_serve(&denials); /* nobody asks any more */
    assert_int_equal(poll(&(struct pollfd){ supervisor, POLLIN, 0 }, 1, 0), 0);
    close(denials.listener);
}

/* The supervisor is gone: all are answered. */
static void nobody_to_tell(void **state)
{
    (void)state;
    set_policy(SECCOMP_RET_USER_NOTIF | EACCES);
    close(supervisor);
    supervisor = open("/dev/null", O_WRONLY | O_CLOEXEC);
    pid_t pid = deny(priorities, 5);
    struct pollfd p = { denials.listener, POLLIN, 0 };
    int status;
    while ((p.revents & POLLHUP) == 0) {
        assert_true(poll(&p, 1, 10000) > 0);
        if ((p.revents & POLLIN) != 0) {
            denials_serve(&denials);
        }
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), EACCES);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = { T(errnos), T(real_listener), T(flood), T(memory), T(no_procfs), T(gone), T(nobody_to_tell) };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
