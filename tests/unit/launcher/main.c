/*
 * What the launcher takes from the monitor before SEAL: each message that is out of its
 * bounds ends it, before anything of it is used.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>

#include "quiesce/outcome.h"

/* Its handlers are its own. */
#define main launcher_main
int launcher_main(void);
#include "launcher/main.c"
#undef main

static struct launcher launcher; /* large */
static struct msg_policy policy;
static struct msg_hook hook;
static struct msg_start start;
static struct msg_slot slot;

/* What a monitor sends; each row changes one thing of it. */
static void make_messages(void)
{
    memset(&launcher, 0, sizeof launcher);
    memset(&policy, 0, sizeof policy);
    policy.index = PLAN_PLUGINS_MAX - 1;
    policy.plan.head.usable = 1;
    policy.plan.cap_bounding = 1ull << CAP_CHOWN;
    policy.plan.filter_length = 2;
    policy.plan.filter[0] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    policy.plan.filter[1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    memset(&hook, 0, sizeof hook);
    hook.policy = policy.index;
    hook.path[0] = '/';
    start = (struct msg_start){ .slot = WIRE_HOOKS_MAX - 1, .attempt = 1 };
    slot = (struct msg_slot){ .slot = WIRE_HOOKS_MAX - 1 };
}

static struct wire_packet packet_of(const void *body)
{
    return (struct wire_packet){ .body = body };
}

static void takes_a_policy(void **state)
{
    (void)state;
    make_messages();
    struct wire_packet packet = packet_of(&policy);
    on_policy(&launcher, &packet);
    assert_true(launcher.policy_loaded[policy.index]);
    assert_int_equal(launcher.granted, 1ull << CAP_CHOWN);
    /* Its denials are told, with their errno. */
    assert_int_equal(launcher.policies[policy.index].filter[0].k, SECCOMP_RET_USER_NOTIF | EPERM);
    assert_int_equal(launcher.policies[policy.index].filter[1].k, SECCOMP_RET_ALLOW);
}

/* name, handler, its message, statement that spoils it */
#define SPOILS(X)                                                                                    \
    X(policy_number, on_policy, &policy, policy.index = PLAN_PLUGINS_MAX)                            \
    X(policy_number_huge, on_policy, &policy, policy.index = UINT32_MAX)                             \
    X(policy_twice, on_policy, &policy, launcher.policy_loaded[policy.index] = true)                 \
    X(policy_unusable, on_policy, &policy, policy.plan.head.usable = 0)                              \
    X(policy_longer_than_there_is_room, on_policy, &policy, policy.plan.filter_length = POLICY_FILTER_MAX + 1) \
    X(policy_of_any_length, on_policy, &policy, policy.plan.filter_length = UINT32_MAX)              \
    X(policy_capability, on_policy, &policy, policy.plan.cap_bounding |= 1ull << 63)                 \
    X(hook_slot, on_hook, &hook, hook.slot = WIRE_HOOKS_MAX)                                         \
    X(hook_twice, on_hook, &hook, launcher.hooks[hook.slot].loaded = true)                           \
    X(hook_policy, on_hook, &hook, hook.policy = PLAN_PLUGINS_MAX)                                   \
    X(hook_policy_not_there, on_hook, &hook, launcher.policy_loaded[hook.policy] = false)            \
    X(hook_path, on_hook, &hook, hook.path[0] = 'a')                                                 \
    X(start_slot, on_start, &start, start.slot = WIRE_HOOKS_MAX)                                     \
    X(start_attempt, on_start, &start, start.attempt = 0)                                            \
    X(start_pre_result, on_start, &start, start.pre_result = PRE_RESULTS)                            \
    X(start_snapshot_result, on_start, &start, start.snapshot_result = SNAPSHOT_RESULTS)             \
    X(term_slot, on_term, &slot, slot.slot = WIRE_HOOKS_MAX)                                         \
    X(kill_slot, on_kill, &slot, slot.slot = UINT32_MAX)

#define X(name, handler, message, statement) static void spoil_##name(void) { statement; }
SPOILS(X)
#undef X

static const struct {
    const char *name;
    wire_handler *handler;
    const void *message;
    void (*spoil)(void);
} spoils[] = {
#define X(name, handler, message, statement) { #name, handler, message, spoil_##name },
    SPOILS(X)
#undef X
};

/* What a handler's process ends with, and whether it says that this was out of its bounds. */
static bool ends_it(wire_handler *handler, const void *message)
{
    static const char says[] = "out of its bounds";
    struct wire_packet packet = packet_of(message);
    char text[256] = { 0 };
    int ends[2], status = 0;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (dup2(ends[1], STDERR_FILENO) == STDERR_FILENO) {
            handler(&launcher, &packet);
        }
        _exit(0);
    }
    close(ends[1]);
    ssize_t n = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return n > 0 && strstr(text, says) != NULL && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_INTERNAL;
}

/* Regression: messages_launcher/policy-with-more-instructions-than-there-is-room-for. */
static void refuses_each(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
        make_messages();
        launcher.policy_loaded[hook.policy] = spoils[i].handler == on_hook;
        spoils[i].spoil();
        if (!ends_it(spoils[i].handler, spoils[i].message)) {
            fail_msg("%s is taken", spoils[i].name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_policy),
        cmocka_unit_test(refuses_each),
    };

    return cmocka_run_group_tests_name("launcher", tests, NULL, NULL);
}
