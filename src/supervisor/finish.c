/*
 * finish.c - the end of a run: outcome, record, sealed report, RESULT.
 */
#include "finish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "attempt.h"
#include "base/fatal.h"
#include "base/report.h"
#include "hooks.h"
#include "journal.h"
#include "progress.h"

static bool any_error(const struct report *r)
{
    for (uint32_t i = 0; i < r->findings_count; i++)
        if (r->findings[i].severity == FINDING_ERROR)
            return true;
    return false;
}

/* Of check, explain and dry runs: nothing was achieved, only looked at. */
static void conclude_look(struct run *run)
{
    struct report *r = run->report;
    bool wrong = any_error(r);

    r->outcome = run->facts.internal ? OUTCOME_INTERNAL : heavier(run->facts.documents, run->facts.plan);
    r->grade = GRADE_NONE;
    r->continue_on_failure = run->facts.continue_on_failure;
    r->exit_status = run->facts.internal ? EXIT_INTERNAL : wrong ? EXIT_CONFIGURATION : 0;
    r->message = report_text_add_string(
        r, wrong ? "Something would keep a run from being application-consistent; see the findings."
                 : "Every document, script, policy and mount can be used.");
}

/* What befell the script that the outcome is about. */
static void describe_hook(struct run *run, char *text, size_t size)
{
    for (uint32_t slot = 0; slot < WIRE_HOOKS_MAX; slot++) {
        const struct hook *hook = &run->hooks[slot];
        char how[128];

        if (!hook->settled || hook->result == OUTCOME_APP_CONSISTENT || hook->result != run->report->outcome)
            continue;
        attempt_describe(run, hook, how, sizeof(how));
        snprintf(text, size, "plugin '%s', attempt %u: %s", run->plugins[slot / PHASES].name, hook->attempt, how);
        return;
    }
}

static void describe_snapshot(const struct report *r, char *text, size_t size)
{
    static const char *const causes[RELEASE_CAUSES] = {
        [RELEASE_COMMAND] = "", /* the session was killed; a finding says so */
        [RELEASE_THAW] = "quiesce thaw was told so",
        [RELEASE_DEADLINE] = "nobody called quiesce thaw before the deadline",
        [RELEASE_SIGNAL] = "the held session was told to end",
        [RELEASE_CALLER] = "quiesce freeze was gone before it had heard that all was ready",
        [RELEASE_LATE] = "the run had to go on before quiesce thaw was called",
    };

    if (r->outcome != OUTCOME_SNAPSHOT_FAILED || (!r->snapshot.ran && !r->held.released))
        return;
    if (r->held.held)
        snprintf(text, size, "%s", causes[r->held.cause]);
    else if (r->snapshot.signal)
        snprintf(text, size, "ended by signal %u", r->snapshot.signal);
    else
        snprintf(text, size, "exit status %u", r->snapshot.exit_code);
}

static int shown(struct report_text t)
{
    enum { MOST = 256 };

    return (int)(t.length < MOST ? t.length : MOST);
}

/* The first error that has the outcome's code, as FILE:LINE:COLUMN: KEY: MESSAGE. */
static void describe_finding(const struct run *run, char *text, size_t size)
{
    const struct report *r = run->report;
    /* A snapshot without a freeze that was wanted: why it could not be frozen. */
    enum outcome about = r->outcome == OUTCOME_CRASH_CONSISTENT ? heavier(run->facts.plan, run->facts.freeze)
                                                                : (enum outcome)r->outcome;

    for (uint32_t i = 0; i < r->findings_count; i++) {
        const struct report_finding *f = &r->findings[i];
        char place[32] = "";

        if (f->severity != FINDING_ERROR || f->code != outcome_table[about].code)
            continue;
        if (f->line)
            snprintf(place, sizeof(place), f->column ? ":%u:%u" : ":%u", f->line, f->column);
        snprintf(text, size, "%.*s%s%s%.*s%s%.*s", shown(f->file), r->text + f->file.offset, place,
                 f->file.length ? ": " : "", shown(f->key), r->text + f->key.offset, f->key.length ? ": " : "",
                 shown(f->message), r->text + f->message.offset);
        return;
    }
}

/* The outcome's meaning and, in brackets, what it was in this run. */
static void write_message(struct run *run)
{
    struct report *r = run->report;
    const char *meaning = outcome_table[r->outcome].meaning;
    char text[1280], detail[1024] = "";

    describe_hook(run, detail, sizeof(detail));
    if (!detail[0])
        describe_snapshot(r, detail, sizeof(detail));
    if (!detail[0])
        describe_finding(run, detail, sizeof(detail));
    snprintf(text, sizeof(text), "%s", meaning);
    if (detail[0]) /* in front of the full stop */
        snprintf(text, sizeof(text), "%.*s (%s).", (int)strlen(meaning) - 1, meaning, detail);
    r->message = report_text_add_string(r, text);
}

static void conclude_run(struct run *run)
{
    struct report *r = run->report;
    const struct decision d = decide(&run->facts);

    r->outcome = d.outcome;
    r->grade = d.grade;
    r->exit_status = (uint32_t)d.exit_status;
    r->continue_on_failure = d.continued;
    write_message(run);
}

/* From here on nobody can change the report, not even this process. */
static void seal(struct run *run)
{
    if (munmap(run->report, sizeof(*run->report)) != 0)
        fatal("cannot unmap the report", errno);
    run->report = NULL;
    if (fcntl(run->report_fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        fatal("cannot seal the report", errno);
}

void finish_run(struct run *run)
{
    const struct msg_nothing nothing = {0};
    struct report *r = run->report;
    struct msg_result result;
    int error = 0;

    run->state = SUPERVISOR_POST;
    hooks_close(run);
    if (run->options.mode == MODE_RUN)
        conclude_run(run);
    else
        conclude_look(run);
    r->finished = 1;
    r->duration_ns = run_now(run);
    if (run->options.mode == MODE_RUN && run->loaded.has_journal) {
        progress_begin(run, STEP_RECORD, 0);
        error = journal_append(run->journal_append, run->journal_read, r);
        progress_end(run, STEP_RECORD, error != 0, "");
        if (error != 0)
            run_finding(run, FINDING_WARNING, FINDING_SYSTEM, OUTCOME_APP_CONSISTENT, "",
                        "the run could not be recorded in the journal (errno %d)", -error);
    }
    result = (struct msg_result){.outcome = r->outcome, .exit_status = r->exit_status};
    seal(run);
    if (run->front.open)
        error = wire_send(run->front.fd, MSG_RESULT, &result, &run->report_fd, 1);
    if (run->front.open && error != 0)
        source_close(&run->front);
    if (run->monitor.open && wire_send(run->monitor.fd, MSG_DONE, &nothing, NULL, 0) != 0)
        source_close(&run->monitor);
    run->over = true;
}
