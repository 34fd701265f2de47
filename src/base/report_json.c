/*
 * report_json.c - a report as JSON; its scripts are in report_hooks_json.c.
 */
#include "base/report_json.h"

#include "base/json_pieces.h"
#include "base/report_names.h"
#include "quiesce/outcome.h"

/* ---- pieces ---------------------------------------------------------------- */

/* Not gmtime(3), which looks for the time zone's file: the supervisor may not open one. */
cJSON *report_moment_json(uint64_t ns)
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

/* How a held session was held, and by whom it was ended. */
static cJSON *held(const struct report *r)
{
    bool thaw = r->held.released && r->held.cause == RELEASE_THAW;
    cJSON *o;

    if (!r->held.held)
        return cJSON_CreateNull();
    o = cJSON_CreateObject();
    return made(o, o && add(o, "releasedBy", r->held.released ? cJSON_CreateString(release_cause_name(r->held.cause))
                                                              : cJSON_CreateNull()) &&
                       add(o, "uid", thaw ? count(r->held.uid) : cJSON_CreateNull()) &&
                       add(o, "pid", thaw ? count(r->held.pid) : cJSON_CreateNull()) &&
                       add(o, "refusedCallers", count(r->held.refused)));
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
                       add(o, "startedAt", report_moment_json(r->started_realtime_ns)) &&
                       add(o, "durationSeconds", seconds(r->duration_ns)) && add(o, "steps", steps(r)) &&
                       add(o, "hooks", report_hooks_json(r)) && add(o, "fileSystems", file_systems(r, false)) &&
                       add(o, "snapshot", snapshot(r)) && add(o, "held", held(r)) && add(o, "warnings", warnings(r)) &&
                       add(o, "findings", findings(r)));
}

cJSON *report_check_json(const struct report *r)
{
    cJSON *o = cJSON_CreateObject();

    return made(o, o && add(o, "findings", findings(r)) && add(o, "fileSystems", file_systems(r, true)) &&
                       add(o, "plugins", plugins(r)) && add(o, "hooks", report_hooks_json(r)) &&
                       add(o, "message", text(r, r->message)) && add(o, "exitStatus", count(r->exit_status)) &&
                       add(o, "runId", cJSON_CreateString(r->run_id)) &&
                       add(o, "startedAt", report_moment_json(r->started_realtime_ns)) &&
                       add(o, "durationSeconds", seconds(r->duration_ns)));
}
