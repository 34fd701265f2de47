/*
 * main.c - the kill campaign's loop.  Started by tests/campaign/campaign.
 *
 *   campaign-driver [--trials N] [--seed N] [--only N] [--with WORD]... [--without WORD]...
 *                   [--weaken NAMES] [--verify-every N] [--cover] QUIESCE DIR
 *
 * Status 0: no trial failed.  1: some did.  2: the campaign could not go on.  130: it was
 * interrupted; it goes on where it stopped when it is called again.
 */
#include "campaign.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum { VERIFY_EVERY = 500, TRIALS = 200, TRIES = 3, INTERRUPTED = 130, CANNOT = 2, SHOWN_EVERY_MS = 200 };

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = number;
}

_Noreturn static void cannot(const char *what, const char *why)
{
    fprintf(stderr, "campaign: %s: %s\n", what, why);
    exit(CANNOT);
}

/* ---- options --------------------------------------------------------------------------- */

static uint64_t number_in(const char *text)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *text == '-') {
        cannot(text, "not a number");
    }
    return n;
}

static void leave_out(struct settings *s, const char *text)
{
    bool known = false;
    for (unsigned i = 0; i < ACTIONS; i++) {
        if (strcmp(text, action_names[i]) == 0) {
            s->without |= 1u << i;
            known = true;
        }
    }
    for (unsigned i = 0; i < LAYOUTS; i++) {
        if (strcmp(text, layout_names[i]) == 0) {
            s->without_layouts |= 1u << i;
            known = true;
        }
    }
    if (!known) {
        cannot(text, "no such action or layout");
    }
}

static void must_have(struct settings *s, const char *text)
{
    size_t n = 0;
    while (n < LENGTH(s->with) && s->with[n] != NULL) {
        n++;
    }
    if (n == LENGTH(s->with)) {
        cannot(text, "too many words");
    }
    s->with[n] = text;
}

static bool wanted(const struct settings *s, const struct plan *p)
{
    bool all = (s->without >> p->action & 1) == 0 && (s->without_layouts >> p->layout & 1) == 0;
    for (size_t i = 0; i < LENGTH(s->with) && s->with[i] != NULL; i++) {
        const char *const words[] = { action_names[p->action], victim_names[p->victim], moment_names[p->aim], layout_names[p->layout],
                                      p->held ? "held" : "", p->action == ACTION_PAUSE ? victim_names[p->also] : "" };
        bool has = false;
        for (size_t w = 0; w < LENGTH(words); w++) {
            has = has || strcmp(words[w], s->with[i]) == 0;
        }
        all = all && has;
    }
    return all;
}

static void read_options(struct settings *s, int argc, char **argv)
{
    static const struct option known[] = {
        { "trials", required_argument, NULL, 't' }, { "seed", required_argument, NULL, 's' }, { "only", required_argument, NULL, 'o' },
        { "with", required_argument, NULL, 'm' }, { "without", required_argument, NULL, 'x' }, { "weaken", required_argument, NULL, 'w' },
        { "verify-every", required_argument, NULL, 'v' }, { "cover", no_argument, NULL, 'c' }, { NULL, 0, NULL, 0 },
    };
    *s = (struct settings){ .trials = TRIALS, .seed = 1, .verify_every = VERIFY_EVERY };
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 't': s->trials = number_in(optarg); break;
        case 's': s->seed = number_in(optarg); break;
        case 'o': s->only = number_in(optarg); s->has_only = true; break;
        case 'x': leave_out(s, optarg); break;
        case 'm': must_have(s, optarg); break;
        case 'w': s->weaken = optarg; break;
        case 'v': s->verify_every = number_in(optarg); break;
        case 'c': s->cover = true; break;
        default: exit(CANNOT);
        }
    }
    if (optind + 2 != argc || s->verify_every == 0) {
        cannot("usage", "campaign-driver [OPTION]... QUIESCE DIR");
    }
    s->quiesce = argv[optind];
    s->results = argv[optind + 1];
}

/* ---- showing --------------------------------------------------------------------------------- */

/* One line on a terminal, redrawn; nothing elsewhere. */
static void show(const struct settings *s, const struct plan *p, uint64_t first, uint64_t began_ns, uint64_t failed, bool last)
{
    static uint64_t shown_ns;
    uint64_t now = clock_monotonic_ns();
    if (!isatty(STDERR_FILENO) || (!last && now - shown_ns < SHOWN_EVERY_MS * NS_PER_MS)) {
        return;
    }
    shown_ns = now;
    double rate = (double)(p->number + 1 - first) * 1e9 / (double)(now - began_ns + 1);
    double left = rate > 0 ? (double)(s->trials - p->number - 1) / rate : 0;
    fprintf(stderr, "\r\033[Ktrial %llu of %llu, %llu failed, %.1f/s, %d:%02d left  %s %s%s", (unsigned long long)p->number + 1,
            (unsigned long long)s->trials, (unsigned long long)failed, rate, (int)left / 60, (int)left % 60, action_names[p->action],
            victim_names[p->victim], last ? "\n" : "");
}

/* ---- a trial that failed ----------------------------------------------------------------------- */

static void keep(const struct settings *s, const struct plan *p, const struct result *o)
{
    static const char *const files[] = { "out.json", "err.txt", "family.txt", "recover.log", "plugin.json", "command.log" };
    char directory[2 * TEXT_MAX], path[3 * TEXT_MAX];
    snprintf(directory, sizeof directory, "%s/failed-%llu", s->results, (unsigned long long)p->number);
    (void)mkdir(directory, 0755);
    snprintf(path, sizeof path, "%s/why", directory);
    FILE *out = fopen(path, "we");
    if (out != NULL) {
        fprintf(out, "trial %llu of seed %llu: %s of %s%s%s, aimed at %s, done in %s, file systems %s%s, status %#x, %.1f ms\n%s\n",
                (unsigned long long)p->number, (unsigned long long)s->seed, action_names[p->action], victim_names[p->victim],
                p->also != VICTIM_NOBODY ? " and " : "", p->also != VICTIM_NOBODY ? victim_names[p->also] : "", moment_names[p->aim], moment_names[o->moment], layout_names[p->layout], p->held ? ", held" : "",
                (unsigned)o->status, (double)o->took_ns / 1e6, o->why);
        fclose(out);
    }
    for (size_t i = 0; i < LENGTH(files); i++) {
        snprintf(path, sizeof path, PLACE "/%s", files[i]);
        const char *const argv[] = { "cp", path, directory, NULL };
        if (access(path, F_OK) == 0) {
            (void)command(argv);
        }
    }
    fprintf(stderr, "%strial %llu failed (%s of %s in %s, %s%s): %s\n  again: tests/campaign/campaign --seed %llu --only %llu%s%s DIR\n  files: %s\n",
            isatty(STDERR_FILENO) ? "\r\033[K" : "", (unsigned long long)p->number, action_names[p->action], victim_names[p->victim],
            moment_names[o->moment], layout_names[p->layout], p->held ? ", held" : "", o->why, (unsigned long long)s->seed, (unsigned long long)p->number,
            s->weaken != NULL ? " --weaken " : "", s->weaken != NULL ? s->weaken : "", directory);
}

/* Of the trial before, if that had one. */
static void forget(void)
{
    static const char *const files[] = { "out.json", "err.txt", "family.txt", "recover.log", "command.log" };
    for (size_t i = 0; i < LENGTH(files); i++) {
        char path[TEXT_MAX];
        snprintf(path, sizeof path, PLACE "/%s", files[i]);
        (void)unlink(path);
    }
}

/* ---- the loop -------------------------------------------------------------------------------------- */

/* What the trials from first up to end need. */
static uint32_t stores_wanted(const struct settings *s, uint64_t first, uint64_t end)
{
    uint32_t mask = 0;
    for (uint64_t number = first; number < end; number++) {
        struct plan p = plan_of(s->seed, number);
        mask |= wanted(s, &p) ? stores_of(&p) : 0;
    }
    return mask;
}

static struct load *prepare(const struct settings *s, uint64_t first, uint64_t end)
{
    struct load *load = load_map(true);
    sigset_t child;
    const struct sigaction stop = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    if (load == NULL) {
        cannot(PLACE "/load", strerror(errno));
    }
    cgroups_prepare();
    if (cgroups.root[0] == '\0') {
        cannot("cgroups", "a writable cgroup v2 is needed");
    }
    if (cgroups.memory[0] == '\0' && (s->without >> ACTION_MEMORY & 1) == 0) {
        cannot("cgroups", "no controller of memory here; \"--without memory\" leaves those trials out");
    }
    if (!stores_prepare(load, stores_wanted(s, first, end))) {
        cannot("the file systems could not be made", "see " PLACE "/command.log");
    }
    load_start(load);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 || prctl(PR_SET_TIMERSLACK, 1) != 0 || sigprocmask(SIG_BLOCK, &child, NULL) != 0
        || sigaction(SIGINT, &stop, NULL) != 0 || sigaction(SIGTERM, &stop, NULL) != 0) {
        cannot("signals", strerror(errno));
    }
    verdict_prepare();
    return load;
}

static uint64_t campaign(const struct settings *s, struct load *load, int results, uint64_t first, uint64_t end)
{
    struct pace pace = { .parts = { [MOMENT_LOAD] = 5000000, [MOMENT_PRE] = 8000000, [MOMENT_FLUSH] = 1500000, [MOMENT_FREEZE] = 800000,
                                    [MOMENT_FROZEN] = 4000000, [MOMENT_THAW] = 1500000, [MOMENT_POST] = 5000000, [MOMENT_ANY] = 30000000, [MOMENT_ARM] = 200000 } };
    uint64_t began = clock_monotonic_ns(), failed = 0, since = 0;
    for (uint64_t number = first; number < end && interrupted == 0; number++) {
        struct plan p = plan_of(s->seed, number);
        static struct result o;
        if (!wanted(s, &p)) {
            continue;
        }
        /* A run may be over before its harm has come. */
        for (unsigned tries = 0; tries < TRIES && (tries == 0 || (!o.harmed && o.failures == 0)); tries++) {
            forget();
            trial_run(s, &p, load, &pace, &o);
        }
        since++;
        if (since == s->verify_every || number + 1 == end || o.read_only) {
            char why[TEXT_MAX];
            since = 0;
            if ((o.read_only && !stores_reopen(why, sizeof why)) || !stores_verify(load, why, sizeof why)) {
                result_fail(&o, "of all file systems: %s", why);
            }
        }
        failed += o.failures > 0;
        if (o.failures > 0) {
            keep(s, &p, &o);
        }
        if (results >= 0) {
            results_add(results, &p, &o);
        } else if (o.failures == 0) {
            printf("trial %llu: %s of %s in %s, %s: good%s\n", (unsigned long long)number, action_names[p.action], victim_names[p.victim],
                   moment_names[o.moment], layout_names[p.layout], o.harmed ? "" : ", but the run was over before it");
        }
        show(s, &p, first, began, failed, number + 1 == end || interrupted != 0);
    }
    return failed;
}

int main(int argc, char **argv)
{
    static struct settings s;
    char why[TEXT_MAX * 2];
    uint64_t first = 0;
    read_options(&s, argc, argv);
    int results = s.has_only ? -1 : results_open(&s, &first, why, sizeof why);
    if (!s.has_only && results < 0) {
        cannot("results", why);
    }
    struct load *load = prepare(&s, s.has_only ? s.only : first, s.has_only ? s.only + 1 : s.trials);
    if (s.has_only) {
        return campaign(&s, load, -1, s.only, s.only + 1) == 0 ? 0 : 1;
    }
    if (first > 0) {
        fprintf(stderr, "campaign: goes on with trial %llu\n", (unsigned long long)first);
    }
    (void)campaign(&s, load, results, first, s.trials);
    rescue_thaw(load);
    s.cover = s.cover && interrupted == 0;
    long failed = summary_print(&s, stdout);
    if (failed < 0) {
        return CANNOT;
    }
    return interrupted != 0 ? INTERRUPTED : failed == 0 ? 0 : 1;
}
