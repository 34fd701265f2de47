#include "sight.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { SPIN_NS = 2000000 /* what is expected so soon is not slept for */ };

/* ---- looking ---------------------------------------------------------------------------- */

static const struct {
    const char *line;
    enum moment over;
} parts[] = {
    { "  documents: ", MOMENT_LOAD }, { "  pre-scripts: ", MOMENT_PRE }, { "  flush: ", MOMENT_FLUSH },
    { "  freeze: ", MOMENT_FREEZE }, { "  snapshot: ", MOMENT_FROZEN }, { "  thaw: ", MOMENT_THAW },
    { "  post-scripts: ", MOMENT_POST },
};

static void read_lines(struct sight *sight)
{
    ssize_t n = read(sight->lines, sight->text + sight->used, sizeof sight->text - 1 - sight->used);
    if (n == 0 || (n < 0 && errno != EAGAIN) || sight->used == sizeof sight->text - 1) {
        close(sight->lines);
        sight->lines = -1;
        return;
    }
    sight->used += n > 0 ? (size_t)n : 0;
    sight->text[sight->used] = '\0';
    uint64_t now = clock_monotonic_ns();
    for (size_t i = 0; i < LENGTH(parts); i++) {
        const char *line = strstr(sight->text, parts[i].line), *took = line != NULL ? strstr(line, "done in ") : NULL;
        if (line != NULL && sight->seen_ns[parts[i].over] == 0) {
            sight->seen_ns[parts[i].over] = now;
            sight->took_ns[parts[i].over] = took != NULL ? (uint64_t)(strtod(took + 8, NULL) * 1e9) : 0;
        }
    }
}

void sight_look(struct sight *sight, uint64_t until_ns)
{
    uint64_t now = clock_monotonic_ns(), left = until_ns > now ? until_ns - now : 0;
    struct pollfd sources[] = { { .fd = sight->lines, .events = POLLIN },
                                { .fd = sight->ended_ns != 0 ? -1 : sight->front_fd, .events = POLLIN } };
    const struct timespec rest = { (time_t)(left / NS_PER_S), (long)(left % NS_PER_S) };
    if (ppoll(sources, LENGTH(sources), &rest, NULL) <= 0) {
        return;
    }
    if (sources[0].revents != 0) {
        read_lines(sight);
    }
    if (sources[1].revents != 0 && waitpid(sight->front, &sight->status, 0) == sight->front) {
        sight->ended_ns = clock_monotonic_ns();
    }
    if (sight->map == NULL && sight->seen_ns[MOMENT_LOAD] != 0 && sight->ended_ns == 0) {
        sight->map = family_map();
    }
}

struct counts {
    uint32_t total, freezing, frozen, thawed;
};

static struct counts count_states(const struct sight *sight)
{
    struct counts c = { 0 };
    c.total = sight->map != NULL ? sight->map->count : 0;
    for (uint32_t i = 0; i < c.total && i < PLAN_FS_MAX; i++) {
        uint32_t state = atomic_load(&sight->map->fs[i].state);
        c.freezing += state == FS_FREEZING;
        c.frozen += state == FS_FROZEN;
        c.thawed += state == FS_THAWED;
    }
    return c;
}

enum moment sight_moment(const struct sight *sight, const struct load *load)
{
    struct counts c = count_states(sight);
    if (sight->ended_ns != 0) {
        return MOMENT_OVER;
    }
    if (sight->seen_ns[MOMENT_LOAD] == 0) {
        return MOMENT_LOAD;
    }
    if (c.total > 0 && c.thawed == c.total) {
        return sight->seen_ns[MOMENT_POST] != 0 ? MOMENT_OVER : MOMENT_POST;
    }
    if (c.thawed > 0 || (c.frozen > 0 && atomic_load(&load->snapshot_ended) != 0)) {
        return MOMENT_THAW;
    }
    if (c.freezing > 0 || c.frozen > 0) {
        return c.frozen == c.total ? MOMENT_FROZEN : MOMENT_FREEZE;
    }
    return sight->seen_ns[MOMENT_PRE] == 0 ? MOMENT_PRE : sight->seen_ns[MOMENT_POST] != 0 ? MOMENT_OVER : MOMENT_FLUSH;
}

/* ---- aiming ------------------------------------------------------------------------------- */

/* Whether what is aimed at has begun; the lines of a freeze come when it is over. */
static bool has_begun(const struct sight *sight, const struct load *load, enum moment aim)
{
    struct counts c = count_states(sight);
    switch (aim) {
    case MOMENT_PRE:
        return sight->seen_ns[MOMENT_LOAD] != 0;
    case MOMENT_FLUSH:
        return sight->seen_ns[MOMENT_PRE] != 0;
    case MOMENT_ARM:
        return sight->map != NULL && sight->map->deadline_boottime_ns != 0;
    case MOMENT_FREEZE:
        return c.freezing > 0 || c.frozen > 0;
    case MOMENT_FROZEN:
        return c.total > 0 && c.frozen == c.total;
    case MOMENT_THAW:
        return atomic_load(&load->snapshot_ended) != 0;
    case MOMENT_POST:
        return sight->seen_ns[MOMENT_THAW] != 0 || (c.total > 0 && c.thawed == c.total);
    case MOMENT_LOAD:
    case MOMENT_OVER:
    case MOMENT_ANY:
    case AIMS:
    default:
        return true;
    }
}

void sight_await(struct sight *sight, const struct load *load, enum moment aim, uint64_t limit_ns)
{
    /* What changes in memory is looked at again and again from where it can be next. */
    bool in_memory = aim == MOMENT_ARM || aim == MOMENT_FREEZE || aim == MOMENT_FROZEN || aim == MOMENT_THAW;
    while (!has_begun(sight, load, aim) && sight->ended_ns == 0 && clock_monotonic_ns() < limit_ns) {
        bool close_by = in_memory && sight->seen_ns[MOMENT_PRE] != 0;
        sight_look(sight, close_by ? 0 : clock_monotonic_ns() + NS_PER_S);
    }
}

void sight_aim(struct sight *sight, const struct plan *p, const struct load *load, const struct pace *pace, uint64_t limit_ns)
{
    sight_await(sight, load, p->aim, limit_ns);
    uint64_t from = p->aim == MOMENT_ANY || p->aim == MOMENT_LOAD ? sight->began_ns : clock_monotonic_ns();
    /* How long it is frozen is the plan's to say; the command takes a millisecond to start. */
    uint64_t part = p->aim == MOMENT_FROZEN ? p->hold_us * 1000ull + NS_PER_MS : pace->parts[p->aim];
    uint64_t at = from + (uint64_t)(p->share * (double)part);
    while (clock_monotonic_ns() < at && sight->ended_ns == 0) {
        sight_look(sight, at - clock_monotonic_ns() < SPIN_NS ? 0 : at - SPIN_NS / 2);
    }
}

/* ---- afterwards ---------------------------------------------------------------------------- */

void sight_keep(struct sight *sight)
{
    while (sight->lines >= 0) {
        struct pollfd rest = { .fd = sight->lines, .events = POLLIN };
        if (poll(&rest, 1, 0) <= 0) {
            break;
        }
        read_lines(sight);
    }
    FILE *out = fopen(PLACE "/err.txt", "we");
    if (out != NULL) {
        fwrite(sight->text, 1, sight->used, out);
        fclose(out);
    }
}

void sight_learn(const struct sight *sight, struct pace *pace)
{
    enum { WEIGHT = 8, SLACK_NS = 500000 };
    for (size_t i = 0; i < MOMENTS; i++) {
        if (sight->took_ns[i] != 0) {
            pace->parts[i] = (pace->parts[i] * (WEIGHT - 1) + sight->took_ns[i] + SLACK_NS) / WEIGHT;
        }
    }
    pace->parts[MOMENT_ANY] = (pace->parts[MOMENT_ANY] * (WEIGHT - 1) + sight->ended_ns - sight->began_ns) / WEIGHT;
}

void sight_end(struct sight *sight)
{
    if (sight->map != NULL) {
        (void)munmap((void *)(uintptr_t)sight->map, sizeof *sight->map);
    }
    if (sight->lines >= 0) {
        close(sight->lines);
    }
    if (sight->front_fd >= 0) {
        close(sight->front_fd);
    }
}
