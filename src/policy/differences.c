/*
 * Rights beside system calls: sets, paths, limits.
 */
#include "policy/differences.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/capability.h"
#include "base/policy_words.h"

/* Whoever adds a member to a policy has to say here what more of it grants. */
_Static_assert(offsetof(struct policy_plan, filter_length) - offsetof(struct policy_plan, flags) == 17504,
               "a member that differences_of_rights() does not compare");

static bool make_room(struct differences *d)
{
    unsigned more = d->capacity == 0 ? 64 : 2 * d->capacity;
    if (d->count < d->capacity) {
        return true;
    }
    struct difference *list = realloc(d->list, more * sizeof *list);
    if (list == NULL) {
        return false;
    }
    d->list = list;
    d->capacity = more;
    return true;
}

void difference_add(struct differences *d, enum side side, const char *key, const char *format, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0 || !make_room(d)) {
        d->failed = true;
        if (length >= 0) {
            free(text);
        }
        return;
    }
    d->list[d->count++] = (struct difference){ .side = side, .key = key, .text = text };
}

void differences_free(struct differences *d)
{
    for (unsigned i = 0; i < d->count; i++) {
        free(d->list[i].text);
    }
    free(d->list);
    *d = (struct differences){ 0 };
}

enum side side_of(unsigned which)
{
    return which == 0 ? ONLY_FIRST : ONLY_SECOND;
}

/* ---- user, capabilities ------------------------------------------------------------------ */

static void say_user(struct statement *s, const struct policy_plan *p)
{
    if ((p->flags & POLICY_HAS_USER) == 0) {
        statement_say(s, "none");
        return;
    }
    statement_say(s, "%" PRIu32 ":%" PRIu32, p->uid, p->gid);
    for (uint32_t i = 0; i < p->groups_count; i++) {
        statement_say(s, "%s%" PRIu32, i == 0 ? " with groups " : ",", p->groups[i]);
    }
}

static void compare_user(struct differences *d, const struct policy_plan *const p[2])
{
    struct statement s[2] = { { 0 }, { 0 } };
    say_user(&s[0], p[0]);
    say_user(&s[1], p[1]);
    if (strcmp(s[0].text, s[1].text) != 0) {
        difference_add(d, NEITHER, "user", "%s in the first, %s in the second", s[0].text, s[1].text);
    }
}

/* A capability is named once, by the strongest set in which one has it and the other has not. */
static void compare_capabilities(struct differences *d, const struct policy_plan *const p[2])
{
    for (unsigned which = 0; which < 2; which++) {
        const struct policy_plan *mine = p[which], *other = p[1 - which];
        const struct {
            uint64_t more;
            const char *set;
        } sets[] = {
            { mine->cap_ambient & ~other->cap_ambient, "" },
            { mine->cap_inheritable & ~other->cap_inheritable, ", inheritable only" },
            { mine->cap_bounding & ~other->cap_bounding, ", in the bounding set only" },
        };
        struct statement s = { 0 };
        unsigned count = 0;
        uint64_t said = 0;
        for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
            for (unsigned c = 0; c < 64; c++) {
                const char *name = capability_name(c), *words = capability_words(c);
                if ((sets[i].more & ~said) >> c & 1) {
                    statement_item(&s, &count, "");
                    statement_say(&s, "%s (%s%s)", name != NULL ? name : "unknown", words != NULL ? words : "unknown", sets[i].set);
                }
            }
            said |= sets[i].more;
        }
        if (count > 0) {
            difference_add(d, side_of(which), "capabilities", "%s", s.text);
        }
    }
}

/* ---- files -------------------------------------------------------------------------------- */

static bool has_path(const struct policy_plan *p, uint32_t kind, const char *path)
{
    for (uint32_t i = 0; i < p->paths_count; i++) {
        if (p->paths[i].kind == kind && strcmp(p->paths_text + p->paths[i].offset, path) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether what a policy makes read-only below a path can be written in another: all of it
 * where the root is not read-only, else what that has as its own there. */
static bool is_writable_below(const struct policy_plan *p, const char *path)
{
    for (uint32_t i = 0; i < p->paths_count; i++) {
        if (p->paths[i].kind == PATH_TMPFS && policy_path_below(p->paths_text + p->paths[i].offset, path)) {
            return true;
        }
    }
    return (p->flags & POLICY_READONLY_ROOT) == 0;
}

/* Adds the paths of one kind that p[which] has and the other has not. */
static void add_paths(struct differences *d, enum side side, const char *key, const char *words, const struct policy_plan *const p[2],
                      unsigned which, enum policy_path_kind kind)
{
    const struct policy_plan *mine = p[which];
    struct statement s = { 0 };
    unsigned count = 0;
    for (uint32_t i = 0; i < mine->paths_count; i++) {
        const char *path = mine->paths_text + mine->paths[i].offset;
        if (mine->paths[i].kind == (uint32_t)kind && !has_path(p[1 - which], kind, path)
            && (kind != PATH_READONLY || is_writable_below(p[1 - which], path))) {
            statement_say(&s, "%s%s", count++ == 0 ? words : ", ", path);
        }
    }
    if (count > 0) {
        difference_add(d, side, key, "%s", s.text);
    }
}

/* What one forbids, the other grants; a tmpfs of its own is neither more nor less. */
static void compare_paths(struct differences *d, const struct policy_plan *const p[2])
{
    for (unsigned which = 0; which < 2; which++) {
        add_paths(d, side_of(1 - which), "files", "sees what is below ", p, which, PATH_MASKED);
        add_paths(d, side_of(1 - which), "files", "writes, as far as its user may, below ", p, which, PATH_READONLY);
        add_paths(d, NEITHER, "mounts", which == 0 ? "private in the first only: " : "private in the second only: ", p, which,
                  PATH_TMPFS);
    }
}

/* ---- flags, limits, environment -------------------------------------------------------------- */

static void compare_flags(struct differences *d, const struct policy_plan *const p[2])
{
    static const struct {
        uint32_t flag; /* forbids, when set */
        const char *key, *grants;
    } flags[] = {
        { POLICY_READONLY_ROOT, "files", "writes wherever its user may, but for what is listed as read-only" },
        { POLICY_FORBID_SURVIVORS, "processes", "a pre-script leaves processes running until the post-script is over" },
        { POLICY_NEW_NET, "network", "has the machine's network" },
        { POLICY_NEW_IPC, "namespace", "shares System V and POSIX IPC with the machine" },
        { POLICY_NEW_UTS, "namespace", "shares the machine's host name" },
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        for (unsigned which = 0; which < 2; which++) {
            if ((p[which]->flags & flags[i].flag) == 0 && (p[1 - which]->flags & flags[i].flag) != 0) {
                difference_add(d, side_of(which), flags[i].key, "%s", flags[i].grants);
            }
        }
    }
}

static const struct policy_rlimit *find_limit(const struct policy_plan *p, uint32_t resource)
{
    for (uint32_t i = 0; i < p->rlimits_count; i++) {
        if (p->rlimits[i].resource == resource) {
            return &p->rlimits[i];
        }
    }
    return NULL;
}

static void say_limit(struct statement *s, const struct policy_rlimit *limit)
{
    const uint64_t values[] = { limit != NULL ? limit->soft : 0, limit != NULL ? limit->hard : 0 };
    if (limit == NULL) {
        statement_say(s, "no limit of its own");
        return;
    }
    for (unsigned i = 0; i < (values[0] == values[1] ? 1u : 2u); i++) {
        statement_say(s, values[i] == RLIM_INFINITY ? "%sany number" : "%s%" PRIu64, i == 0 ? "" : ", up to ", values[i]);
    }
}

/* Which of two limits is the higher one: what is not limited is what the caller had. */
static int compare_limit(const struct policy_rlimit *a, const struct policy_rlimit *b)
{
    if (a == NULL || b == NULL) {
        return (a == NULL) - (b == NULL);
    }
    return a->hard != b->hard ? (a->hard > b->hard ? 1 : -1) : a->soft != b->soft ? (a->soft > b->soft ? 1 : -1) : 0;
}

static void compare_limits(struct differences *d, const struct policy_plan *const p[2])
{
    for (uint32_t resource = 0; resource < RLIM_NLIMITS; resource++) {
        const struct policy_rlimit *limits[] = { find_limit(p[0], resource), find_limit(p[1], resource) };
        const char *words = rlimit_words(resource);
        int order = compare_limit(limits[0], limits[1]);
        /* No core dump is written, whatever a policy says of it. */
        if (order == 0 || resource == RLIMIT_CORE) {
            continue;
        }
        struct statement s[2] = { { 0 }, { 0 } };
        unsigned more = order > 0 ? 0 : 1;
        say_limit(&s[0], limits[more]);
        say_limit(&s[1], limits[1 - more]);
        difference_add(d, side_of(more), "limit", "%s: %s, the other %s", words != NULL ? words : "?", s[0].text, s[1].text);
    }
}

/* What no cgroup limits is what the machine has; nothing reserved is the least. */
static void compare_resources(struct differences *d, const struct policy_plan *const p[2])
{
    for (unsigned i = 0; i < RESOURCES; i++) {
        const uint64_t limits[] = { resource_limit(p[0], i), resource_limit(p[1], i) };
        bool reserved = i == RESOURCES - 1;
        unsigned more = reserved || (limits[0] != 0 && limits[1] != 0) ? limits[0] < limits[1] : limits[0] != 0;
        struct statement s[2] = { { 0 }, { 0 } };
        if (limits[0] == limits[1]) {
            continue;
        }
        for (unsigned k = 0; k < 2; k++) {
            if (limits[k] != 0) {
                statement_say(&s[k], "%" PRIu64, limits[k]);
            } else {
                statement_say(&s[k], reserved ? "none" : "no limit");
            }
        }
        difference_add(d, side_of(more), "limit", "%s: %s, the other %s", resource_words(i), s[more].text, s[1 - more].text);
    }
}

static bool has_variable(const struct policy_plan *p, const char *variable)
{
    for (uint32_t at = 0; at < p->env_length; at += (uint32_t)strlen(p->env + at) + 1) {
        if (strcmp(p->env + at, variable) == 0) {
            return true;
        }
    }
    return false;
}

static void compare_environment(struct differences *d, const struct policy_plan *const p[2])
{
    for (unsigned which = 0; which < 2; which++) {
        for (uint32_t at = 0; at < p[which]->env_length; at += (uint32_t)strlen(p[which]->env + at) + 1) {
            if (!has_variable(p[1 - which], p[which]->env + at)) {
                difference_add(d, NEITHER, "environment", "%s is set in the %s only", p[which]->env + at,
                               which == 0 ? "first" : "second");
            }
        }
    }
}

void differences_of_rights(struct differences *d, const struct policy_plan *first, const struct policy_plan *second)
{
    const struct policy_plan *const plans[2] = { first, second };
    compare_user(d, plans);
    compare_capabilities(d, plans);
    compare_flags(d, plans);
    compare_paths(d, plans);
    compare_limits(d, plans);
    compare_resources(d, plans);
    compare_environment(d, plans);
}
