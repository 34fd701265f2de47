/*
 * sight.h - what is seen of a run while it goes on.
 *
 * In two places: the lines that the front writes, and the map that the roles share, which
 * changes before and after each ioctl.
 */
#ifndef CAMPAIGN_SIGHT_H
#define CAMPAIGN_SIGHT_H

#include "campaign.h"
#include "quiesce/record.h"

enum { SIGHT_LINES_MAX = 16384 };

struct sight {
    pid_t front;
    int front_fd, lines; /* pidfd; what the front writes, -1: no more */
    uint64_t began_ns, ended_ns;
    int status;          /* once it has ended */
    size_t used;
    char text[SIGHT_LINES_MAX];
    uint64_t seen_ns[MOMENTS], took_ns[MOMENTS]; /* when a part was said to be over, and how long it took */
    const struct run_record *map; /* NULL: not yet */
};

/* Takes what is to be seen, until until_ns; returns early if something was. */
void sight_look(struct sight *sight, uint64_t until_ns);

/* What the run is doing now. */
enum moment sight_moment(const struct sight *sight, const struct load *load);

/* Returns when this has begun, or the run has ended, or limit_ns has come. */
void sight_await(struct sight *sight, const struct load *load, enum moment aim, uint64_t limit_ns);

/* Returns when what the plan aims at has begun and its share of that has passed, or the
 * run has ended, or limit_ns has come. */
void sight_aim(struct sight *sight, const struct plan *plan, const struct load *load, const struct pace *pace, uint64_t limit_ns);

/* What the front has written goes to PLACE/err.txt. */
void sight_keep(struct sight *sight);

/* Of a run that went well: how long its parts take. */
void sight_learn(const struct sight *sight, struct pace *pace);

/* No more of it. */
void sight_end(struct sight *sight);

/* ---- front.c ---------------------------------------------------------------------- */

/* Writes the configuration and starts a run.  False: errno says why. */
bool front_configure(const struct plan *plan);
bool front_start(struct sight *sight, const struct settings *s, const struct plan *plan, const struct load *load);

/* "quiesce recover", or with waits "recover --wait", with its output in PLACE/recover.log; -1 or its pid. */
pid_t front_recover(const struct settings *s, bool waits);

#endif
