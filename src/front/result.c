#include "front/result.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/report_json.h"
#include "base/syscall_names.h"
#include "front/sanitise.h"
#include "quiesce/outcome.h"

enum { OUTPUT_LINES = 10, DENIED_SHOWN = 20, CELL_MAX = 128, NAME_WIDTH = 28, MOUNT_WIDTH = 28 };

static const char *const phase_words[PHASES] = { [PHASE_PRE] = "pre-script", [PHASE_POST] = "post-script" };

static double seconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

void result_print_text(FILE *out, const struct report *r, struct report_text text)
{
    if (text.length == 0) {
        putc('-', out);
    } else {
        sanitise_print(out, r->text + text.offset, text.length);
    }
}

void result_print_cell(FILE *out, const struct report *r, struct report_text text, int width)
{
    char shown[CELL_MAX];
    size_t capacity = (size_t)width + 1 < sizeof shown ? (size_t)width + 1 : sizeof shown;
    sanitise(shown, capacity, r->text + text.offset, text.length);
    fprintf(out, "%-*s", width, *shown != '\0' ? shown : "-");
}

/* ---- findings ------------------------------------------------------------------ */

static void print_finding(FILE *out, const struct report *r, const struct report_finding *f)
{
    fputs(f->severity == FINDING_ERROR ? "error: " : "warning: ", out);
    if (f->file.length > 0) {
        result_print_text(out, r, f->file);
        if (f->line > 0) {
            fprintf(out, ":%" PRIu32, f->line);
        }
        if (f->line > 0 && f->column > 0) {
            fprintf(out, ":%" PRIu32, f->column);
        }
        fputs(": ", out);
    }
    if (f->key.length > 0) {
        result_print_text(out, r, f->key);
        fputs(": ", out);
    }
    result_print_text(out, r, f->message);
    fprintf(out, " [%s", finding_kind_name(f->kind));
    const struct outcome_row *row = f->code > 0 ? outcome_by_code(f->code) : NULL;
    if (row != NULL) {
        fprintf(out, ", %" PRIu32 " %s", f->code, row->name);
    }
    fputs("]\n", out);
    if (row != NULL && f->severity == FINDING_ERROR) {
        fprintf(out, "  what to do: %s\n", row->remedy);
    }
}

unsigned result_print_findings(FILE *out, const struct report *r)
{
    unsigned errors = 0;
    for (uint32_t i = 0; i < r->findings_count; i++) {
        print_finding(out, r, &r->findings[i]);
        errors += r->findings[i].severity == FINDING_ERROR ? 1 : 0;
    }
    return errors;
}

/* ---- scripts ---------------------------------------------------------------------- */

void result_print_hook_name(FILE *out, const struct report *r, uint32_t slot)
{
    char plugin[PLAN_NAME_MAX * 4], name[PLAN_NAME_MAX * 4 + 16];
    struct report_text text = r->hooks[slot].plugin;
    sanitise(plugin, sizeof plugin, r->text + text.offset, text.length);
    snprintf(name, sizeof name, "%s %s", plugin, phase_words[slot % PHASES]);
    fprintf(out, "  %-*s", NAME_WIDTH, name);
}

static void describe_end(char *end, size_t capacity, const struct report_attempt *a)
{
    if (a->ran == 0) {
        snprintf(end, capacity, "not started");
    } else if (a->timed_out != 0) {
        snprintf(end, capacity, "timed out");
    } else if (a->signal != 0) {
        const char *name = sigabbrev_np((int)a->signal);
        snprintf(end, capacity, "signal %s", name != NULL ? name : "?");
    } else {
        snprintf(end, capacity, "exit %" PRId32, a->exit_code);
    }
}

static void print_denied_call(FILE *out, const struct report_denied *d)
{
    const char *name = syscall_name(d->number), *error = strerrorname_np((int)d->error);
    fputs("      ", out);
    if (d->only_counted != 0 && d->number == DENIED_NUMBERS - 1) {
        fputs("others", out);
    } else if (name != NULL) {
        fputs(name, out);
    } else {
        fprintf(out, "system call %" PRIu32, d->number);
    }
    if (d->only_counted != 0) {
        fprintf(out, " refused %" PRIu64 " more time%s, not looked at\n", d->count, d->count == 1 ? "" : "s");
        return;
    }
    putc('(', out);
    sanitise_print(out, d->text, strnlen(d->text, sizeof d->text));
    fprintf(out, ") refused with %s", error != NULL ? error : "?");
    if (d->count > 1) {
        fprintf(out, ", %" PRIu64 " times", d->count);
    }
    if (d->comm[0] != '\0') {
        fputs(", by ", out);
        sanitise_print(out, d->comm, strnlen(d->comm, sizeof d->comm));
    }
    putc('\n', out);
}

static void print_denied(FILE *out, const struct report *r, uint32_t attempt)
{
    unsigned shown = 0, more = 0;
    for (uint32_t i = 0; i < r->denied_count; i++) {
        if (r->denied[i].attempt != attempt) {
            continue;
        }
        if (shown++ < DENIED_SHOWN) {
            print_denied_call(out, &r->denied[i]);
        } else {
            more++;
        }
    }
    if (more > 0) {
        fprintf(out, "      and %u more refused calls, see --json\n", more);
    }
}

static void print_stream(FILE *out, const struct report *r, const char *name, const struct report_stream *s)
{
    struct report_text last = s->tail.length > 0 ? s->tail : s->head;
    if (last.length > 0) {
        fprintf(out, "      %s, the end of %" PRIu64 " bytes:\n", name, s->bytes);
        sanitise_print_tail(out, "        | ", r->text + last.offset, last.length, OUTPUT_LINES);
    }
}

/* Which call it was the kernel tells nobody but its own log. */
static void print_killed(FILE *out, const struct report_attempt *a)
{
    if (a->signal == SIGSYS) {
        fputs("      its filter ended it (SIGSYS), for a call that its policy kills for\n", out);
    } else if (a->signal == 0 && a->exit_code == 128 + SIGSYS) {
        fprintf(out, "      exit status %d of a shell: a command of it was ended by its filter (SIGSYS)\n", 128 + SIGSYS);
    }
}

static void print_attempt(FILE *out, const struct report *r, uint32_t index)
{
    const struct report_attempt *a = &r->attempts[index];
    char end[32];
    describe_end(end, sizeof end, a);
    result_print_hook_name(out, r, a->slot);
    fprintf(out, " %4" PRIu32 "  %-12s %10.4f %10.4f %9" PRIu64 "\n", a->number, end, seconds(a->duration_ns),
            (double)a->cpu_us / 1e6, a->max_rss_kib);
    if (a->ran == 0) {
        fprintf(out, "      it could not be started: %s%s%s\n", start_step_name(a->start_step), a->start_error != 0 ? ": " : "",
                start_error_text(a->start_step, a->start_error));
    }
    if (a->survivors > 0) {
        fprintf(out, "      %" PRIu32 " process%s it left running%s\n", a->survivors, a->survivors == 1 ? "" : "es",
                a->ran != 0 && a->exit_code == 0 && a->timed_out == 0 && a->slot % PHASES == PHASE_PRE
                    ? " until the post-script was over" : " were killed");
    }
    print_killed(out, a);
    if (a->memory_killed > 0) {
        fprintf(out, "      %" PRIu32 " of its processes killed by the kernel at its policy's limit of memory\n", a->memory_killed);
    }
    if (a->forks_refused > 0) {
        fprintf(out, "      %" PRIu32 " times refused a new process or thread at its policy's limit\n", a->forks_refused);
    }
    print_denied(out, r, index);
    if (a->ran == 0 || a->timed_out != 0 || a->signal != 0 || a->exit_code != 0) {
        print_stream(out, r, "standard output", &a->out);
        print_stream(out, r, "standard error", &a->err);
    }
}

static void print_hooks(FILE *out, const struct report *r)
{
    if (r->attempts_count > 0) {
        fprintf(out, "\n  %-*s %4s  %-12s %10s %10s %9s\n", NAME_WIDTH, "SCRIPT", "TRY", "RESULT", "TIME s", "CPU s", "KiB");
    }
    for (uint32_t i = 0; i < r->attempts_count; i++) {
        print_attempt(out, r, i);
    }
    for (uint32_t slot = 0; slot < WIRE_HOOKS_MAX; slot++) {
        const struct report_hook *h = &r->hooks[slot];
        if (h->used != 0 && h->attempts_total > REPORT_ATTEMPTS_PER_HOOK) {
            result_print_hook_name(out, r, slot);
            fprintf(out, " %" PRIu32 " tries in all; the first and last ones are shown\n", h->attempts_total);
        }
    }
}

/* ---- file systems -------------------------------------------------------------------- */

static void print_file_systems(FILE *out, const struct report *r)
{
    bool head = false;
    for (uint32_t i = 0; i < r->fs_count; i++) {
        const struct report_fs *f = &r->fs[i];
        if (f->skip != FS_ELIGIBLE && f->error == 0) {
            continue;
        }
        if (!head) {
            fprintf(out, "\n  %-*s %-7s %10s %10s %10s %10s\n", MOUNT_WIDTH, "FILE SYSTEM", "TYPE", "FLUSH s", "FREEZE s",
                    "FROZEN s", "THAW s");
            head = true;
        }
        fputs("  ", out);
        result_print_cell(out, r, f->mount_point, MOUNT_WIDTH);
        char type[sizeof f->type * 4];
        sanitise(type, sizeof type, f->type, strnlen(f->type, sizeof f->type));
        fprintf(out, " %-7s %10.4f %10.4f %10.4f %10.4f\n", type, seconds(f->flush_ns), seconds(f->freeze_ns),
                seconds(f->frozen_ns), seconds(f->thaw_ns));
        if (f->error != 0) {
            fprintf(out, "      it could not be frozen: %s\n", strerror((int)f->error));
        }
    }
}

/* Of a session: who ended it, how long it was held. */
static void print_held(FILE *out, const struct report *r)
{
    static const char *const causes[RELEASE_CAUSES] = {
        [RELEASE_COMMAND] = "ended",
        [RELEASE_THAW] = "thawed",
        [RELEASE_DEADLINE] = "ended by its deadline",
        [RELEASE_SIGNAL] = "told to end by a signal",
        [RELEASE_CALLER] = "ended because 'quiesce freeze' was gone",
        [RELEASE_LATE] = "not thawed before the run had to go on",
    };
    if (r->held.released == 0) {
        fputs("\n  held session: it ended without being released\n", out);
    } else if (r->held.cause == RELEASE_THAW) {
        fprintf(out, "\n  held session: thawed by pid %" PRIu32 " of uid %" PRIu32 ", %s, after %.4f s\n", r->held.pid, r->held.uid,
                r->snapshot.exit_code != 0 ? "the snapshot failed" : "the snapshot is taken", seconds(r->snapshot.duration_ns));
    } else {
        fprintf(out, "\n  held session: %s, after %.4f s\n", causes[r->held.cause], seconds(r->snapshot.duration_ns));
    }
    if (r->held.refused > 0) {
        fprintf(out, "  %" PRIu32 " caller%s refused\n", r->held.refused, r->held.refused == 1 ? " was" : "s were");
    }
}

static void print_snapshot(FILE *out, const struct report *r)
{
    if (r->held.held != 0) {
        print_held(out, r);
        return;
    }
    if (r->snapshot.ran == 0) {
        return;
    }
    const char *name = r->snapshot.signal != 0 ? sigabbrev_np((int)r->snapshot.signal) : NULL;
    if (r->snapshot.signal != 0) {
        fprintf(out, "\n  snapshot command: signal %s after %.4f s\n", name != NULL ? name : "?", seconds(r->snapshot.duration_ns));
    } else {
        fprintf(out, "\n  snapshot command: exit %" PRIu32 " after %.4f s\n", r->snapshot.exit_code,
                seconds(r->snapshot.duration_ns));
    }
}

/* ---- the whole --------------------------------------------------------------------------- */

void result_print_run(FILE *out, const struct report *r)
{
    const struct outcome_row *row = &outcome_table[r->outcome];
    fprintf(out, "%s: ", grade_name((enum grade)r->grade));
    if (r->message.length > 0) {
        result_print_text(out, r, r->message);
    } else {
        fputs(row->meaning, out);
    }
    putc('\n', out);
    fprintf(out, "  code %" PRIu32 " %s, exit status %" PRIu32 ", %.4f s, run ", row->code, row->name, r->exit_status,
            seconds(r->duration_ns));
    sanitise_print(out, r->run_id, strnlen(r->run_id, sizeof r->run_id));
    putc('\n', out);
    if (r->outcome != OUTCOME_APP_CONSISTENT) {
        fprintf(out, "  what to do: %s\n", row->remedy);
    }
    print_hooks(out, r);
    print_snapshot(out, r);
    print_file_systems(out, r);
    if (r->findings_count > 0) {
        putc('\n', out);
        (void)result_print_findings(out, r);
    }
}
