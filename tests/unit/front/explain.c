/*
 * A policy in words: each part of a hand-made policy is said, and nothing that
 * is not in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cmocka.h>
#include <linux/capability.h>

#include "base/bpf.h"
#include "base/capability.h"
#include "base/policy_words.h"
#include "base/syscall_names.h"
#include "front/explain.h"
#include "front/explain_words.h"

enum { STATEMENTS_MAX = 40 };

struct said {
    unsigned count;
    char key[STATEMENTS_MAX][32];
    char text[STATEMENTS_MAX][STATEMENT_MAX];
};

static void keep(void *context, const char *key, const char *text)
{
    struct said *s = context;
    assert_true(s->count < STATEMENTS_MAX);
    snprintf(s->key[s->count], sizeof s->key[0], "%s", key);
    snprintf(s->text[s->count++], sizeof s->text[0], "%s", text);
}

static const char *under(const struct said *s, const char *key)
{
    for (unsigned i = 0; i < s->count; i++) {
        if (strcmp(s->key[i], key) == 0) {
            return s->text[i];
        }
    }
    return NULL;
}

static void says(const struct said *s, const char *key, const char *words)
{
    const char *text = under(s, key);
    if (text == NULL || strstr(text, words) == NULL) {
        fail_msg("'%s' is not said under %s, but: %s", words, key, text != NULL ? text : "nothing");
    }
}

static void is_silent(const struct said *s, const char *key, const char *words)
{
    const char *text = under(s, key);
    if (text != NULL && strstr(text, words) != NULL) {
        fail_msg("'%s' is said under %s: %s", words, key, text);
    }
}

static void add_path(struct policy_plan *p, enum policy_path_kind kind, const char *path)
{
    p->paths[p->paths_count++] = (struct policy_path){ (uint32_t)kind, p->paths_length };
    memcpy(p->paths_text + p->paths_length, path, strlen(path) + 1);
    p->paths_length += (uint32_t)strlen(path) + 1;
}

/* ioctl: TIOCSTI kills; socket: AF_INET is EACCES; ptrace, mount: EPERM; else allowed. */
static void add_filter(struct policy_plan *p)
{
    const struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)syscall_number("ptrace"), 7, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)syscall_number("mount"), 6, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)syscall_number("socket"), 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)syscall_number("ioctl"), 6, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 0, 5),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 13),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    memcpy(p->filter, program, sizeof program);
    p->filter_length = sizeof program / sizeof *program;
    assert_int_equal(bpf_check(p->filter, p->filter_length), 0);
}

static void make_policy(struct policy_plan *p)
{
    static const char environment[] = "MODE=night\0LEVEL=2";
    memset(p, 0, sizeof *p);
    p->cap_ambient = 1ull << CAP_DAC_OVERRIDE;
    p->cap_bounding = p->cap_ambient | 1ull << CAP_KILL;
    p->rlimits[0] = (struct policy_rlimit){ .resource = RLIMIT_NOFILE, .soft = 64, .hard = 128 };
    p->rlimits[1] = (struct policy_rlimit){ .resource = RLIMIT_NPROC, .soft = 32, .hard = 32 };
    p->rlimits_count = 2;
    p->limits = (struct policy_limits){ .pids = 40, .memory = 1048576 };
    memcpy(p->env, environment, sizeof environment);
    p->env_count = 2;
    p->env_length = sizeof environment;
    add_path(p, PATH_READONLY, "/usr");
    add_path(p, PATH_READONLY, "/etc");
    add_path(p, PATH_MASKED, "/proc/kcore");
    add_path(p, PATH_TMPFS, "/dev");
    add_path(p, PATH_TMPFS, "/scratch");
    add_filter(p);
}

static void policy_in_words(void **state)
{
    (void)state;
    static struct policy_plan p;
    static struct said s;
    make_policy(&p);
    s.count = 0;
    explain_policy(&p, keep, &s);
    says(&s, "capabilities", "CAP_DAC_OVERRIDE (read, write and execute files whatever their mode says)");
    is_silent(&s, "capabilities", "CAP_KILL");
    says(&s, "boundingSet", "CAP_KILL");
    is_silent(&s, "boundingSet", "CAP_DAC_OVERRIDE");
    says(&s, "files", "not below /usr, /etc;");
    says(&s, "files", "private, empty /scratch; sees a /dev with null,");
    says(&s, "hidden", "/proc/kcore");
    says(&s, "networkRefused", "connect over IPv4 (EACCES)");
    says(&s, "network", "connect over IPv6");
    is_silent(&s, "network", "IPv4");
    says(&s, "refused", "mount file systems (EPERM)");
    says(&s, "refused", "trace other processes (EPERM)");
    says(&s, "killedFor", "type into a terminal");
    is_silent(&s, "allowed", "type into a terminal");
    /* What the launcher's own filter kills, though the policy's allows it. */
    says(&s, "killedFor", "freeze a file system (FIFREEZE); thaw a file system (FITHAW)");
    says(&s, "killedFor", "load kernel modules; load another kernel; reboot");
    is_silent(&s, "allowed", "reboot");
    says(&s, "allowed", "load BPF programs");
    says(&s, "limits", "at most 64 open files (it may raise that to 128); 32 processes of its user; "
         "40 processes and threads of all that it starts, root's too; 1048576 bytes of memory of all that it starts; no core dump");
    says(&s, "environment", "MODE=night, LEVEL=2; nothing of the caller's");
    says(&s, "processes", "lives until the post-script is over");
    says(&s, "isolation", "own mount namespace;");
}

static void flags_in_words(void **state)
{
    (void)state;
    static struct policy_plan p;
    static struct said s;
    make_policy(&p);
    p.flags = POLICY_READONLY_ROOT | POLICY_FORBID_SURVIVORS | POLICY_NEW_NET | POLICY_NEW_IPC | POLICY_NEW_UTS;
    p.cap_ambient = p.cap_bounding = 0;
    s.count = 0;
    explain_policy(&p, keep, &s);
    says(&s, "capabilities", "none");
    assert_null(under(&s, "boundingSet"));
    says(&s, "files", "may write nowhere but in /tmp and in its own /scratch");
    says(&s, "network", "none");
    assert_null(under(&s, "networkRefused"));
    says(&s, "processes", "everything it started is killed when it ends");
    says(&s, "isolation", "own System V and POSIX IPC, own host name");
}

static struct report_text add_text(struct report *r, const char *text)
{
    struct report_text t = { r->text_length, (uint32_t)strlen(text) };
    memcpy(r->text + t.offset, text, t.length);
    r->text_length += t.length;
    return t;
}

static struct report *make_report(void)
{
    struct report *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->version = REPORT_VERSION;
    r->host_timeout_seconds = 1800;
    r->plugins_count = 1;
    r->plugins[0] = (struct report_plugin){ .used = 1, .continue_on_failure = 1, .freeze = 1, .has_policy = 1, .timeout_seconds = 30,
                                            .grace_seconds = 5, .retries = { 2, 0 }, .uid = 26, .gid = 27 };
    r->plugins[0].name = add_text(r, "db\033[31m");
    r->plugins[0].user = add_text(r, "postgres");
    make_policy(&r->plugins[0].effective);
    r->hooks[WIRE_SLOT(0, PHASE_PRE)].used = 1;
    r->hooks[WIRE_SLOT(0, PHASE_PRE)].path = add_text(r, "/etc/azure/pre.sh");
    return r;
}

/* The contract's rows for a pre-script that fails, and for a post-script. */
static const struct {
    uint8_t go_on, freeze;
    const char *pre, *post;
} failures[] = {
    { 1, 1, "as fileSystemConsistent, exit status 10", "fileSystemConsistent, exit status 10" },
    { 1, 0, "no snapshot is taken, for nothing is frozen that would make it consistent, exit status 20", "fileSystemConsistent, exit status 10" },
    { 0, 1, "no snapshot is taken (continueBackupOnFailure is false), exit status 20", "none, exit status 20" },
    { 0, 0, "no snapshot is taken (continueBackupOnFailure is false), exit status 20", "none, exit status 20" },
};

static void plugin_in_words(void **state)
{
    (void)state;
    static struct said s;
    struct report *r = make_report();
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        r->plugins[0].continue_on_failure = failures[i].go_on;
        r->plugins[0].freeze = failures[i].freeze;
        s.count = 0;
        explain_plugin(r, 0, keep, &s);
        says(&s, "whenPreScriptFails", failures[i].pre);
        says(&s, "whenPreScriptFails", "the post-script runs");
        says(&s, "whenPostScriptFails", failures[i].post);
    }
    says(&s, "user", "postgres, user id 26, group id 27");
    says(&s, "preScript", "/etc/azure/pre.sh");
    assert_null(under(&s, "postScript"));
    says(&s, "time", "30 s for each script, all its tries together (pre-script at most 3, post-script at most 1)");
    says(&s, "time", "SIGKILL 5 s later; 1800 s for all pre-scripts");
    r->host_timeout_seconds = 10;
    s.count = 0;
    explain_plugin(r, 0, keep, &s);
    says(&s, "time", "10 s for each script");
    free(r);
}

static void printed_and_json(void **state)
{
    (void)state;
    struct report *r = make_report();
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    explain_print(out, r);
    fclose(out);
    assert_null(strchr(text, '\033'));
    assert_non_null(strstr(text, "db\\x1b[31m\n"));
    free(text);
    cJSON *object = explain_json(r);
    assert_non_null(object);
    const cJSON *plugins = cJSON_GetObjectItemCaseSensitive(object, "plugins");
    assert_int_equal(cJSON_GetArraySize(plugins), 1);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(plugins, 0), "user")),
                        "postgres, user id 26, group id 27");
    assert_true(cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(object, "findings")));
    cJSON_Delete(object);
    free(r);
}

static void words_for_all(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CAPABILITIES; i++) {
        assert_non_null(capability_words(i));
    }
    assert_null(capability_words(CAPABILITIES));
    for (uint32_t i = 0; i < RLIM_NLIMITS; i++) {
        assert_non_null(rlimit_words(i));
    }
    assert_null(rlimit_words(RLIM_NLIMITS));
    /* Every probe names a call that this machine or another one has. */
    for (unsigned i = 0; i < EXPLAIN_PROBES; i++) {
        assert_non_null(explain_probes[i].words);
        assert_true(syscall_number(explain_probes[i].syscall) >= 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_in_words), cmocka_unit_test(flags_in_words), cmocka_unit_test(plugin_in_words),
        cmocka_unit_test(printed_and_json), cmocka_unit_test(words_for_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
