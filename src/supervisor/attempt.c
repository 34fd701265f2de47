/*
 * attempt.c - the row that an attempt of a script has in the report.
 */
#include "attempt.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/report.h"
#include "base/report_names.h"
#include "progress.h"

enum { FIRST = REPORT_ATTEMPTS_PER_HOOK / 2, LAST = REPORT_ATTEMPTS_PER_HOOK - FIRST };

/* Which of the hook's rows an attempt has, numbers from 1. */
static uint32_t place(uint32_t number)
{
    return number <= FIRST ? number - 1 : FIRST + (number - FIRST - 1) % LAST;
}

struct report_attempt *attempt_row(struct run *run, const struct hook *hook)
{
    return &run->report->attempts[hook->row];
}

void attempt_begin(struct run *run, struct hook *hook)
{
    struct report *r = run->report;
    uint32_t at = place(hook->attempt);
    struct report_text kept[4] = {{0, 0}};
    struct report_attempt *row;

    if (hook->attempt <= REPORT_ATTEMPTS_PER_HOOK)
        hook->rows[at] = r->attempts_count++; /* one for each of the hooks fits: REPORT_ATTEMPTS_MAX */
    hook->row = hook->rows[at];
    row = attempt_row(run, hook);
    if (hook->attempt > REPORT_ATTEMPTS_PER_HOOK) {
        report_denied_drop(r, hook->row);
        kept[0] = row->out.head;
        kept[1] = row->out.tail;
        kept[2] = row->err.head;
        kept[3] = row->err.tail;
    }
    memset(row, 0, sizeof(*row));
    row->out.head = kept[0];
    row->out.tail = kept[1];
    row->err.head = kept[2];
    row->err.tail = kept[3];
    row->slot = hook->slot;
    row->number = hook->attempt;
    row->exit_code = -1;
    r->hooks[hook->slot].attempts_total = hook->attempt;
    stream_reset(&hook->stdout_kept);
    stream_reset(&hook->stderr_kept);
    hook->started_ns = clock_monotonic_ns();
}

static void store(struct report *r, const struct stream *from, struct report_stream *to, uint32_t room[2])
{
    static char tail[REPORT_STREAM_KEEP];
    size_t head_length = from->bytes < REPORT_STREAM_KEEP ? (size_t)from->bytes : REPORT_STREAM_KEEP;
    size_t tail_length = stream_tail(from, tail);

    to->bytes = from->bytes;
    to->head = report_text_put(r, to->head, &room[0], from->head, head_length);
    to->tail = report_text_put(r, to->tail, &room[1], tail, tail_length);
}

static void store_output(struct run *run, struct hook *hook)
{
    struct report_attempt *row = attempt_row(run, hook);
    uint32_t *room = hook->room[place(hook->attempt)];

    store(run->report, &hook->stdout_kept, &row->out, room);
    store(run->report, &hook->stderr_kept, &row->err, room + 2);
}

void attempt_limited(struct run *run, const struct hook *hook, const struct msg_limited *m)
{
    attempt_row(run, hook)->memory_killed = m->killed;
    attempt_row(run, hook)->forks_refused = m->refused;
}

void attempt_close(struct run *run, struct hook *hook)
{
    enum { MORE_THAN_A_PIPE_HOLDS = 16 * 1048576 };

    if (hook->out.open)
        (void)stream_read(&hook->stdout_kept, hook->out.fd, MORE_THAN_A_PIPE_HOLDS);
    if (hook->err.open)
        (void)stream_read(&hook->stderr_kept, hook->err.fd, MORE_THAN_A_PIPE_HOLDS);
    store_output(run, hook);
    source_close(&hook->report);
    source_close(&hook->out);
    source_close(&hook->err);
    source_close(&hook->events);
    source_close(&hook->procs);
    source_close(&hook->init);
    timer_stop(&hook->grace);
}

void attempt_describe(struct run *run, const struct hook *hook, char *text, size_t size)
{
    const struct report_attempt *row = attempt_row(run, hook);
    const char *error = start_error_text(row->start_step, row->start_error);

    if (hook->succeeded)
        text[0] = '\0';
    else if (hook->timed_out)
        snprintf(text, size, "time is up");
    else if (!row->ran)
        snprintf(text, size, "it could not be started: %s%s%s", start_step_name(row->start_step), *error ? ": " : "",
                 error);
    else if (row->signal == SIGKILL && row->memory_killed > 0)
        snprintf(text, size, "the kernel killed it at its policy's limit of memory");
    else if (row->signal == SIGSYS)
        snprintf(text, size, "its filter ended it (SIGSYS) for a call that its policy kills for");
    else if (row->signal)
        snprintf(text, size, "ended by signal %u", row->signal);
    else
        snprintf(text, size, "exit status %d", row->exit_code);
}

void attempt_failed(struct run *run, const struct hook *hook)
{
    char how[128], text[160];

    attempt_describe(run, hook, how, sizeof(how));
    snprintf(text, sizeof(text), "%s; it is started again", how);
    progress_hook(run, hook, PROGRESS_WARNING, text);
}
