/*
 * report_hooks_json.c - the scripts of a report as JSON.
 */
#include "base/call_table.h"
#include "base/json_pieces.h"
#include "base/report_names.h"
#include "base/syscall_names.h"

static cJSON *stream(const struct report *r, const struct report_stream *s)
{
    cJSON *o = cJSON_CreateObject();

    return made(o, o && add(o, "bytes", count(s->bytes)) && add(o, "head", text(r, s->head)) &&
                       add(o, "tail", text(r, s->tail)));
}

static cJSON *arguments(const struct report_denied *d)
{
    cJSON *array = cJSON_CreateArray();
    bool ok = array != NULL;
    char digits[24];

    for (size_t i = 0; ok && !d->only_counted && i < CALL_ARGUMENTS; i++) {
        snprintf(digits, sizeof(digits), "0x%" PRIx64, d->args[i]);
        ok = append(array, cJSON_CreateString(digits));
    }
    return made(array, ok);
}

/* A call that was only counted has a number alone. */
static cJSON *denied_call(const struct report_denied *d)
{
    const char *name = syscall_name(d->number), *error = d->error ? strerrorname_np((int)d->error) : NULL;
    cJSON *o = cJSON_CreateObject();
    char digits[24];

    snprintf(digits, sizeof(digits), "%" PRIu32, d->number);
    return made(o, o && add(o, "syscall", cJSON_CreateString(name ? name : digits)) && add(o, "number", count(d->number)) &&
                       add(o, "args", arguments(d)) &&
                       add(o, "arguments", d->only_counted ? cJSON_CreateNull() : cJSON_CreateString(d->text)) &&
                       add(o, "errno", d->only_counted ? cJSON_CreateNull() : count(d->error)) &&
                       add(o, "error", error ? cJSON_CreateString(error) : cJSON_CreateNull()) &&
                       add(o, "comm", cJSON_CreateString(d->comm)) && add(o, "count", count(d->count)));
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

/* What of the sandbox the machine lacks. */
static cJSON *missing(const struct report_attempt *a)
{
    cJSON *array = cJSON_CreateArray();
    bool ok = array != NULL;

    for (uint32_t step = START_CGROUP; ok && a->ran && step <= START_SECCOMP; step++)
        if ((a->layers >> step & 1) == 0)
            ok = append(array, cJSON_CreateString(start_step_name(step)));
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
              add(o, "deniedComplete", cJSON_CreateBool(!a->recorder_full)) && add(o, "survivors", count(a->survivors)) &&
              add(o, "memoryKilled", count(a->memory_killed)) && add(o, "forksRefused", count(a->forks_refused)) &&
              add(o, "layersMissing", missing(a));

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

cJSON *report_hooks_json(const struct report *r)
{
    cJSON *array = cJSON_CreateArray();
    bool ok = array != NULL;

    for (uint32_t slot = 0; ok && slot < WIRE_HOOKS_MAX; slot++)
        if (r->hooks[slot].used)
            ok = append(array, hook(r, slot));
    return made(array, ok);
}
