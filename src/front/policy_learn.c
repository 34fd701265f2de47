#include "front/policy_learn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/plan_check.h"
#include "base/report_names.h"
#include "base/walk.h"
#include "base/walk_words.h"
#include "front/learning.h"
#include "front/policy_call.h"
#include "front/preflight.h"
#include "front/sanitise.h"
#include "quiesce/outcome.h"

enum { MESSAGE_MAX = 1024, NAMES_MAX = 2 * PLAN_PATH_MAX + 8 };

/* What is opened and what comes of it; large. */
struct work {
    const struct options *options;
    char base[PLAN_PATH_MAX];
    int base_copy, passwd, group, scripts[PHASES]; /* sealed copies, or -1 */
    struct policy_ready ready;
    struct msg_hook hooks[PHASES];
    struct learned learned[PHASES]; /* in the end the first holds all */
    struct learning learning;
};

static int complain(int status, const char *message)
{
    fputs("quiesce: ", stderr);
    sanitise_print(stderr, message, strlen(message));
    putc('\n', stderr);
    return status;
}

/* The status of a script that failed, as in a run that must not go on. */
static int failed_status(void)
{
    return outcome_table[OUTCOME_PRE_FAILED].exit_stop;
}

static uint32_t timeout(const struct options *o)
{
    return o->timeout_seconds != 0 ? o->timeout_seconds : LEARN_TIMEOUT_DEFAULT;
}

/* ---- files ------------------------------------------------------------------------- */

/* By the same rules as a run's monitor.  Returns 0 with *copy, or an exit status after a message. */
static int open_checked(int root, uint32_t kind, const char *path, int *copy)
{
    static struct walk_result result;
    char words[256];
    *copy = walk_copy(root, kind, path, &result);
    if (*copy >= 0) {
        return 0;
    }
    walk_words(words, sizeof words, &result);
    return complain(EXIT_CONFIGURATION, words);
}

/* The script has an effect: it is not run for a policy that then has nowhere to go. */
static int check_output(const struct options *o)
{
    struct stat output, script;
    if (o->output == NULL) {
        return 0;
    }
    for (unsigned i = 0; i < PHASES; i++) {
        if (o->scripts[i][0] != '\0' && stat(o->output, &output) == 0 && stat(o->scripts[i], &script) == 0
            && output.st_dev == script.st_dev && output.st_ino == script.st_ino) {
            return complain(EXIT_USAGE, "the output is the script itself, which would be lost");
        }
    }
    return policy_output_check(o->output);
}

static int open_all(struct work *w)
{
    const struct options *o = w->options;
    static struct machine places;
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        return complain(EXIT_INTERNAL, "the root directory cannot be opened");
    }
    machine_find_places(&places);
    const char *name = o->base[0] != '\0' ? o->base : "strict";
    bool path = name[0] == '/';
    char in_policies[PLAN_PATH_MAX];
    path_join(in_policies, places.policies, "/", name);
    path_join(w->base, path ? name : in_policies, path ? "" : ".json", "");
    int status = open_checked(root, DOC_POLICY, w->base, &w->base_copy);
    if (status == 0 && o->user != NULL) {
        status = open_checked(root, DOC_PASSWD, "/etc/passwd", &w->passwd);
        status = status == 0 ? open_checked(root, DOC_GROUP, "/etc/group", &w->group) : status;
    }
    for (unsigned i = 0; i < PHASES; i++) {
        if (o->scripts[i][0] != '\0') {
            status = status == 0 ? open_checked(root, DOC_KINDS, o->scripts[i], &w->scripts[i]) : status;
        }
    }
    close(root);
    return status;
}

/* ---- quiesce-policy ------------------------------------------------------------------ */

/* A descriptor of its own for a call, which closes it: from the beginning. */
static int again(int fd)
{
    return lseek(fd, 0, SEEK_SET) == 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
}

/* An output of the call that is added last; its descriptor stays with the call. */
static int add_output(struct policy_call *call)
{
    return policy_call_add(call, POLICY_FILE_OUTPUT, "", memfd_create("policy", MFD_CLOEXEC));
}

static int take_ready(struct work *w, int fd)
{
    const struct policy_ready *r = &w->ready;
    bool named = w->options->user != NULL;
    if (pread(fd, &w->ready, sizeof w->ready, 0) != (ssize_t)sizeof w->ready || !plan_valid(DOC_POLICY, &r->plan) ||
        r->plan.head.usable == 0 ||
        (named && (!plan_valid(DOC_PASSWD, &r->user) || r->user.head.usable == 0 || !plan_valid(DOC_GROUP, &r->groups) ||
                   r->groups.head.usable == 0))) {
        return complain(EXIT_INTERNAL, "what quiesce-policy made of the base makes no sense");
    }
    return 0;
}

/* Has the base compiled for learning, and the user looked up. */
static int compile_base(struct work *w)
{
    static struct policy_call call;
    static const char *const none[] = { NULL };
    policy_call_begin(&call);
    int status = policy_call_add(&call, POLICY_FILE_DOCUMENT, w->base, again(w->base_copy));
    status = status == 0 ? add_output(&call) : status;
    int output = call.files > 1 ? call.fds[1] : -1;
    if (status == 0 && w->options->user != NULL) {
        status = policy_call_add(&call, POLICY_FILE_PASSWD, w->options->user, again(w->passwd));
        status = status == 0 ? policy_call_add(&call, POLICY_FILE_GROUP, "", again(w->group)) : status;
    }
    status = status == 0 ? policy_call_run(&call, "learn-begin", none) : status;
    status = status == 0 ? take_ready(w, output) : status;
    policy_call_close(&call);
    return status;
}

/* Memory with what was learned. */
static int learned_file(const struct work *w)
{
    int fd = memfd_create("learned", MFD_CLOEXEC);
    const struct learned *learned = &w->learned[0];
    if (fd >= 0 && pwrite(fd, learned, sizeof *learned, 0) != (ssize_t)sizeof *learned) {
        close(fd);
        return -1;
    }
    return fd;
}

/* "pre" or "pre and post", as they were given. */
static const char *script_names(const struct work *w, char names[NAMES_MAX])
{
    const char *pre = w->options->scripts[PHASE_PRE], *post = w->options->scripts[PHASE_POST];
    snprintf(names, NAMES_MAX, "%s%s%s", pre, pre[0] != '\0' && post[0] != '\0' ? " and " : "", post);
    return names;
}

/* Prints what was learned and what was refused; writes the policy unless only_report. */
static int write_policy(struct work *w, bool only_report)
{
    static struct policy_call call;
    const char *const words[] = { only_report ? "--report" : w->options->add ? "--add" : NULL, NULL };
    char names[NAMES_MAX];
    policy_call_begin(&call);
    int status = policy_call_add(&call, POLICY_FILE_DOCUMENT, w->base, again(w->base_copy));
    status = status == 0 ? add_output(&call) : status;
    int output = call.files > 1 ? call.fds[1] : -1;
    status = status == 0 ? policy_call_add(&call, POLICY_FILE_LEARNED, script_names(w, names), learned_file(w)) : status;
    status = status == 0 ? policy_call_run(&call, "learn-write", words) : status;
    if (status == 0 && !only_report) {
        status = w->options->output != NULL ? policy_output(output, w->options->output) : policy_print(output);
    }
    policy_call_close(&call);
    return status;
}

/* ---- the script --------------------------------------------------------------------------- */

/* Fills a hook as the monitor does.  Returns 0, or an exit status after a message. */
static int describe_hook(struct work *w, enum hook_phase phase)
{
    static const char plugin[] = "QUIESCE_PLUGIN=learn";
    const struct options *o = w->options;
    const struct policy_ready *r = &w->ready;
    struct msg_hook *h = &w->hooks[phase];
    bool named = o->user != NULL;
    h->uid = named ? r->user.uid : r->plan.uid;
    h->gid = named ? r->user.gid : r->plan.gid;
    h->groups_count = named ? r->groups.count : r->plan.groups_count;
    memcpy(h->groups, named ? r->groups.gids : r->plan.groups, sizeof h->groups);
    path_join(h->home, named ? r->user.home : h->uid == 0 ? "/root" : "/", "", "");
    path_join(h->path, o->scripts[phase], "", "");
    h->env_count = 1;
    h->env_length = sizeof plugin;
    memcpy(h->env, plugin, sizeof plugin);
    for (char **argument = o->arguments; phase == o->phase && *argument != NULL; argument++) {
        size_t length = strlen(*argument) + 1;
        if (h->args_count == PLAN_ARGS_COUNT_MAX || length > sizeof h->args - h->args_length) {
            return complain(EXIT_USAGE, "the script has more arguments than a configuration may give it");
        }
        memcpy(h->args + h->args_length, *argument, length);
        h->args_length += (uint32_t)length;
        h->args_count++;
    }
    return 0;
}

/* Says how one ended that did not pass. */
static void say_failure(const struct work *w, const struct course *c)
{
    const struct learned *l = c->learned;
    const char *which = c->phase == PHASE_PRE ? "pre" : "post";
    char text[MESSAGE_MAX];
    if (l->end == LEARNED_NOT_STARTED) {
        snprintf(text, sizeof text, "the %s-script could not be started (%s): %s", which, start_step_name(l->start_step),
                 start_error_text(l->start_step, l->start_error));
    } else if (l->end == LEARNED_TIMED_OUT) {
        snprintf(text, sizeof text, "the %s-script did not end within %u s and was ended", which, timeout(w->options));
    } else if (l->end == LEARNED_FORBIDDEN) {
        snprintf(text, sizeof text, "the %s-script left processes running, which the base forbids "
                 "(annotations.\"org.quiesce.survivors\"); they were killed", which);
    } else if (l->end == LEARNED_HOSTILE) {
        snprintf(text, sizeof text, "the %s-script called what the base kills, and was killed with all that it had started",
                 which);
    } else if (l->signal != 0) {
        snprintf(text, sizeof text, "the %s-script was killed by SIG%s%s", which, sigabbrev_np((int)l->signal),
                 l->signal == SIGSYS ? ": it called what no script may" : "");
    } else {
        snprintf(text, sizeof text, "the %s-script ended with status %d", which, l->code);
    }
    (void)complain(0, text);
}

/* Says how all ended.  Returns whether every script passed. */
static bool judge(const struct work *w)
{
    bool passed = true;
    for (unsigned i = 0; i < PHASES; i++) {
        const struct course *c = &w->learning.courses[i];
        if (c->hook == NULL || c->state == LEARNING_IDLE) {
            continue; /* the pre-script failed */
        }
        if (!course_passed(c)) {
            say_failure(w, c);
            passed = false;
        } else if (c->learned->end == LEARNED_SURVIVED) {
            char text[MESSAGE_MAX];
            snprintf(text, sizeof text, "what the script left running was ended after %u s: what it would have called "
                     "later is not in the policy", timeout(w->options));
            (void)complain(0, text);
        }
    }
    return passed;
}

/* What is kept though learning cannot see whether it is needed. */
static void hint(const struct work *w)
{
    const struct policy_plan *p = &w->ready.plan;
    if ((p->cap_bounding | p->cap_inheritable | p->cap_ambient) != 0) {
        fputs("quiesce: the capabilities of the base are kept: which of them a script uses cannot be seen\n", stderr);
    }
    if (p->limits.pids != 0 || p->limits.memory != 0 || p->limits.reservation != 0) {
        fputs("quiesce: linux.resources of the base is kept, but did not hold while the script was learned from\n", stderr);
    }
}

static int learn(struct work *w)
{
    char message[MESSAGE_MAX];
    int status = check_output(w->options);
    status = status == 0 ? open_all(w) : status;
    status = status == 0 ? compile_base(w) : status;
    w->learning = (struct learning){ .base = &w->ready.plan, .timeout_seconds = timeout(w->options) };
    for (unsigned i = 0; i < PHASES && status == 0; i++) {
        if (w->scripts[i] >= 0) {
            w->learning.courses[i] = (struct course){ .hook = &w->hooks[i], .script = w->scripts[i], .learned = &w->learned[i] };
            status = describe_hook(w, (enum hook_phase)i);
        }
    }
    if (status != 0) {
        return status;
    }
    policy_narrow(&w->ready.plan, w->hooks[w->options->phase].uid);
    status = learning_run(&w->learning, message, sizeof message);
    if (status != 0) {
        return complain(status, message);
    }
    bool passed = judge(w);
    learned_add(&w->learned[0], &w->learned[1]);
    bool write = (passed && w->learned[0].lost == 0) || w->options->keep;
    status = write_policy(w, !write);
    if (status == 0 && !write) {
        status = complain(failed_status(), "no policy was written; --keep writes it all the same");
    } else if (status == 0) {
        hint(w);
    }
    return status;
}

int policy_learn(const struct options *options)
{
    static struct work w;
    char message[MESSAGE_MAX];
    int status = preflight(message, sizeof message);
    if (status != 0) {
        return complain(status, message);
    }
    w = (struct work){ .options = options, .base_copy = -1, .passwd = -1, .group = -1, .scripts = { -1, -1 } };
    /* A caller may have left it ignored, and then nobody can be waited for. */
    (void)signal(SIGCHLD, SIG_DFL);
    status = learn(&w);
    const int copies[] = { w.base_copy, w.passwd, w.group, w.scripts[0], w.scripts[1] };
    for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
        if (copies[i] >= 0) {
            close(copies[i]);
        }
    }
    return status;
}
