#include "front/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "front/sanitise.h"

enum { COLUMNS_DEFAULT = 80, COLUMNS_LEAST = 20, SHOWN_MAX = 280 };

#define CLEAR_LINE "\r\033[K" /* ECMA-48: erase to the end of the line */

static const char *const step_words[RUN_STEPS] = {
    [STEP_LOAD] = "documents", [STEP_PRE] = "pre-script",      [STEP_FLUSH] = "flush", [STEP_FREEZE] = "freeze",
    [STEP_SNAPSHOT] = "snapshot", [STEP_THAW] = "thaw", [STEP_POST] = "post-script", [STEP_RECORD] = "journal",
};

static double seconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

/* "pre-script NAME, try 2" */
static size_t name_step(char *name, size_t capacity, uint8_t step, const char *plugin, uint32_t attempt)
{
    char shown[PLAN_NAME_MAX * 4];
    sanitise(shown, sizeof shown, plugin, strnlen(plugin, PLAN_NAME_MAX));
    /* Without a plugin it is the phase of all of them. */
    const char *plural = *shown == '\0' && (step == STEP_PRE || step == STEP_POST) ? "s" : "";
    const char *word = step < RUN_STEPS ? step_words[step] : "step";
    int n = snprintf(name, capacity, "%s%s%s%s", word, plural, *shown != '\0' ? " " : "", shown);
    size_t used = n > 0 ? (size_t)n : 0;
    if (attempt > 1 && used < capacity) {
        n = snprintf(name + used, capacity - used, ", try %u", attempt);
        used += n > 0 ? (size_t)n : 0;
    }
    return used < capacity ? used : capacity - 1;
}

size_t progress_live_line(char line[PROGRESS_LINE_MAX], const struct progress *progress, uint64_t now_ns, unsigned columns)
{
    if (progress->active_count == 0) {
        line[0] = '\0';
        return 0;
    }
    /* Of several the one that began last; how many more go on is said, the phase they belong to apart. */
    const struct progress_step *s = &progress->active[progress->active_count - 1];
    unsigned others = 0;
    for (unsigned i = 0; i + 1 < progress->active_count; i++) {
        others += progress->active[i].step != s->step || progress->active[i].plugin[0] != '\0' ? 1 : 0;
    }
    char text[PROGRESS_LINE_MAX], name[SHOWN_MAX + 32];
    name_step(name, sizeof name, s->step, s->plugin, s->attempt);
    int n = snprintf(text, sizeof text, "%s", name);
    if (others > 0) {
        n += snprintf(text + n, sizeof text - (size_t)n, " and %u more", others);
    }
    n += snprintf(text + n, sizeof text - (size_t)n, "  %.1f s", seconds(now_ns - s->began_ns));
    if (s->budget_ns > 0) {
        uint64_t gone = now_ns - s->told_ns;
        n += snprintf(text + n, sizeof text - (size_t)n, ", %.1f s left", seconds(gone < s->budget_ns ? s->budget_ns - gone : 0));
    }
    size_t width = columns < COLUMNS_LEAST ? COLUMNS_LEAST : columns;
    /* One column stays free: a full line would wrap on some terminals. */
    return sanitise(line, width < PROGRESS_LINE_MAX ? width : PROGRESS_LINE_MAX, text, (size_t)n);
}

size_t progress_step_line(char line[PROGRESS_LINE_MAX], const struct msg_progress *m, uint64_t took_ns)
{
    char name[SHOWN_MAX + 32], text[sizeof m->text], tail[64] = "";
    name_step(name, sizeof name, m->step, m->plugin, m->attempt);
    sanitise(text, sizeof text, m->text, strnlen(m->text, sizeof m->text));
    const char *what = "";
    if (m->kind == PROGRESS_STILL) {
        what = "goes on";
        if (m->budget_ns > 0) {
            snprintf(tail, sizeof tail, ", %.1f s left", seconds(m->budget_ns));
        }
    } else if (m->kind == PROGRESS_END) {
        what = m->failed != 0 ? "FAILED" : "done";
        if (took_ns != PROGRESS_UNKNOWN) {
            snprintf(tail, sizeof tail, " %s %.4f s", m->failed != 0 ? "after" : "in", seconds(took_ns));
        }
    } else if (m->kind == PROGRESS_WARNING) {
        what = "warning";
    } else {
        line[0] = '\0';
        return 0;
    }
    int n = snprintf(line, PROGRESS_LINE_MAX - 1, "%9.4f s  %s: %s%s%s%s", seconds(m->at_ns), name, what, tail,
                     *text != '\0' ? ": " : "", text);
    size_t used = n < PROGRESS_LINE_MAX - 1 ? (size_t)n : PROGRESS_LINE_MAX - 2;
    line[used++] = '\n';
    line[used] = '\0';
    return used;
}

/* ---- output ----------------------------------------------------------------- */

static void clear_live(struct progress *p)
{
    if (p->shown) {
        p->shown = false;
        outlet_try(&p->outlet, CLEAR_LINE, sizeof CLEAR_LINE - 1);
    }
}

static void put_line(struct progress *p, const char *line, size_t length)
{
    clear_live(p);
    outlet_put(&p->outlet, line, length);
}

void progress_start(struct progress *p, int fd, bool quiet, bool freezes)
{
    outlet_open(&p->outlet, fd, freezes);
    p->lines = !quiet;
    p->shown = false;
    p->note = NULL;
    p->active_count = 0;
}

int progress_timeout(const struct progress *p)
{
    return p->outlet.terminal && p->active_count > 0 ? PROGRESS_REDRAW_MS : -1;
}

void progress_redraw(struct progress *p, uint64_t now_ns)
{
    struct winsize size = { 0 };
    char line[PROGRESS_LINE_MAX];
    if (!p->outlet.terminal) {
        return;
    }
    unsigned columns = ioctl(p->outlet.fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : COLUMNS_DEFAULT;
    size_t length = progress_live_line(line, p, now_ns, columns);
    clear_live(p);
    if (length > 0) {
        outlet_try(&p->outlet, line, length);
        p->shown = true;
    }
}

void progress_say(struct progress *p, const char *text)
{
    char shown[PROGRESS_LINE_MAX - 16], line[PROGRESS_LINE_MAX];
    if (p->note != NULL) {
        p->note(p->note_to, text);
        return;
    }
    sanitise(shown, sizeof shown, text, strlen(text));
    int n = snprintf(line, sizeof line, "quiesce: %s\n", shown);
    put_line(p, line, (size_t)n);
}

void progress_end(struct progress *p)
{
    p->active_count = 0;
    clear_live(p);
    outlet_close(&p->outlet);
}

/* ---- messages ----------------------------------------------------------------- */

static struct progress_step *find_step(struct progress *p, const struct msg_progress *m)
{
    for (unsigned i = 0; i < p->active_count; i++) {
        if (p->active[i].step == m->step && strncmp(p->active[i].plugin, m->plugin, PLAN_NAME_MAX) == 0) {
            return &p->active[i];
        }
    }
    return NULL;
}

static void remember(struct progress *p, const struct msg_progress *m, uint64_t now_ns)
{
    struct progress_step *s = find_step(p, m);
    if (s == NULL && p->active_count < PROGRESS_ACTIVE_MAX) {
        s = &p->active[p->active_count++];
        *s = (struct progress_step){ .step = m->step, .began_ns = now_ns, .at_ns = m->at_ns };
        memcpy(s->plugin, m->plugin, sizeof s->plugin);
        s->plugin[sizeof s->plugin - 1] = '\0';
    }
    if (s != NULL) {
        s->attempt = m->attempt;
        s->told_ns = now_ns;
        s->budget_ns = m->budget_ns;
    }
}

/* Takes the step off the list and says how long it took, by the supervisor's clock;
 * PROGRESS_UNKNOWN if its beginning was not told. */
static uint64_t forget(struct progress *p, const struct msg_progress *m)
{
    struct progress_step *s = find_step(p, m);
    if (s == NULL) {
        return PROGRESS_UNKNOWN;
    }
    uint64_t took_ns = m->at_ns > s->at_ns ? m->at_ns - s->at_ns : 0;
    memmove(s, s + 1, (size_t)(p->active + p->active_count - (s + 1)) * sizeof *s);
    p->active_count--;
    return took_ns;
}

void progress_budget(struct progress *p, enum run_step step, uint64_t budget_ns, uint64_t now_ns)
{
    for (unsigned i = 0; i < p->active_count; i++) {
        if (p->active[i].step == (uint8_t)step) {
            p->active[i].told_ns = now_ns;
            p->active[i].budget_ns = budget_ns;
        }
    }
}

void progress_message(struct progress *p, const struct msg_progress *m, uint64_t now_ns)
{
    char line[PROGRESS_LINE_MAX];
    uint64_t took_ns = 0;
    if (m->kind == PROGRESS_BEGIN || m->kind == PROGRESS_STILL) {
        remember(p, m, now_ns);
    }
    if (m->kind == PROGRESS_END) {
        took_ns = forget(p, m);
    }
    /* On a terminal the live line says that a step goes on. */
    bool wanted = p->lines && !(p->outlet.terminal && m->kind == PROGRESS_STILL);
    size_t length = wanted || m->kind == PROGRESS_WARNING ? progress_step_line(line, m, took_ns) : 0;
    if (length > 0) {
        put_line(p, line, length);
    }
    if (m->kind == PROGRESS_END && (m->step == STEP_THAW || (m->step == STEP_FREEZE && m->failed != 0))) {
        outlet_thawed(&p->outlet);
    }
}
