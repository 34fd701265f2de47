/*
 * summary.c - what came of all trials so far: a table, summary.json, latency.svg.
 */
#include "campaign.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 2048, WORD = 32, TRIALS_MOST = 1000000 };

struct row {
    enum action action;
    enum victim victim;
    enum moment moment;
    enum layout layout;
    bool held, harmed, read_only, failed;
    double stall, thaw; /* ms; thaw 0: nothing was frozen then */
};

struct rows {
    struct row *rows;
    size_t count;
};

/* ---- reading --------------------------------------------------------------------- */

static unsigned number_of(const char *word, const char *const names[], unsigned count)
{
    unsigned i = 0;
    while (i < count && strcmp(names[i], word) != 0) {
        i++;
    }
    return i;
}

static bool read_row(const char *line, struct row *r)
{
    char action[WORD], victim[WORD], moment[WORD], layout[WORD];
    int held, harmed, read_only, failed;
    if (sscanf(line,
               "{\"trial\":%*u,\"action\":\"%31[^\"]\",\"victim\":\"%31[^\"]\",\"also\":\"%*[^\"]\",\"aim\":\"%*[^\"]\",\"moment\":\"%31[^\"]\","
               "\"layout\":\"%31[^\"]\",\"held\":%d,\"harmed\":%d,\"status\":%*d,\"ms\":%*f,\"stall\":%lf,\"thaw\":%lf,\"readonly\":%d,\"failed\":%d",
               action, victim, moment, layout, &held, &harmed, &r->stall, &r->thaw, &read_only, &failed) != 10) {
        return false;
    }
    r->action = (enum action)number_of(action, action_names, ACTIONS);
    r->victim = (enum victim)number_of(victim, victim_names, VICTIMS);
    r->moment = (enum moment)number_of(moment, moment_names, MOMENTS);
    r->layout = (enum layout)number_of(layout, layout_names, LAYOUTS);
    r->held = held != 0;
    r->harmed = harmed != 0;
    r->read_only = read_only != 0;
    r->failed = failed != 0;
    return r->action < ACTIONS && r->victim < VICTIMS && r->moment < MOMENTS && r->layout < LAYOUTS;
}

static bool read_rows(const struct settings *s, struct rows *all)
{
    char path[2 * TEXT_MAX], line[LINE_SIZE];
    snprintf(path, sizeof path, "%s/results.jsonl", s->results);
    FILE *in = fopen(path, "re");
    size_t room = 0;
    bool good = in != NULL && fgets(line, sizeof line, in) != NULL;
    while (good && fgets(line, sizeof line, in) != NULL) {
        if (all->count == room) {
            room = room * 2 + 1024;
            struct row *more = room <= TRIALS_MOST * 2 ? realloc(all->rows, room * sizeof *more) : NULL;
            if (more == NULL) {
                good = false;
                break;
            }
            all->rows = more;
        }
        good = read_row(line, &all->rows[all->count]);
        all->count += good;
    }
    if (in != NULL) {
        fclose(in);
    }
    return good;
}

/* ---- numbers ------------------------------------------------------------------------ */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct figures {
    size_t count;
    double median, most99, worst; /* ms */
};

/* Thaw times of one action, or (ACTIONS) of all that give no time to anybody: kills, in short. */
static struct figures thaw_figures(const struct rows *all, enum action action, double *sorted)
{
    struct figures f = { 0 };
    for (size_t i = 0; i < all->count; i++) {
        const struct row *r = &all->rows[i];
        if (r->thaw > 0 && r->harmed && r->action == action) {
            sorted[f.count++] = r->thaw;
        }
    }
    qsort(sorted, f.count, sizeof *sorted, ascending);
    if (f.count > 0) {
        f.median = sorted[f.count / 2];
        f.most99 = sorted[f.count * 99 / 100];
        f.worst = sorted[f.count - 1];
    }
    return f;
}

struct tally {
    size_t trials, held, harmed, read_only, failed;
    size_t actions[ACTIONS], victims[VICTIMS], moments[MOMENTS], layouts[LAYOUTS];
    size_t cells[VICTIMS][MOMENTS]; /* harmed: whom and when */
    size_t failures[ACTIONS];
    double stalls[ACTIONS]; /* the longest, ms */
};

static void count_rows(const struct rows *all, struct tally *t)
{
    memset(t, 0, sizeof *t);
    t->trials = all->count;
    for (size_t i = 0; i < all->count; i++) {
        const struct row *r = &all->rows[i];
        t->failed += r->failed;
        t->held += r->held;
        t->read_only += r->read_only;
        t->failures[r->action] += r->failed;
        t->actions[r->action]++;
        t->layouts[r->layout]++;
        t->stalls[r->action] = r->stall > t->stalls[r->action] ? r->stall : t->stalls[r->action];
        if (r->harmed) {
            t->harmed++;
            t->victims[r->victim]++;
            t->moments[r->moment]++;
            t->cells[r->victim][r->moment]++;
        }
    }
}

/* ---- the table -------------------------------------------------------------------------- */

static void print_table(FILE *out, const struct tally *t, const struct rows *all, double *sorted)
{
    fprintf(out, "\n%-12s", "whom \\ when");
    for (unsigned m = 0; m < MOMENTS; m++) {
        fprintf(out, "%8s", moment_names[m]);
    }
    fprintf(out, "%9s\n", "in all");
    for (unsigned v = 0; v < VICTIMS; v++) {
        if (t->victims[v] == 0) {
            continue;
        }
        fprintf(out, "%-12s", victim_names[v]);
        for (unsigned m = 0; m < MOMENTS; m++) {
            fprintf(out, "%8zu", t->cells[v][m]);
        }
        fprintf(out, "%9zu\n", t->victims[v]);
    }
    fprintf(out, "\n%-13s%8s%8s   %s\n", "action", "trials", "failed", "ms until the last writer went on: n, median, 99 %, worst; longest write");
    for (unsigned a = 0; a < ACTIONS; a++) {
        if (t->actions[a] == 0) {
            continue;
        }
        struct figures f = thaw_figures(all, (enum action)a, sorted);
        fprintf(out, "%-13s%8zu%8zu   %6zu %9.2f %9.2f %9.2f %9.2f\n", action_names[a], t->actions[a], t->failures[a], f.count, f.median,
                f.most99, f.worst, t->stalls[a]);
    }
    fputs("\nfile systems:", out);
    for (unsigned l = 0; l < LAYOUTS; l++) {
        fprintf(out, " %s %zu%s", layout_names[l], t->layouts[l], l + 1 < LAYOUTS ? "," : "\n");
    }
    fprintf(out, "%zu trials, %zu of them of held sessions, in %zu harm was done, %zu failed\n", t->trials, t->held, t->harmed, t->failed);
    if (t->read_only > 0) {
        fprintf(out, "in %zu the kernel made a btrfs read-only, because its thaw was killed (README.md); every record was there\n", t->read_only);
    }
}

/* ---- JSON --------------------------------------------------------------------------------- */

static void print_counts(FILE *out, const char *name, const char *const names[], const size_t counts[], unsigned count)
{
    fprintf(out, ",\n \"%s\": {", name);
    for (unsigned i = 0; i < count; i++) {
        fprintf(out, "%s\"%s\": %zu", i > 0 ? ", " : "", names[i], counts[i]);
    }
    fputs("}", out);
}

static bool write_json(const struct settings *s, const struct tally *t, const struct rows *all, double *sorted)
{
    char path[2 * TEXT_MAX];
    snprintf(path, sizeof path, "%s/summary.json", s->results);
    FILE *out = fopen(path, "we");
    if (out == NULL) {
        return false;
    }
    fprintf(out, "{\"seed\": %llu, \"trials\": %zu, \"held\": %zu, \"harmed\": %zu, \"readOnlyByKernel\": %zu, \"failed\": %zu", (unsigned long long)s->seed,
            t->trials, t->held, t->harmed, t->read_only, t->failed);
    print_counts(out, "victims", victim_names, t->victims, VICTIMS);
    print_counts(out, "moments", moment_names, t->moments, MOMENTS);
    print_counts(out, "layouts", layout_names, t->layouts, LAYOUTS);
    fputs(",\n \"whomAndWhen\": {", out);
    for (unsigned v = 0; v < VICTIMS; v++) {
        fprintf(out, "%s\n  \"%s\": [", v > 0 ? "," : "", victim_names[v]);
        for (unsigned m = 0; m < MOMENTS; m++) {
            fprintf(out, "%s%zu", m > 0 ? ", " : "", t->cells[v][m]);
        }
        fputs("]", out);
    }
    fputs("},\n \"actions\": {", out);
    for (unsigned a = 0; a < ACTIONS; a++) {
        struct figures f = thaw_figures(all, (enum action)a, sorted);
        fprintf(out, "%s\n  \"%s\": {\"trials\": %zu, \"failed\": %zu, \"thawed\": %zu, \"medianMs\": %.3f, \"p99Ms\": %.3f, \"worstMs\": %.3f,"
                " \"longestWriteMs\": %.3f}", a > 0 ? "," : "", action_names[a], t->actions[a], t->failures[a], f.count, f.median, f.most99,
                f.worst, t->stalls[a]);
    }
    fputs("}}\n", out);
    return fclose(out) == 0;
}

/* ---- the picture ------------------------------------------------------------------------------ */

/* Buckets of a logarithmic scale: ten for each decade from 0.1 ms to 10 s. */
enum { DECADES = 5, PER_DECADE = 10, BUCKETS = DECADES * PER_DECADE, WIDTH = 760, BAND = 96, LEFT = 110, RIGHT = 24, TOP = 58 };

static unsigned bucket_of(double ms)
{
    double at = 0.1;
    unsigned bucket = 0;
    const double step = 1.2589254117941673; /* the tenth root of 10 */
    while (bucket + 1 < BUCKETS && ms >= at * step) {
        at *= step;
        bucket++;
    }
    return bucket;
}

static void draw_band(FILE *out, const char *name, const size_t buckets[BUCKETS], size_t count, const struct figures *f, int top)
{
    const double each = (double)(WIDTH - LEFT - RIGHT) / BUCKETS;
    size_t most = 1;
    for (unsigned i = 0; i < BUCKETS; i++) {
        most = buckets[i] > most ? buckets[i] : most;
    }
    fprintf(out, "<text x=\"12\" y=\"%d\" class=\"name\">%s</text><text x=\"12\" y=\"%d\" class=\"note\">%zu trials</text>\n", top + 50, name,
            top + 66, count);
    for (unsigned i = 0; i < BUCKETS; i++) {
        double height = (double)buckets[i] * (BAND - 34) / (double)most;
        if (buckets[i] > 0) {
            height = height < 1.5 ? 1.5 : height;
            fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", LEFT + i * each + 0.5, top + BAND - 14 - height,
                    each - 1, height);
        }
    }
    fprintf(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n", LEFT, top + BAND - 14, WIDTH - RIGHT, top + BAND - 14);
    fprintf(out, "<text x=\"%d\" y=\"%d\" class=\"note\" text-anchor=\"end\">median %.2f, 99 %% %.2f, worst %.2f ms</text>\n", WIDTH - RIGHT,
            top + 12, f->median, f->most99, f->worst);
}

static bool write_picture(const struct settings *s, const struct tally *t, const struct rows *all, double *sorted)
{
    char path[2 * TEXT_MAX];
    int bands = 0;
    snprintf(path, sizeof path, "%s/latency.svg", s->results);
    FILE *out = fopen(path, "we");
    if (out == NULL) {
        return false;
    }
    for (unsigned a = 0; a < ACTIONS; a++) {
        bands += a != ACTION_NONE && thaw_figures(all, (enum action)a, sorted).count > 0;
    }
    int height = TOP + bands * BAND + 40;
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n"
            "<style>text{font:12px sans-serif;fill:#222}.title{font-size:15px;font-weight:bold}.name{font-weight:bold}.note{fill:#555}"
            "rect{fill:#33658a}line{stroke:#888}.grid{stroke:#e2e2e2}.back{fill:#fff}</style>\n"
            "<rect class=\"back\" width=\"%d\" height=\"%d\"/>\n<text x=\"12\" y=\"24\" class=\"title\">From the harm to the last writer's return</text>\n"
            "<text x=\"12\" y=\"42\" class=\"note\">%zu trials of seed %llu, those in which something was frozen; %zu failed</text>\n",
            WIDTH, height, WIDTH, height, WIDTH, height, t->trials, (unsigned long long)s->seed, t->failed);
    const char *const marks[DECADES + 1] = { "0.1 ms", "1 ms", "10 ms", "100 ms", "1 s", "10 s" };
    for (int i = 0; i <= DECADES; i++) {
        int x = LEFT + (WIDTH - LEFT - RIGHT) * i / DECADES;
        fprintf(out, "<line class=\"grid\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/><text x=\"%d\" y=\"%d\" class=\"note\" text-anchor=\"middle\">%s</text>\n",
                x, TOP, x, TOP + bands * BAND, x - (i == DECADES ? 8 : 0), TOP + bands * BAND + 16, marks[i]);
    }
    int top = TOP;
    for (unsigned a = 0; a < ACTIONS; a++) {
        size_t buckets[BUCKETS] = { 0 };
        struct figures f = thaw_figures(all, (enum action)a, sorted);
        if (a == ACTION_NONE || f.count == 0) {
            continue;
        }
        for (size_t i = 0; i < f.count; i++) {
            buckets[bucket_of(sorted[i])]++;
        }
        draw_band(out, action_names[a], buckets, f.count, &f, top);
        top += BAND;
    }
    fputs("</svg>\n", out);
    return fclose(out) == 0;
}

/* ---- all of it ---------------------------------------------------------------------------------- */

/* What was never tried, and was not left out. */
static bool covered(const struct settings *s, const struct tally *t, FILE *out)
{
    bool all = true;
    for (unsigned a = 0; a < ACTIONS; a++) {
        if (t->actions[a] == 0 && (s->without >> a & 1) == 0) {
            fprintf(out, "never tried: %s\n", action_names[a]);
            all = false;
        }
    }
    for (unsigned v = 0; v < VICTIM_ALL; v++) {
        if (t->victims[v] == 0) {
            fprintf(out, "never harmed: %s\n", victim_names[v]);
            all = false;
        }
    }
    for (unsigned m = 0; m < MOMENT_OVER; m++) {
        if (t->moments[m] == 0) {
            fprintf(out, "no harm done in: %s\n", moment_names[m]);
            all = false;
        }
    }
    for (unsigned l = 0; l < LAYOUTS; l++) {
        if (t->layouts[l] == 0 && (s->without_layouts >> l & 1) == 0 && (l != LAYOUT_DAMAGED || (s->without >> ACTION_DEVICE & 1) == 0)) {
            fprintf(out, "never frozen: %s\n", layout_names[l]);
            all = false;
        }
    }
    return all;
}

long summary_print(const struct settings *s, FILE *out)
{
    struct rows all = { 0 };
    static struct tally tally;
    long failed = -1;
    if (read_rows(s, &all)) {
        double *sorted = calloc(all.count + 1, sizeof *sorted);
        if (sorted != NULL) {
            count_rows(&all, &tally);
            print_table(out, &tally, &all, sorted);
            bool written = write_json(s, &tally, &all, sorted) && write_picture(s, &tally, &all, sorted);
            failed = written && (!s->cover || covered(s, &tally, out)) ? (long)tally.failed : -1;
        }
        free(sorted);
    }
    free(all.rows);
    return failed;
}
