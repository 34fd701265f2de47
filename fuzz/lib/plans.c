#include "plans.h"

#include <string.h>

#include "base/plan_check.h"
#include "parser/document.h"

/* ---- text ---------------------------------------------------------------------- */

/* One character of UTF-8 by the table of RFC 3629 section 4; its length, or 0. */
static size_t character(const unsigned char *p, size_t n, bool *control)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high, length;
    } rows[] = {
        {0x00, 0x7F, 0x00, 0x00, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (p[0] < rows[i].first_low || p[0] > rows[i].first_high) {
            continue;
        }
        if (rows[i].length > n) {
            return 0;
        }
        if (rows[i].length > 1 && (p[1] < rows[i].second_low || p[1] > rows[i].second_high)) {
            return 0;
        }
        for (size_t k = 2; k < rows[i].length; k++) {
            if ((p[k] & 0xC0) != 0x80) {
                return 0;
            }
        }
        *control = p[0] < 0x20 || p[0] == 0x7F || (p[0] == 0xC2 && p[1] < 0xA0);
        return rows[i].length;
    }
    return 0;
}

bool plan_text_ok(const char *text, size_t size, bool any)
{
    const char *end = memchr(text, '\0', size);

    while (end && text < end) {
        bool control = false;
        if (*text >= 0x20 && *text < 0x7F) {
            text++;
            continue;
        }
        size_t length = character((const unsigned char *)text, (size_t)(end - text), &control);
        if (length == 0 || (control && !any)) {
            return false;
        }
        text += length;
    }
    return end != NULL;
}

static void check_text(const char *what, const char *text, size_t size)
{
    FUZZ_CHECK(plan_text_ok(text, size, false), "%s is no printable text", what);
}

/* An absolute path, or "" where that is allowed. */
static void check_path(const char *what, const char *text, size_t size, bool or_empty)
{
    check_text(what, text, size);
    FUZZ_CHECK(text[0] == '/' || (or_empty && text[0] == '\0'), "%s is no absolute path", what);
}

static void check_range(const char *what, uint32_t value, uint32_t least, uint32_t most)
{
    FUZZ_CHECK(value >= least && value <= most, "%s is %u, outside %u..%u", what, value, least, most);
}

/* count strings in exactly length bytes; each is looked at by check. */
static void check_strings(const char *what, const char *text, size_t size, uint32_t count, uint32_t count_max,
                          uint32_t length, void (*check)(const char *string, size_t room))
{
    uint32_t at = 0, found = 0;

    check_range(what, count, 0, count_max);
    FUZZ_CHECK(length <= size, "%s: %u bytes in %zu", what, length, size);
    while (at < length) {
        const char *end = memchr(text + at, '\0', length - at);
        FUZZ_CHECK(end != NULL, "%s: a string without an end", what);
        check(text + at, length - at);
        at = (uint32_t)(end - text) + 1;
        found++;
    }
    FUZZ_CHECK(found == count, "%s: %u strings, not %u", what, found, count);
}

static void check_argument(const char *string, size_t room)
{
    FUZZ_CHECK(plan_text_ok(string, room, true), "a parameter is no UTF-8");
}

static void check_mount_point(const char *string, size_t room)
{
    check_path("a mount point", string, room < PLAN_PATH_MAX ? room : PLAN_PATH_MAX, false);
}

static void check_variable(const char *string, size_t room)
{
    const char *equals = strchr(string, '=');

    FUZZ_CHECK(equals && equals > string, "a variable without a name");
    FUZZ_CHECK(plan_text_ok(string, room, false), "a variable is no printable text");
}

/* ---- the head ------------------------------------------------------------------------ */

/* line and column stand in the document; a column may be the one behind the last byte. */
static bool inside(uint32_t line, uint32_t column, const char *bytes, size_t n)
{
    const char *at = bytes, *end = bytes + n, *newline;

    for (uint32_t i = 1; i < line; i++) {
        newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        if (!newline) {
            return false;
        }
        at = newline + 1;
    }
    newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    return column <= (size_t)((newline ? newline : end) - at) + 1;
}

static void check_finding(const struct finding *f, const char *bytes, size_t n)
{
    check_text("a finding's key", f->key, sizeof(f->key));
    check_text("a finding's message", f->message, sizeof(f->message));
    FUZZ_CHECK(f->message[0] != '\0', "a finding says nothing");
    FUZZ_CHECK(f->code >= 100 && f->code < 400 && f->reserved == 0, "a finding of code %u", f->code);
    check_range("severity", f->severity, FINDING_WARNING, FINDING_ERROR);
    check_range("kind", f->kind, 0, FINDING_KINDS - 1);
    FUZZ_CHECK(f->line > 0 || f->column == 0, "a column without a line");
    FUZZ_CHECK(f->line == 0 || inside(f->line, f->column, bytes, n), "%u:%u is outside of the document: %s", f->line,
               f->column, f->message);
}

static void check_head(enum document_kind kind, const struct plan_head *head, const char *bytes, size_t n)
{
    /* What a document as a whole lacks, or who was asked for, has no place in it. */
    bool whole = n > document_bytes_max(kind), placed = false;
    unsigned errors = 0;

    check_range("usable", head->usable, 0, 1);
    check_range("findings", head->findings_count, 0, PLAN_FINDINGS_MAX);
    for (uint32_t i = 0; i < head->findings_count; i++) {
        const struct finding *f = &head->findings[i];
        check_finding(f, bytes, n);
        errors += f->severity == FINDING_ERROR;
        placed = placed || (f->severity == FINDING_ERROR && f->line > 0);
        whole = whole || (f->line == 0 && (f->kind == FINDING_MISSING || f->kind == FINDING_SCHEMA ||
                                           f->kind == FINDING_POLICY || kind == DOC_GROUP));
    }
    FUZZ_CHECK((errors == 0) == (head->usable == 1), "usable %u with %u errors", head->usable, errors);
    FUZZ_CHECK(errors == 0 || placed || whole, "refused, and no error says where");
}

/* ---- plans ------------------------------------------------------------------------------- */

static void check_host(const struct host_plan *p)
{
    check_range("timeout", p->timeout_seconds, 1, PLAN_TIMEOUT_MAX);
    check_range("plugins", p->plugins_count, 0, PLAN_PLUGINS_MAX);
    for (uint32_t i = 0; i < p->plugins_count; i++) {
        check_text("a plugin's name", p->plugins[i].name, sizeof(p->plugins[i].name));
        FUZZ_CHECK(p->plugins[i].name[0] != '\0', "a plugin without a name");
        check_path("a plugin's path", p->plugins[i].path, sizeof(p->plugins[i].path), true);
        check_path("a plugin's configuration", p->plugins[i].config_path, sizeof(p->plugins[i].config_path), false);
    }
}

static void check_vmbackup(const struct vmbackup_plan *p)
{
    check_range("freeze", p->freeze, 0, 1);
    check_range("timeout", p->timeout_seconds, 1, PLAN_FREEZE_TIMEOUT_MAX);
    check_strings("MountsToSkip", p->skip.text, sizeof(p->skip.text), p->skip.count, PLAN_SKIP_MAX, p->skip.length,
                  check_mount_point);
}

static void check_plugin(const struct plugin_plan *p)
{
    check_text("pluginName", p->name, sizeof(p->name));
    FUZZ_CHECK(p->name[0] != '\0', "pluginName is empty");
    check_text("appName", p->app_name, sizeof(p->app_name));
    check_text("runAs", p->run_as, sizeof(p->run_as));
    check_text("policy", p->policy, sizeof(p->policy));
    FUZZ_CHECK(p->policy[0] == '/' || (p->policy[0] != '\0' && !strchr(p->policy, '/')), "policy is '%s'", p->policy);
    check_range("continueBackupOnFailure", p->continue_on_failure, 0, 1);
    check_range("fsFreezeEnabled", p->freeze, 0, 1);
    check_range("timeoutInSeconds", p->timeout_seconds, 1, PLAN_TIMEOUT_MAX);
    check_range("poll", p->poll_seconds, 1, PLAN_POLL_MAX);
    check_range("grace", p->grace_seconds, 0, PLAN_GRACE_MAX);
    check_strings("environment", p->env, sizeof(p->env), p->env_count, PLAN_ENV_COUNT_MAX, p->env_length,
                  check_variable);
    for (int phase = 0; phase < PHASES; phase++) {
        const struct script_plan *s = &p->scripts[phase];
        check_path("a script", s->path, sizeof(s->path), true);
        check_range("pinned", s->pinned, 0, 1);
        check_strings("parameters", s->args, sizeof(s->args), s->args_count, PLAN_ARGS_COUNT_MAX, s->args_length,
                      check_argument);
    }
}

static void check_passwd(const struct passwd_plan *p)
{
    check_text("a user's name", p->name, sizeof(p->name));
    check_path("a home directory", p->home, sizeof(p->home), false);
    FUZZ_CHECK(p->name[0] != '\0' && p->uid != UINT32_MAX && p->gid != UINT32_MAX, "a user without a name or an id");
}

static void check_group(const struct group_plan *p)
{
    check_range("groups", p->count, 0, PLAN_GROUPS_MAX);
    for (uint32_t i = 0; i < p->count; i++) {
        FUZZ_CHECK(p->gids[i] != UINT32_MAX, "group 4294967295");
        for (uint32_t k = 0; k < i; k++) {
            FUZZ_CHECK(p->gids[k] != p->gids[i], "a group twice");
        }
    }
}

static void check_any(const char *string, size_t room)
{
    FUZZ_CHECK(strnlen(string, room) < PLAN_PATH_MAX, "a string of a mount table is too long");
}

static void check_mounts(const struct mount_plan *p)
{
    uint32_t strings = 0;
    check_range("file systems", p->count, 0, PLAN_FS_MAX);
    for (uint32_t i = 0; i < p->count; i++) {
        strings += p->entries[i].mount_points + 1u;
    }
    check_strings("their names", p->text, sizeof(p->text), strings, PLAN_FS_TEXT_MAX, p->text_length, check_any);
    for (uint32_t i = 0; i < p->count; i++) {
        const struct fs_entry *e = &p->entries[i];
        check_range("skip", e->skip, 0, FS_EXCLUDED - 1);
        check_range("mount points", e->mount_points, 1, UINT16_MAX);
        check_range("is_root", e->is_root, 0, 1);
        check_text("a type", e->type, sizeof(e->type));
        FUZZ_CHECK(e->mount_point < p->text_length && e->source < p->text_length, "an offset outside of the text");
        FUZZ_CHECK(p->text[e->mount_point] == '/', "a mount point that is no path");
        for (uint32_t k = 0; k < i; k++) {
            FUZZ_CHECK(p->entries[k].major != e->major || p->entries[k].minor != e->minor, "a superblock twice");
        }
    }
}

static void check_policy(const struct policy_plan *p)
{
    check_range("paths", p->paths_count, 0, POLICY_PATHS_MAX);
    check_range("limits", p->rlimits_count, 0, POLICY_RLIMITS_MAX);
    check_range("groups", p->groups_count, 0, PLAN_GROUPS_MAX);
    check_range("filter", p->filter_length, 1, POLICY_FILTER_MAX);
    check_strings("paths", p->paths_text, sizeof(p->paths_text), p->paths_count, POLICY_PATHS_MAX, p->paths_length,
                  check_mount_point);
    check_strings("environment", p->env, sizeof(p->env), p->env_count, PLAN_ENV_COUNT_MAX, p->env_length,
                  check_variable);
    FUZZ_CHECK((p->cap_ambient & ~p->cap_inheritable) == 0 && (p->cap_ambient & ~p->cap_bounding) == 0,
               "an ambient capability that is not in the other sets");
    for (uint32_t i = 0; i < p->rlimits_count; i++) {
        FUZZ_CHECK(p->rlimits[i].soft <= p->rlimits[i].hard, "a soft limit above the hard one");
    }
}

void plan_oracle(enum document_kind kind, const void *plan, const char *bytes, size_t n)
{
    const struct plan_head *head = plan;

    check_head(kind, head, bytes, n);
    FUZZ_CHECK(plan_valid(kind, plan), "plan_valid refuses it");
    if (!head->usable) {
        return;
    }
    switch (kind) {
    case DOC_HOST:
        check_host(plan);
        break;
    case DOC_VMBACKUP:
        check_vmbackup(plan);
        break;
    case DOC_PLUGIN:
        check_plugin(plan);
        break;
    case DOC_POLICY:
        check_policy(plan);
        break;
    case DOC_PASSWD:
        check_passwd(plan);
        break;
    case DOC_GROUP:
        check_group(plan);
        break;
    case DOC_MOUNTS:
        check_mounts(plan);
        break;
    case DOC_KINDS:
    default:
        FUZZ_CHECK(false, "no kind of document");
    }
}
