#include "front/conduct.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/report_json.h"
#include "front/ending.h"
#include "front/explain.h"
#include "front/held_call.h"
#include "front/outlook.h"
#include "front/result.h"
#include "front/run.h"
#include "front/preflight.h"
#include "front/recover.h"
#include "front/session.h"
#include "quiesce/outcome.h"

enum { PATIENCE_MS = 2000, ROLES_WAIT_MS = 30000, ROLES_TEXT_MAX = 512, MESSAGE_MAX = 2048 };
/* More than documents, scripts of both phases and a freeze can take together (plan.h). */
enum { RUN_PATIENCE_S = 4 * PLAN_TIMEOUT_MAX };

/* Our ends gone: whoever still lives of the run thaws and ends; of those who hold no
 * right, who does not end, is ended.  Returns true if that was not needed. */
static bool end_roles(struct session *session)
{
    roles_close(&session->roles);
    if (roles_wait(&session->roles, PATIENCE_MS)) {
        return true;
    }
    roles_kill(&session->roles, ROLE_PARSER);
    roles_kill(&session->roles, ROLE_SUPERVISOR);
    return false;
}

void conduct_break_off(struct run *run, struct session *session, char *message, size_t capacity)
{
    char roles[ROLES_TEXT_MAX];
    if (!end_roles(session)) {
        (void)roles_wait(&session->roles, ROLES_WAIT_MS);
    }
    run_read_log(run);
    bool known = roles_describe(&session->roles, roles, sizeof roles);
    snprintf(message, capacity,
             "the run broke off without a result%s%s%s%s%s%s; what was frozen is thawed by the monitor or the guardian; "
             "a post-script may not have run, so see whether the application works again",
             run->failure[0] != '\0' || known ? ": " : "", run->failure, run->failure[0] != '\0' && known ? "; " : "", roles,
             run->log_line[0] != '\0' ? "; last words: " : "", run->log_line);
    cgroup_kill(&session->cgroup);
}

void conduct_clean_up(struct run *run, struct session *session)
{
    char roles[ROLES_TEXT_MAX], text[MESSAGE_MAX];
    int *launcher = &session->roles.statuses[ROLE_LAUNCHER];
    if (!end_roles(session)) {
        /* A monitor that is stopped keeps the others; the guardian thaws when it is gone. */
        roles_kill(&session->roles, ROLE_MONITOR);
        (void)roles_wait(&session->roles, ROLES_WAIT_MS);
    }
    run_read_log(run);
    /* It lives in the run's cgroup, which is emptied at the end whatever is in it. */
    if (run->report != NULL && *launcher != -1 && WIFSIGNALED(*launcher) && WTERMSIG(*launcher) == SIGKILL) {
        *launcher = 0;
    }
    if (run->report != NULL && roles_describe(&session->roles, roles, sizeof roles)) {
        snprintf(text, sizeof text, "beside the result: %s", roles);
        progress_say(&run->progress, text);
    }
    if (run->mode == MODE_RUN) {
        recover_own(session->run_id); /* nothing is left but the record, unless monitor and guardian both were killed */
    }
    int error = cgroup_remove(&session->cgroup);
    error = error != 0 ? error : controllers_remove(&session->controllers);
    if (error != 0) {
        snprintf(text, sizeof text, "the run's cgroup %s could not be removed: %s", session->cgroup.name, strerror(-error));
        progress_say(&run->progress, text);
    }
}

int conduct_start(struct run *run, struct session *session, const struct options *options, enum run_mode mode, char *message,
                  size_t capacity)
{
    footing_take(&run->caller);
    run->options = options;
    run->mode = mode;
    int status = run_take_signals(run);
    if (status != 0) {
        snprintf(message, capacity, "signals cannot be taken over: %s", strerror(-status));
        return EXIT_INTERNAL;
    }
    status = session_start(session, options, mode, &run->caller, message, capacity);
    if (status != 0) {
        return status;
    }
    /* Here the roles start up on another processor; this time costs nothing. */
    cgroup_sweep(&session->cgroup);
    if (mode == MODE_RUN) {
        controllers_sweep(&session->controllers);
    }
    run->supervisor = session->roles.supervisor;
    run->log = session->roles.log;
    run->guardian = session->roles.pidfds[ROLE_GUARDIAN];
    run->witness = (struct witness){ .record = session->record, .run_id = session->run_id };
    run->patience_ns = RUN_PATIENCE_S * NS_PER_S;
    return 0;
}

static int conduct(const struct options *options, const struct presentation *how)
{
    static struct run run;
    static struct session session;
    static struct outlook outlook;
    char message[MESSAGE_MAX];
    int status = preflight(message, sizeof message);
    if (status == 0) {
        status = conduct_start(&run, &session, options, how->mode, message, sizeof message);
    }
    if (status == EXIT_TRY_AGAIN) {
        held_name_holder(message, sizeof message);
    }
    if (status != 0) {
        return ending_failure(options->json, session.run_id, status, message);
    }
    progress_start(&run.progress, STDERR_FILENO, how->quiet, how->mode == MODE_RUN);
    run_loop(&run);
    progress_end(&run.progress);
    if (run.report != NULL) {
        outlook_look(&outlook, run.report, options, how->mode);
        ending_report(how, run.report, &outlook, options->json);
        status = (int)run.result.exit_status;
    } else {
        conduct_break_off(&run, &session, message, sizeof message);
        status = ending_failure(options->json, session.run_id, EXIT_INTERNAL, message);
    }
    conduct_clean_up(&run, &session);
    return status;
}

/* The snapshot command owns standard output: a tar(1) may write to it.  What a
 * person is told of a run therefore goes to standard error. */
int conduct_run(const struct options *options)
{
    const struct presentation real = { MODE_RUN, result_print_run, report_run_json, &stderr, false };
    const struct presentation dry = { MODE_DRY_RUN, result_print_check, report_run_json, &stderr, true };
    static char buffer[BUFSIZ];
    (void)setvbuf(stderr, buffer, _IOFBF, sizeof buffer); /* one write for the result, not one for each word */
    int status = conduct(options, options->dry_run ? &dry : &real);
    fflush(stderr);
    return status;
}

int conduct_check(const struct options *options)
{
    const struct presentation how = { MODE_CHECK, result_print_check, report_check_json, &stdout, true };
    return conduct(options, &how);
}

int conduct_explain(const struct options *options)
{
    const struct presentation how = { MODE_EXPLAIN, explain_print, explain_json, &stdout, true };
    return conduct(options, &how);
}
