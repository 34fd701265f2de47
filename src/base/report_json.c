/*
 * report_json.c - a report as JSON.
 *
 * cJSON reports lack of memory by returning NULL from a constructor; adding
 * NULL to an object or array fails.  Every function here passes that on: it
 * returns false, or deletes what it has made and returns NULL.
 */
#include "base/report_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/report_names.h"
#include "base/syscall_names.h"
#include "quiesce/outcome.h"

/* ---- pieces ---------------------------------------------------------------- */

static bool add(cJSON *object, const char *name, cJSON *item)
{
    if (item && cJSON_AddItemToObject(object, name, item))
        return true;
    cJSON_Delete(item);
    return false;
}

static bool append(cJSON *array, cJSON *item)
{
    if (item && cJSON_AddItemToArray(array, item))
        return true;
    cJSON_Delete(item);
    return false;
}

/* The object if ok, else nothing. */
static cJSON *made(cJSON *object, bool ok)
{
    if (ok)
        return object;
    cJSON_Delete(object);
    return NULL;
}

static cJSON *text(const struct report *r, struct report_text t)
{
    char *copy = malloc((size_t)t.length + 1);
    cJSON *item = NULL;

    if (copy) {
        memcpy(copy, r->text + t.offset, t.length);
        copy[t.length] = '\0';
        item = cJSON_CreateString(copy);
        free(copy);
    }
    return item;
}

static cJSON *integer(int64_t value)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%" PRId64, value);
    return cJSON_CreateRaw(digits);
}

static cJSON *count(uint64_t value)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%" PRIu64, value);
    return cJSON_CreateRaw(digits);
}

static cJSON *seconds(uint64_t ns)
{
    char digits[40];

    snprintf(digits, sizeof(digits), "%" PRIu64 ".%09" PRIu64, ns / 1000000000u, ns % 1000000000u);
    return cJSON_CreateRaw(digits);
}

static cJSON *hex(const uint8_t bytes[32])
{
    char digits[65];

    for (size_t i = 0; i < 32; i++)
        snprintf(digits + 2 * i, 3, "%02x", bytes[i]);
    return cJSON_CreateString(digits);
}

/*
 * A moment as RFC 3339 has it, in UTC.  Not gmtime(3), which looks for the time
 * zone's file: the supervisor may not open one.
 */
static cJSON *moment(uint64_t ns)
{
    static const unsigned before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    uint64_t s = ns / 1000000000u, days = s / 86400, second = s % 86400;
    unsigned year = 1970, month = 12, leap;
    char word_of[64];

    for (;; year++) {
        leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        if (days < 365 + leap)
            break;
        days -= 365 + leap;
    }
    while (days < before[month - 1] + (month > 2 ? leap : 0))
        month--;
    days -= before[month - 1] + (month > 2 ? leap : 0);
    snprintf(word_of, sizeof(word_of), "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year, month, (unsigned)days + 1,
             (unsigned)(second / 3600), (unsigned)(second / 60 % 60), (unsigned)(second % 60),
             (unsigned)(ns / 1000000u % 1000));
    return cJSON_CreateString(word_of);
}

/* ---- hooks ------------------------------------------------------------------- */

static cJSON *stream(const struct report *r, const struct report_stream *s)
{
    cJSON *o = cJSON_CreateObject();

    return made(o, o && add(o, "bytes", count(s->bytes)) && add(o, "head", text(r, s->head)) &&
                       add(o, "tail", text(r, s->tail)));
}

static cJSON *denied_call(const struct report_denied *d)
{
    const char *name = syscall_name(d->number);
    cJSON *o = cJSON_CreateObject(), *args = cJSON_CreateArray();
    char digits[24];
    bool ok = o && args;

    for (size_t i = 0; ok && i < 6; i++) {
        snprintf(digits, sizeof(digits), "0x%" PRIx64, d->args[i]);
        ok = append(args, cJSON_CreateString(digits));
    }
    snprintf(digits, sizeof(digits), "%" PRIu32, d->number);
    ok = ok && add(o, "syscall", cJSON_CreateString(name ? name : digits));
    if (!ok) {
        cJSON_Delete(args);
        return made(o, false);
    }
    return made(o, add(o, "args", args) && add(o, "comm", cJSON_CreateString(d->comm)) && add(o, "count", count(d->count)) &&
                       add(o, "errno", count(d->error)));
}

static cJSON *denied(const struct report *r, uint32_t attempt)
{
    cJSON *array = cJSON_CreateArray();
    bool ok = array != NULL;

    for (uint32_t i = 0; ok && i < r->denied_count; i++)
        if (r->denied[i].attempt == attempt)
            ok = append(array, denied_call(&r->denied[i]));
    return made(array, ok);
}

static cJSON *attempt(const struct report *r, uint32_t index)
{
    const struct report_attempt *a = &r->attempts[index];
    cJSON *o = cJSON_CreateObject();
    bool ok = o && add(o, "number", count(a->number)) && add(o, "started", cJSON_CreateBool(a->ran)) &&
              add(o, "exitCode", a->exit_code < 0 ? cJSON_CreateNull() : integer(a->exit_code)) &&
              add(o, "signal", a->signal == 0 ? cJSON_CreateNull() : count(a->signal)) &&
              add(o, "timedOut", cJSON_CreateBool(a->timed_out)) && add(o, "durationSeconds", seconds(a->duration_ns)) &&
              add(o, "maxRssKiB", count(a->max_rss_kib)) && add(o, "cpuSeconds", seconds(a->cpu_us * 1000)) &&
              add(o, "stdout", stream(r, &a->out)) && add(o, "stderr", stream(r, &a->err)) &&
              add(o, "denied", denied(r, index)) && add(o, "deniedTotal", count(a->denied_total)) &&
              add(o, "deniedComplete", cJSON_CreateBool(!a->recorder_full)) && add(o, "survivors", count(a->survivors));

    if (ok && !a->ran)
        ok = add(o, "startStep", cJSON_CreateString(start_step_name(a->start_step))) &&
             add(o, "startErrno", count(a->start_error));
    return made(o, ok);
}

/* The attempts of a slot in order of their number, whatever order their rows have. */
static cJSON *attempts(const struct report *r, uint32_t slot)
{
    cJSON *array = cJSON_CreateArray();
    uint32_t last = 0;
    bool ok = array != NULL;

    while (ok) {
        uint32_t next = r->attempts_count;

        for (uint32_t i = 0; i < r->attempts_count; i++)
            if (r->attempts[i].slot == slot && r->attempts[i].number > last &&
                (next == r->attempts_count || r->attempts[i].number < r->attempts[next].number))
                next = i;
        if (next == r->attempts_count)
            break;
        last = r->attempts[next].number;
        ok = append(array, attempt(r, next));
    }
    return made(array, ok);
}

static cJSON *hook(const struct report *r, uint32_t slot)
{
    const struct report_hook *h = &r->hooks[slot];
    cJSON *o = cJSON_CreateObject();

    return made(o, o && add(o, "plugin", text(r, h->plugin)) &&
                       add(o, "phase", cJSON_CreateString(slot % PHASES == PHASE_PRE ? "pre" : "post")) &&
                       add(o, "path", text(r, h->path)) &&
                       add(o, "sha256", h->has_sha256 ? hex(h->sha256) : cJSON_CreateNull()) &&
                       add(o, "policy", text(r, h->policy)) && add(o, "failed", cJSON_CreateBool(h->failed)) &&
                       add(o, "skipped", cJSON_CreateBool(h->skipped)) &&
                       add(o, "attemptsTotal", count(h->attempts_total)) && add(o, "attempts", attempts(r, slot)));
}

static cJSON *hooks(const struct report *r)
{
    cJSON *array = cJSON_CreateArray();
    bool ok = array != NULL;

    for (uint32_t slot = 0; ok && slot < WIRE_HOOKS_MAX; slot++)
        if (r->hooks[slot].used)
            ok = append(array, hook(r, slot));
    return made(array, ok);
}

/* ---- file systems, findings, plugins -------------------------------------------- */

static cJSON *file_system(const struct report *r, const struct report_fs *f)
{
    cJSON *o = cJSON_CreateObject();
    char device[24];

    snprintf(device, sizeof(device), "%" PRIu32 ":%" PRIu32, f->major, f->minor);
    return made(o, o && add(o, "mountPoint", text(r, f->mount_point)) && add(o, "type", cJSON_CreateString(f->type)) &&
                       add(o, "device", text(r, f->device)) && add(o, "deviceNumber", cJSON_CreateString(device)) &&
                       add(o, "selected", cJSON_CreateBool(f->skip == FS_ELIGIBLE)) &&
                       add(o, "reason", cJSON_CreateString(fs_skip_name(f->skip))) && add(o, "level", count(f->level)) &&
                       add(o, "state", cJSON_CreateString(fs_state_name(f->state))) &&
                       add(o, "errno", count(f->error)) && add(o, "flushSeconds", seconds(f->flush_ns)) &&
                       add(o, "freezeSeconds", seconds(f->freeze_ns)) && add(o, "frozenSeconds", seconds(f->frozen_ns)) &&
                       add(o, "thawSeconds", seconds(f->thaw_ns)));
}

/* all: those that are passed over too. */
static cJSON *file_systems(const struct report *r, bool all)
{
    cJSON *array = cJSON_CreateArray();
    bool ok = array != NULL;

    for (uint32_t i = 0; ok && i < r->fs_count; i++)
        if (all || r->fs[i].skip == FS_ELIGIBLE)
            ok = append(array, file_system(r, &r->fs[i]));
    return made(array, ok);
}

static cJSON *finding(const struct report *r, const struct report_finding *f)
{
    const struct outcome_row *row = outcome_by_code(f->code);
    cJSON *o = cJSON_CreateObject();

    return made(o, o && add(o, "code", count(f->code)) && add(o, "name", cJSON_CreateString(row ? row->name : "")) &&
                       add(o, "severity", cJSON_CreateString(f->severity == FINDING_ERROR ? "error" : "warning")) &&
                       add(o, "kind", cJSON_CreateString(finding_kind_name(f->kind))) && add(o, "file", text(r, f->file)) &&
                       add(o, "line", f->line ? count(f->line) : cJSON_CreateNull()) &&
                       add(o, "column", f->column ? count(f->column) : cJSON_CreateNull()) &&
                       add(o, "key", text(r, f->key)) && add(o, "message", text(r, f->message)) &&
                       add(o, "remedy", cJSON_CreateString(row ? row->remedy : "")));
}

static cJSON *findings(const struct report *r)
{
    cJSON *array = cJSON_CreateArray();
    bool ok = array != NULL;

    for (uint32_t i = 0; ok && i < r->findings_count; i++)
        ok = append(array, finding(r, &r->findings[i]));
    return made(array, ok);
}

static cJSON *warnings(const struct report *r)
{
    cJSON *array = cJSON_CreateArray();
    bool ok = array != NULL;

    for (uint32_t i = 0; ok && i < r->findings_count; i++)
        if (r->findings[i].severity == FINDING_WARNING)
            ok = append(array, text(r, r->findings[i].message));
    return made(array, ok);
}

static cJSON *plugin(const struct report *r, const struct report_plugin *p)
{
    cJSON *o = cJSON_CreateObject();

    return made(o, o && add(o, "name", text(r, p->name)) && add(o, "appName", text(r, p->app_name)) &&
                       add(o, "config", text(r, p->config_path)) && add(o, "policy", text(r, p->policy)) &&
                       add(o, "runAs", text(r, p->user)) && add(o, "uid", count(p->uid)) && add(o, "gid", count(p->gid)) &&
                       add(o, "continueBackupOnFailure", cJSON_CreateBool(p->continue_on_failure)) &&
                       add(o, "fsFreezeEnabled", cJSON_CreateBool(p->freeze)) &&
                       add(o, "timeoutSeconds", count(p->timeout_seconds)) &&
                       add(o, "pollSeconds", count(p->poll_seconds)) && add(o, "killGraceSeconds", count(p->grace_seconds)) &&
                       add(o, "preScriptRetries", count(p->retries[PHASE_PRE])) &&
                       add(o, "postScriptRetries", count(p->retries[PHASE_POST])));
}

static cJSON *plugins(const struct report *r)
{
    cJSON *array = cJSON_CreateArray();
    bool ok = array != NULL;

    for (uint32_t i = 0; ok && i < r->plugins_count; i++)
        if (r->plugins[i].used)
            ok = append(array, plugin(r, &r->plugins[i]));
    return made(array, ok);
}

/* ---- whole objects ------------------------------------------------------------- */

static cJSON *snapshot(const struct report *r)
{
    cJSON *o;

    if (!r->snapshot.ran)
        return cJSON_CreateNull();
    o = cJSON_CreateObject();
    return made(o, o && add(o, "exitCode", r->snapshot.signal ? cJSON_CreateNull() : count(r->snapshot.exit_code)) &&
                       add(o, "signal", r->snapshot.signal ? count(r->snapshot.signal) : cJSON_CreateNull()) &&
                       add(o, "durationSeconds", seconds(r->snapshot.duration_ns)));
}

static cJSON *steps(const struct report *r)
{
    cJSON *array = cJSON_CreateArray();
    bool ok = array != NULL;

    for (size_t i = 0; ok && i < RUN_STEPS; i++) {
        cJSON *o;

        if (r->step_at_ns[i] == 0)
            continue;
        o = cJSON_CreateObject();
        ok = append(array, made(o, o && add(o, "step", cJSON_CreateString(run_step_name((uint32_t)i))) &&
                                       add(o, "atSeconds", seconds(r->step_at_ns[i])) &&
                                       add(o, "durationSeconds", seconds(r->step_took_ns[i]))));
    }
    return made(array, ok);
}

cJSON *report_documents_json(const struct report *r)
{
    cJSON *array = cJSON_CreateArray();
    bool ok = array != NULL;

    for (uint32_t i = 0; ok && i < r->documents_count; i++) {
        const struct report_document *d = &r->documents[i];
        cJSON *o = cJSON_CreateObject();

        ok = append(array, made(o, o && add(o, "kind", cJSON_CreateString(document_kind_name(d->kind))) &&
                                       add(o, "path", text(r, d->path)) &&
                                       add(o, "present", cJSON_CreateBool(d->present)) &&
                                       add(o, "sha256", d->present ? hex(d->sha256) : cJSON_CreateNull())));
    }
    return made(array, ok);
}

cJSON *report_run_json(const struct report *r)
{
    const struct outcome_row *row = &outcome_table[r->outcome];
    const char *grade = grade_name((enum grade)r->grade);
    cJSON *o = cJSON_CreateObject();

    return made(o, o && add(o, "consistency", cJSON_CreateString(grade)) && add(o, "code", count(row->code)) &&
                       add(o, "name", cJSON_CreateString(row->name)) && add(o, "outcome", cJSON_CreateString(row->id)) &&
                       add(o, "message", text(r, r->message)) && add(o, "remedy", cJSON_CreateString(row->remedy)) &&
                       add(o, "exitStatus", count(r->exit_status)) && add(o, "runId", cJSON_CreateString(r->run_id)) &&
                       add(o, "startedAt", moment(r->started_realtime_ns)) &&
                       add(o, "durationSeconds", seconds(r->duration_ns)) && add(o, "steps", steps(r)) &&
                       add(o, "hooks", hooks(r)) && add(o, "fileSystems", file_systems(r, false)) &&
                       add(o, "snapshot", snapshot(r)) && add(o, "warnings", warnings(r)) &&
                       add(o, "findings", findings(r)));
}

cJSON *report_check_json(const struct report *r)
{
    cJSON *o = cJSON_CreateObject();

    return made(o, o && add(o, "findings", findings(r)) && add(o, "fileSystems", file_systems(r, true)) &&
                       add(o, "plugins", plugins(r)) && add(o, "hooks", hooks(r)) &&
                       add(o, "message", text(r, r->message)) && add(o, "exitStatus", count(r->exit_status)) &&
                       add(o, "runId", cJSON_CreateString(r->run_id)) &&
                       add(o, "startedAt", moment(r->started_realtime_ns)) &&
                       add(o, "durationSeconds", seconds(r->duration_ns)));
}
