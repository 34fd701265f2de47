#include "front/conduct.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "base/report_json.h"
#include "front/explain.h"
#include "front/result.h"
#include "front/run.h"
#include "front/preflight.h"
#include "front/sanitise.h"
#include "front/session.h"
#include "quiesce/outcome.h"

enum { PATIENCE_MS = 2000, ROLES_WAIT_MS = 30000, ROLES_TEXT_MAX = 512, MESSAGE_MAX = 2048 };
/* More than documents, scripts of both phases and a freeze can take together (plan.h). */
enum { RUN_PATIENCE_S = 4 * PLAN_TIMEOUT_MAX };

/* ---- an end without a result ------------------------------------------------------- */

/* Names of exit statuses that no outcome carries, for --json. */
static const struct {
    int status;
    const char *name;
} endings[] = {
    { EXIT_INTERNAL, "InternalError" },
    { EXIT_TRY_AGAIN, "TryAgain" },
    { EXIT_NOT_PERMITTED, "NotPermitted" },
};

/* The same object as a result's; what is not known is null. */
static void print_failure_json(const char *run_id, int status, const char *message)
{
    const char *name = endings[0].name;
    char safe[MESSAGE_MAX];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        name = endings[i].status == status ? endings[i].name : name;
    }
    sanitise(safe, sizeof safe, message, strlen(message));
    cJSON *object = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(object, "consistency", grade_name(GRADE_NONE));
    (void)cJSON_AddNumberToObject(object, "code", 1);
    (void)cJSON_AddStringToObject(object, "name", name);
    (void)cJSON_AddStringToObject(object, "message", safe);
    (void)cJSON_AddNumberToObject(object, "exitStatus", status);
    (void)cJSON_AddStringToObject(object, "runId", run_id);
    static const char *const unknown[] = { "startedAt", "durationSeconds", "snapshot" };
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        (void)cJSON_AddNullToObject(object, unknown[i]);
    }
    static const char *const empty[] = { "hooks", "fileSystems", "findings", "warnings" };
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        (void)cJSON_AddArrayToObject(object, empty[i]);
    }
    char *text = cJSON_PrintUnformatted(object);
    puts(text != NULL ? text : "{\"consistency\":\"none\",\"code\":1,\"name\":\"InternalError\",\"exitStatus\":70}");
    cJSON_free(text);
    cJSON_Delete(object);
}

static int fail(const struct options *options, const char *run_id, int status, const char *message)
{
    fputs("quiesce: ", stderr);
    sanitise_print(stderr, message, strlen(message));
    putc('\n', stderr);
    if (options->json) {
        print_failure_json(run_id, status, message);
    }
    return status;
}

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

/* Says what is known of a run that broke off, and what follows from it. */
static int break_off(struct run *run, struct session *session)
{
    char roles[ROLES_TEXT_MAX], message[MESSAGE_MAX];
    if (!end_roles(session)) {
        (void)roles_wait(&session->roles, ROLES_WAIT_MS);
    }
    run_read_log(run);
    bool known = roles_describe(&session->roles, roles, sizeof roles);
    snprintf(message, sizeof message,
             "the run broke off without a result: %s%s%s%s%s; what was frozen is thawed by the monitor or the guardian; "
             "a post-script may not have run, so see whether the application works again",
             run->failure, run->failure[0] != '\0' && known ? "; " : "", roles, run->log_line[0] != '\0' ? "; last words: " : "",
             run->log_line);
    cgroup_kill(&session->cgroup);
    return fail(run->options, session->run_id, EXIT_INTERNAL, message);
}

/* ---- an end with one ------------------------------------------------------------------ */

struct presentation {
    enum run_mode mode;
    void (*print)(FILE *out, const struct report *r);
    cJSON *(*json)(const struct report *r);
    FILE **out;
    bool quiet; /* no line per step */
};

static int print_json(const struct presentation *how, const struct report *r)
{
    cJSON *object = how->json(r);
    char *text = object != NULL ? cJSON_PrintUnformatted(object) : NULL;
    int status = text != NULL && puts(text) >= 0 ? 0 : -1;
    cJSON_free(text);
    cJSON_Delete(object);
    return status;
}

static int present(const struct run *run, const struct presentation *how)
{
    int status = 0;
    if (run->options->json) {
        status = print_json(how, run->report);
    } else {
        how->print(*how->out, run->report);
    }
    if (status != 0 || fflush(*how->out) != 0 || fflush(stdout) != 0) {
        /* The snapshot is what it is; only the telling failed. */
        fprintf(stderr, "quiesce: the result could not be printed in full: %s\n", strerror(errno));
    }
    return (int)run->result.exit_status;
}

static void clean_up(struct run *run, struct session *session)
{
    char roles[ROLES_TEXT_MAX];
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
        fprintf(stderr, "quiesce: beside the result: %s\n", roles);
    }
    int error = cgroup_remove(&session->cgroup);
    error = error != 0 ? error : controllers_remove(&session->controllers);
    if (error != 0) {
        fprintf(stderr, "quiesce: the run's cgroup %s could not be removed: %s\n", session->cgroup.name, strerror(-error));
    }
}

static int conduct(const struct options *options, const struct presentation *how)
{
    static struct run run;
    static struct session session;
    char message[MESSAGE_MAX];
    int status = preflight(message, sizeof message);
    if (status != 0) {
        return fail(options, "", status, message);
    }
    run.options = options;
    run.mode = how->mode;
    status = run_take_signals(&run);
    if (status != 0) {
        snprintf(message, sizeof message, "signals cannot be taken over: %s", strerror(-status));
        return fail(options, "", EXIT_INTERNAL, message);
    }
    status = session_start(&session, options, how->mode, message, sizeof message);
    if (status != 0) {
        return fail(options, session.run_id, status, message);
    }
    /* Here the roles start up on another processor; this time costs nothing. */
    cgroup_sweep(&session.cgroup);
    if (how->mode == MODE_RUN) {
        controllers_sweep(&session.controllers);
    }
    run.supervisor = session.roles.supervisor;
    run.log = session.roles.log;
    run.witness = (struct witness){ .map = session.map, .run_id = session.run_id };
    run.patience_ns = RUN_PATIENCE_S * NS_PER_S;
    progress_start(&run.progress, STDERR_FILENO, how->quiet);
    run_loop(&run);
    progress_end(&run.progress);
    if (run.report != NULL) {
        status = present(&run, how);
        clean_up(&run, &session);
        return status;
    }
    status = break_off(&run, &session);
    clean_up(&run, &session);
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
