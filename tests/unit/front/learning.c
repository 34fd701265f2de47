/*
 * A script that is learned from, seen by the front: the filter that it gets, and every
 * message of quiesce-learn in every state.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bpf.h"
#include "base/clock.h"
#include "base/native.h"
#include "front/learning.h"

/* ---- the filter ------------------------------------------------------------------ */

static struct policy_plan plan;

static uint32_t ask(uint32_t arch, int number)
{
    const struct seccomp_data data = { .nr = number, .arch = arch };
    return bpf_run(plan.filter, plan.filter_length, &data);
}

static void every_answer_is_asked_for(void **state)
{
    static const struct sock_filter base[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_LOG),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 13),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | LEARN_MISSING),
    };
    (void)state;
    memcpy(plan.filter, base, sizeof base);
    plan.filter_length = sizeof base / sizeof *base;
    assert_int_equal(learning_filter(&plan), 0);
    assert_int_equal(bpf_check(plan.filter, plan.filter_length), 0);
    assert_int_equal(ask(NATIVE_ARCH, SYS_execve), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(NATIVE_ARCH, SYS_exit_group), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(NATIVE_ARCH ^ 1, SYS_execve), SECCOMP_RET_ERRNO | LEARN_MISSING);
    assert_int_equal(ask(NATIVE_ARCH, SYS_execveat), SECCOMP_RET_ERRNO | LEARN_MISSING);
    assert_int_equal(ask(NATIVE_ARCH, SYS_read), SECCOMP_RET_ERRNO | LEARN_ALLOWED);
    assert_int_equal(ask(NATIVE_ARCH, SYS_write), SECCOMP_RET_ERRNO | LEARN_LOGGED);
    assert_int_equal(ask(NATIVE_ARCH, SYS_mount), SECCOMP_RET_ERRNO | 13);
    assert_int_equal(ask(NATIVE_ARCH, SYS_ptrace), SECCOMP_RET_ERRNO | LEARN_KILLED);
    assert_int_equal(ask(NATIVE_ARCH, SYS_bpf), SECCOMP_RET_ERRNO | LEARN_KILLED);
    plan.filter_length = POLICY_FILTER_MAX - 5;
    assert_int_equal(learning_filter(&plan), -1);
}

/* ---- messages -------------------------------------------------------------------------- */

static struct learning l;
static struct learned learned;
static struct policy_plan base;
static struct course *c;
static int other; /* quiesce-learn's end */

static void begin(enum learning_state at)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    memset(&learned, 0, sizeof learned);
    memset(&base, 0, sizeof base);
    l = (struct learning){ .base = &base, .timeout_seconds = 7, .learner = ends[0] };
    other = ends[1];
    c = &l.courses[PHASE_PRE];
    *c = (struct course){ .learned = &learned, .keeper = -1, .events = -1, .state = at, .out = { .in = -1 }, .err = { .in = -1 } };
    learned.code = -1;
    learned.end = LEARNED_OVER;
}

static void end(void)
{
    close(l.learner);
    close(other);
}

/* The next message for quiesce-learn; MSG_NONE: there is none. */
static uint32_t heard(void)
{
    static struct wire_buffer buffer;
    struct wire_packet packet;
    return wire_receive(other, &buffer, &packet) == 1 ? packet.type : (uint32_t)MSG_NONE;
}

static void say(enum wire_peer peer, uint32_t type, const void *body, unsigned fds)
{
    struct wire_packet packet = { .type = type, .body = body, .fds_count = fds };
    for (unsigned i = 0; i < fds; i++) {
        packet.fds[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
    }
    course_message(&l, c, peer, &packet);
}

static const struct wire_rule allowed[] = {
#define X(state, peer, type, function) { state, peer, type },
    LEARNING_RULES(X)
#undef X
};

static void every_state_times_every_type(void **state)
{
    static union wire_any body; /* zeros */
    unsigned taken = 0;
    (void)state;
    for (unsigned s = 0; s < LEARNING_STATES; s++) {
        for (unsigned peer = 0; peer < WIRE_PEERS; peer++) {
            for (uint32_t type = 0; type < MSG_TYPES + 3; type++) {
                begin((enum learning_state)s);
                say((enum wire_peer)peer, type, &body, 0);
                bool listed = wire_find(allowed, sizeof allowed / sizeof *allowed, s, peer, type) >= 0;
                bool refused = l.failure != NULL && strstr(l.failure, "said what it may not") != NULL;
                if (listed == refused) {
                    fail_msg("state %u, peer %u, %s: %s", s, peer, wire_name(type), l.failure);
                }
                taken += listed;
                end();
            }
        }
    }
    assert_int_equal(taken, sizeof allowed / sizeof *allowed);
}

static void the_course_of_a_script(void **state)
{
    const struct msg_started started = { .with_cgroup = 1, .attempt = 1 };
    const struct msg_execed execed = { .pid = 5 };
    const struct msg_exited exited = { .code = 0 };
    const struct msg_learned_end over = { .lost = 3 };
    struct msg_learned_call call = { .index = 0, .call = { .number = 1, .answer = LEARN_ALLOWED, .count = 1 } };
    (void)state;
    begin(LEARNING_IDLE);
    course_start(&l, c);
    assert_int_equal(heard(), MSG_START);
    say(PEER_LAUNCHER, MSG_STARTED, &started, 5);
    assert_int_equal(c->state, LEARNING_RUNNING);
    assert_in_range(c->deadline_ns, clock_monotonic_ns() + 6 * NS_PER_S, clock_monotonic_ns() + 7 * NS_PER_S);
    say(PEER_KEEPER, MSG_EXECED, &execed, 0);
    say(PEER_KEEPER, MSG_LEARNED_CALL, &call, 0);
    call.call.count = 9;
    say(PEER_KEEPER, MSG_LEARNED_CALL, &call, 0);
    assert_false(course_passed(c));
    say(PEER_KEEPER, MSG_EXITED, &exited, 0);
    say(PEER_KEEPER, MSG_LEARNED_END, &over, 0);
    assert_null(l.failure);
    assert_true(course_passed(c));
    course_keeper_gone(&l, c);
    assert_null(l.failure);
    assert_int_equal(learned.count, 1);
    assert_int_equal(learned.calls[0].count, 9);
    assert_int_equal(learned.lost, 3);
    assert_true(learned_valid(&learned));
    assert_int_equal(heard(), MSG_NONE);
    end();
}

/* Regressions: messages_learning/a-post-script-that-was-not-started-has-left-nothing,
 * messages_learning/what-was-not-executed-has-left-nothing. */
static void time_goes_by(void **state)
{
    (void)state;
    begin(LEARNING_RUNNING);
    c->ran = true;
    course_time_up(&l, c);
    assert_int_equal(heard(), MSG_TERM);
    course_time_up(&l, c);
    assert_int_equal(heard(), MSG_KILL);
    assert_int_equal(learned.end, LEARNED_TIMED_OUT);
    assert_null(l.failure);
    course_time_up(&l, c);
    assert_non_null(strstr(l.failure, "do not end"));
    end();
    begin(LEARNING_RUNNING); /* what it left running */
    c->ran = c->exited = true;
    learned.code = 0;
    course_time_up(&l, c);
    assert_int_equal(heard(), MSG_KILL);
    assert_int_equal(learned.end, LEARNED_SURVIVED);
    assert_true(course_passed(c));
    end();
    begin(LEARNING_RUNNING); /* it was not executed, and its keeper does not go */
    say(PEER_KEEPER, MSG_EXEC_FAILED, &(struct msg_exec_failed){ START_EXEC, ENOENT }, 0);
    course_time_up(&l, c);
    assert_int_equal(heard(), MSG_KILL);
    assert_int_equal(learned.end, LEARNED_NOT_STARTED);
    end();
    begin(LEARNING_STARTING); /* nothing of it is there, and the other script still runs */
    c->deadline_ns = 1;
    say(PEER_LAUNCHER, MSG_STARTED, &(struct msg_started){ .error = EACCES, .step = START_FORK }, 0);
    assert_int_equal(c->deadline_ns, 0);
    assert_int_equal(learned.end, LEARNED_NOT_STARTED);
    end();
    begin(LEARNING_STARTING);
    course_time_up(&l, c);
    assert_non_null(l.failure);
    end();
}

/* A script that has ended, and something of it is left. */
static void left(int code, enum hook_phase phase, uint32_t flags, uint32_t expected, uint32_t how)
{
    const struct msg_exited exited = { .code = code, .left = 1 };
    begin(LEARNING_RUNNING);
    c->ran = true;
    c->phase = phase;
    base.flags = flags;
    say(PEER_KEEPER, MSG_EXITED, &exited, 0);
    assert_int_equal(heard(), expected);
    assert_int_equal(learned.end, how);
    end();
}

static void leftovers(void **state)
{
    (void)state;
    left(0, PHASE_PRE, 0, MSG_NONE, LEARNED_OVER);
    left(0, PHASE_PRE, POLICY_FORBID_SURVIVORS, MSG_KILL, LEARNED_FORBIDDEN);
    left(0, PHASE_POST, 0, MSG_KILL, LEARNED_OVER);
    left(1, PHASE_PRE, 0, MSG_TERM, LEARNED_OVER);
}

static void a_hostile_call_ends_it(void **state)
{
    const struct msg_learned_call call = { .call = { .number = SYS_ptrace, .answer = LEARN_KILLED, .count = 1 } };
    (void)state;
    begin(LEARNING_RUNNING);
    c->ran = true;
    say(PEER_KEEPER, MSG_LEARNED_CALL, &call, 0);
    assert_int_equal(heard(), MSG_KILL);
    say(PEER_KEEPER, MSG_LEARNED_CALL, &call, 0);
    assert_int_equal(heard(), MSG_NONE);
    assert_int_equal(learned.end, LEARNED_HOSTILE);
    course_keeper_gone(&l, c); /* killed with it, where there is no cgroup */
    assert_null(l.failure);
    assert_false(course_passed(c));
    end();
}

/* Regressions: messages_learning/started-with-an-errno-that-there-is-not,
 * messages_learning/not-executed-with-an-errno-that-there-is-not. */
static void what_makes_no_sense(void **state)
{
    const struct msg_started bad_step = { .step = START_STEPS };
    const struct msg_exec_failed failed = { START_EXEC, ENOENT }, bad_failed = { START_STEPS, 1 };
    const struct msg_exited bad_code = { .code = 256 };
    const struct msg_execed execed = { 0 };
    struct msg_learned_call call = { .index = 1, .call = { .number = 1, .answer = LEARN_ALLOWED, .count = 1 } };
    (void)state;
    const struct {
        enum learning_state at;
        enum wire_peer peer;
        uint32_t type;
        const void *body;
        unsigned fds;
        bool ran;
    } rows[] = {
        { LEARNING_STARTING, PEER_LAUNCHER, MSG_STARTED, &bad_step, 3, false },
        { LEARNING_STARTING, PEER_LAUNCHER, MSG_STARTED, &(struct msg_started){ 0 }, 5, false },
        { LEARNING_STARTING, PEER_LAUNCHER, MSG_STARTED, &(struct msg_started){ .error = 1 }, 3, false },
        { LEARNING_STARTING, PEER_LAUNCHER, MSG_STARTED, &(struct msg_started){ .error = LEARNED_ERRNO_MAX + 1 }, 0, false },
        { LEARNING_RUNNING, PEER_KEEPER, MSG_EXECED, &execed, 0, true },
        { LEARNING_RUNNING, PEER_KEEPER, MSG_EXEC_FAILED, &failed, 0, true },
        { LEARNING_RUNNING, PEER_KEEPER, MSG_EXEC_FAILED, &bad_failed, 0, false },
        { LEARNING_RUNNING, PEER_KEEPER, MSG_EXEC_FAILED, &(struct msg_exec_failed){ .error = LEARNED_ERRNO_MAX + 1 }, 0, false },
        { LEARNING_RUNNING, PEER_KEEPER, MSG_EXITED, &bad_code, 0, true },
        { LEARNING_RUNNING, PEER_KEEPER, MSG_EXITED, &(struct msg_exited){ 0 }, 0, false },
        { LEARNING_RUNNING, PEER_KEEPER, MSG_LEARNED_CALL, &call, 0, true },
        { LEARNING_RUNNING, PEER_KEEPER, MSG_LEARNED_CALL, &(struct msg_learned_call){ 0 }, 0, true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(rows[i].at);
        c->ran = rows[i].ran;
        say(rows[i].peer, rows[i].type, rows[i].body, rows[i].fds);
        if (l.failure == NULL) {
            fail_msg("row %zu", i);
        }
        end();
    }
    begin(LEARNING_RUNNING); /* it ends before its script */
    c->ran = true;
    course_keeper_gone(&l, c);
    assert_non_null(l.failure);
    end();
    begin(LEARNING_RUNNING);
    say(PEER_KEEPER, MSG_EXEC_FAILED, &failed, 0);
    course_keeper_gone(&l, c);
    assert_null(l.failure);
    assert_int_equal(learned.end, LEARNED_NOT_STARTED);
    assert_false(course_passed(c));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_is_asked_for), cmocka_unit_test(every_state_times_every_type),
        cmocka_unit_test(the_course_of_a_script),    cmocka_unit_test(time_goes_by),
        cmocka_unit_test(leftovers),                 cmocka_unit_test(a_hostile_call_ends_it),
        cmocka_unit_test(what_makes_no_sense),
    };
    return cmocka_run_group_tests_name("front/learning", tests, NULL, NULL);
}
