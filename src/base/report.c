/*
 * report.c - filling a struct report, and checking one that somebody else filled.
 */
#include "base/report.h"

#include <signal.h>
#include <string.h>

#include "base/plan_check.h"
#include "base/utf8.h"
#include "quiesce/outcome.h"

struct report_text report_text_add(struct report *r, const char *text, size_t length)
{
    struct report_text added = {.offset = r->text_length, .length = 0};

    if (r->text_length >= REPORT_TEXT_MAX || length == 0)
        return added;
    added.length = (uint32_t)utf8_sanitize(r->text + r->text_length, REPORT_TEXT_MAX - r->text_length, text, length);
    r->text_length += added.length;
    return added;
}

struct report_text report_text_add_string(struct report *r, const char *text)
{
    return report_text_add(r, text, strlen(text));
}

struct report_text report_text_put(struct report *r, struct report_text place, uint32_t *capacity, const char *text,
                                   size_t length)
{
    /* A character grows to three bytes at most; the byte behind the place is
     * another piece's, so the terminating NUL has to fit as well. */
    if (length <= (SIZE_MAX - 1) / 3 && 3 * length + 1 <= *capacity) {
        place.length = (uint32_t)utf8_sanitize(r->text + place.offset, *capacity, text, length);
        return place;
    }
    place = report_text_add(r, text, length);
    *capacity = place.length;
    return place;
}

void report_finding_add(struct report *r, const struct finding *f, const char *file)
{
    struct report_finding *to;

    if (r->findings_count >= REPORT_FINDINGS_MAX)
        return;
    to = &r->findings[r->findings_count++];
    to->severity = f->severity;
    to->code = f->code;
    to->kind = f->kind;
    if (r->findings_count == REPORT_FINDINGS_MAX) {
        to->message = report_text_add_string(r, "there are more findings than a report holds");
        return;
    }
    to->line = f->line;
    to->column = f->column;
    to->file = report_text_add_string(r, file);
    to->key = report_text_add_string(r, f->key);
    to->message = report_text_add_string(r, f->message);
}

void report_denied_drop(struct report *r, uint32_t attempt)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < r->denied_count; i++)
        if (r->denied[i].attempt != attempt)
            r->denied[kept++] = r->denied[i];
    memset(&r->denied[kept], 0, (r->denied_count - kept) * sizeof(r->denied[0]));
    r->denied_count = kept;
}

/* ---- checking ------------------------------------------------------------ */

static bool text_ok(const struct report *r, struct report_text t)
{
    return t.offset <= r->text_length && t.length <= r->text_length - t.offset &&
           utf8_valid(r->text + t.offset, t.length);
}

/* A fixed array that holds a printable string. */
static bool array_ok(const char *array, size_t size)
{
    size_t length = strnlen(array, size);

    return length < size && utf8_valid(array, length);
}

static bool run_id_ok(const char *id)
{
    return strspn(id, "0123456789abcdef") == WIRE_RUN_ID_MAX - 1 && id[WIRE_RUN_ID_MAX - 1] == '\0';
}

static bool head_ok(const struct report *r)
{
    return r->version == REPORT_VERSION && r->mode < RUN_MODES && r->run_id[WIRE_RUN_ID_MAX - 1] == '\0' &&
           run_id_ok(r->run_id) && r->continue_on_failure <= 1 && r->finished <= 1 && r->outcome < OUTCOMES &&
           r->grade < GRADES && r->exit_status <= 255 && r->snapshot.ran <= 1 && r->snapshot.exit_code <= 255 &&
           r->snapshot.signal < (uint32_t)NSIG && r->host_timeout_seconds <= PLAN_TIMEOUT_MAX &&
           r->freeze_timeout_seconds <= PLAN_FREEZE_TIMEOUT_MAX && r->has_cgroup <= 1 && r->has_expedite <= 1 &&
           r->has_journal <= 1 && r->limits < 1u << LIMITS && r->has_record <= 1 && r->no_freeze < NO_FREEZE_REASONS &&
           r->held.held <= 1 && r->held.released <= r->held.held &&
           r->held.cause < RELEASE_CAUSES;
}

static bool counts_ok(const struct report *r)
{
    return r->documents_count <= WIRE_DOCUMENTS_MAX + WIRE_HOOKS_MAX && r->attempts_count <= REPORT_ATTEMPTS_MAX &&
           r->denied_count <= REPORT_DENIED_MAX && r->fs_count <= PLAN_FS_MAX &&
           r->findings_count <= REPORT_FINDINGS_MAX && r->plugins_count <= PLAN_PLUGINS_MAX &&
           r->text_length <= REPORT_TEXT_MAX;
}

static bool documents_ok(const struct report *r)
{
    for (uint32_t i = 0; i < r->documents_count; i++) {
        const struct report_document *d = &r->documents[i];

        if (d->kind > DOC_KINDS || d->present > 1 || !text_ok(r, d->path))
            return false;
    }
    return true;
}

static bool hooks_ok(const struct report *r)
{
    for (uint32_t i = 0; i < WIRE_HOOKS_MAX; i++) {
        const struct report_hook *h = &r->hooks[i];

        if (h->used > 1 || h->has_sha256 > 1 || h->failed > 1 || h->skipped > 1 || !text_ok(r, h->plugin) ||
            !text_ok(r, h->path) || !text_ok(r, h->policy))
            return false;
        if (h->used && i / PHASES >= r->plugins_count)
            return false;
    }
    return true;
}

static bool attempts_ok(const struct report *r)
{
    for (uint32_t i = 0; i < r->attempts_count; i++) {
        const struct report_attempt *a = &r->attempts[i];

        if (a->slot >= WIRE_HOOKS_MAX || !r->hooks[a->slot].used || a->number == 0 ||
            a->number > r->hooks[a->slot].attempts_total || a->ran > 1 || a->timed_out > 1 || a->recorder_full > 1 ||
            a->start_step >= START_STEPS || a->exit_code < -1 || a->exit_code > 255 || a->signal >= (uint32_t)NSIG)
            return false;
        if (!text_ok(r, a->out.head) || !text_ok(r, a->out.tail) || !text_ok(r, a->err.head) || !text_ok(r, a->err.tail))
            return false;
    }
    return true;
}

static bool denied_ok(const struct report *r)
{
    for (uint32_t i = 0; i < r->denied_count; i++) {
        const struct report_denied *d = &r->denied[i];

        if (d->attempt >= r->attempts_count || d->error > 4095 || d->count == 0 || d->only_counted > 1 ||
            !array_ok(d->comm, sizeof(d->comm)) || !array_ok(d->text, sizeof(d->text)))
            return false;
    }
    return true;
}

static bool fs_ok(const struct report *r)
{
    for (uint32_t i = 0; i < r->fs_count; i++) {
        const struct report_fs *f = &r->fs[i];

        if (f->skip >= FS_SKIPS || f->state >= FS_STATES || f->level > 2 * PLAN_FS_MAX ||
            !array_ok(f->type, sizeof(f->type)) || !text_ok(r, f->mount_point) || !text_ok(r, f->device))
            return false;
    }
    return true;
}

static bool findings_ok(const struct report *r)
{
    for (uint32_t i = 0; i < r->findings_count; i++) {
        const struct report_finding *f = &r->findings[i];

        if (f->severity >= FINDING_SEVERITIES || f->kind >= FINDING_KINDS || !text_ok(r, f->file) ||
            !text_ok(r, f->key) || !text_ok(r, f->message))
            return false;
    }
    return true;
}

static bool plugins_ok(const struct report *r)
{
    for (uint32_t i = 0; i < r->plugins_count; i++) {
        const struct report_plugin *p = &r->plugins[i];

        if (p->used > 1 || p->continue_on_failure > 1 || p->freeze > 1 || p->has_policy > 1 || !text_ok(r, p->name) ||
            !text_ok(r, p->app_name) || !text_ok(r, p->config_path) || !text_ok(r, p->policy) || !text_ok(r, p->user))
            return false;
        if (p->timeout_seconds > PLAN_TIMEOUT_MAX || p->poll_seconds > PLAN_POLL_MAX || p->grace_seconds > PLAN_GRACE_MAX)
            return false;
        if (p->has_policy && (p->effective.head.usable != 1 || !plan_valid(DOC_POLICY, &p->effective)))
            return false;
    }
    return true;
}

bool report_valid(const struct report *r, size_t size)
{
    return size >= sizeof(*r) && head_ok(r) && counts_ok(r) && text_ok(r, r->message) && documents_ok(r) && hooks_ok(r) &&
           attempts_ok(r) && denied_ok(r) && fs_ok(r) && findings_ok(r) && plugins_ok(r);
}
