/*
 * plan.c - what is done in trial N.
 *
 * Actions follow a table, so that every hundred trials hold each of them as often as
 * it says; all else is drawn from a generator whose seed is the campaign's and N.
 */
#include "campaign.h"

#include <signal.h>

const char *const victim_names[VICTIMS] = {
    "front", "monitor", "guardian", "parser", "supervisor", "launcher", "keeper", "hook", "snapshot",
    "everything", "journal", "device", "nobody",
};
const char *const action_names[ACTIONS] = {
    "none", "kill", "pause", "stop", "signal", "recover", "recover-wait", "memory", "starve", "full", "device",
};
const char *const moment_names[AIMS] = {
    "load", "pre", "flush", "freeze", "frozen", "thaw", "post", "over", "any", "arm",
};
const char *const layout_names[LAYOUTS] = {
    "ext4", "xfs", "btrfs", "three", "ext4-in-xfs", "btrfs-in-ext4", "xfs-in-btrfs", "all", "damaged",
};

/* Of each hundred trials. */
static const uint8_t shares[ACTIONS] = {
    [ACTION_NONE] = 3, [ACTION_KILL] = 60, [ACTION_PAUSE] = 4, [ACTION_STOP] = 3, [ACTION_SIGNAL] = 6,
    [ACTION_RECOVER] = 5, [ACTION_WAITING] = 5, [ACTION_MEMORY] = 4, [ACTION_STARVE] = 3, [ACTION_FULL] = 4, [ACTION_DEVICE] = 3,
};

/* splitmix64, as its author placed it in the public domain: a counter and a mixing function. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static uint32_t below(uint64_t *state, uint32_t limit)
{
    return (uint32_t)(draw(state) % limit);
}

static enum action action_of(uint64_t seed, uint64_t number)
{
    enum { STRIDE = 37 }; /* prime to 100: neighbours in the table are not neighbours in time */
    uint32_t place = (uint32_t)((number * STRIDE + seed % 100) % 100);
    for (unsigned i = 0; i < ACTIONS; i++) {
        if (place < shares[i]) {
            return (enum action)i;
        }
        place -= shares[i];
    }
    return ACTION_NONE;
}

static const enum victim pausable[] = { VICTIM_MONITOR, VICTIM_MONITOR, VICTIM_MONITOR, VICTIM_GUARDIAN, VICTIM_GUARDIAN,
                                        VICTIM_SUPERVISOR, VICTIM_FRONT, VICTIM_LAUNCHER };

static enum victim victim_of(enum action action, uint64_t *state)
{
    static const enum victim starved[] = { VICTIM_FRONT, VICTIM_MONITOR, VICTIM_GUARDIAN, VICTIM_PARSER, VICTIM_SUPERVISOR,
                                           VICTIM_LAUNCHER };
    switch (action) {
    case ACTION_KILL:
    case ACTION_STOP:
    case ACTION_MEMORY:
        return (enum victim)below(state, VICTIM_ALL);
    case ACTION_PAUSE:
        return below(state, 4) == 0 ? (enum victim)below(state, VICTIM_ALL) : pausable[below(state, LENGTH(pausable))];
    case ACTION_SIGNAL:
        return VICTIM_FRONT;
    case ACTION_RECOVER:
    case ACTION_WAITING:
        return VICTIM_ALL;
    case ACTION_STARVE:
        return starved[below(state, LENGTH(starved))];
    case ACTION_FULL:
        return VICTIM_JOURNAL;
    case ACTION_DEVICE:
        return VICTIM_DEVICE;
    case ACTION_NONE:
    case ACTIONS:
    default:
        return VICTIM_NOBODY;
    }
}

/* Half of the time anywhere; else where the freeze is, which is short. */
static enum moment aim_of(enum victim victim, uint64_t *state)
{
    static const enum moment anybody[] = { MOMENT_ANY, MOMENT_ANY, MOMENT_ANY, MOMENT_ANY, MOMENT_LOAD, MOMENT_PRE, MOMENT_FLUSH,
                                           MOMENT_FREEZE, MOMENT_FREEZE, MOMENT_FROZEN, MOMENT_FROZEN, MOMENT_THAW,
                                           MOMENT_THAW, MOMENT_POST };
    if (victim == VICTIM_KEEPER || victim == VICTIM_HOOK) {
        return below(state, 2) == 0 ? MOMENT_PRE : MOMENT_POST;
    }
    if (victim == VICTIM_SNAPSHOT) {
        return MOMENT_FROZEN;
    }
    return anybody[below(state, LENGTH(anybody))];
}

static enum layout layout_of(uint64_t *state)
{
    /* One file system is quick; of several, every way in which they can lie on each other. */
    static const enum layout all[] = { LAYOUT_EXT4, LAYOUT_EXT4, LAYOUT_XFS, LAYOUT_XFS, LAYOUT_BTRFS, LAYOUT_BTRFS, LAYOUT_THREE,
                                       LAYOUT_THREE, LAYOUT_EXT4_IN_XFS, LAYOUT_BTRFS_IN_EXT4, LAYOUT_XFS_IN_BTRFS, LAYOUT_ALL };
    return all[below(state, LENGTH(all))];
}

/* Whom, when, and until when: a deadline that passes meanwhile is noticed by others, and a message
 * that was sent meanwhile is found afterwards. */
static void plan_pause(struct plan *p, uint64_t *state)
{
    static const enum moment aims[] = { MOMENT_ANY, MOMENT_ANY, MOMENT_LOAD, MOMENT_FLUSH, MOMENT_ARM, MOMENT_ARM, MOMENT_ARM,
                                        MOMENT_FREEZE, MOMENT_FREEZE, MOMENT_FROZEN, MOMENT_THAW, MOMENT_THAW };
    enum { SHORT_US = 20000, BEFORE_US = 50000, AROUND_US = 150000, RETURN_US = 450000, AFTER_US = 150000, GAP_US = 3000 };
    bool aimed = p->victim != VICTIM_KEEPER && p->victim != VICTIM_HOOK && p->victim != VICTIM_SNAPSHOT;
    p->aim = aimed ? aims[below(state, LENGTH(aims))] : p->aim;
    p->also = below(state, 2) == 0 ? pausable[below(state, LENGTH(pausable))] : VICTIM_NOBODY;
    p->also = p->also != p->victim ? p->also : VICTIM_NOBODY;
    uint32_t kind = below(state, 4);
    p->past_deadline = kind != 0;
    p->pause_us = kind == 0 ? (int32_t)below(state, SHORT_US) /* else around it, or when freezes have had time to return */
                : kind < 3 ? (int32_t)below(state, AROUND_US) - BEFORE_US : RETURN_US + (int32_t)below(state, AFTER_US);
    p->pauses = below(state, 3) == 0 ? 2 : 1;
    p->gap_us = below(state, GAP_US);
}

struct plan plan_of(uint64_t seed, uint64_t number)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    enum { PATIENT_S = 60, FRACTION = 1 << 20 };
    uint64_t state = seed * 0xd1342543de82ef95ull + number;
    struct plan p = { .number = number, .action = action_of(seed, number), .also = VICTIM_NOBODY };
    p.victim = victim_of(p.action, &state);
    p.aim = aim_of(p.victim, &state);
    p.layout = p.action == ACTION_DEVICE ? LAYOUT_DAMAGED : layout_of(&state);
    p.share = (double)below(&state, FRACTION) / FRACTION;
    p.pre_us = below(&state, 3000);
    p.post_us = below(&state, 3000);
    p.hold_us = below(&state, 6000);
    /* Whoever is killed is not to be waited for, so no deadline may come to help. */
    p.timeout_s = p.action == ACTION_PAUSE || p.action == ACTION_STOP || p.action == ACTION_STARVE ? 1 : PATIENT_S;
    p.dirty_kib = below(&state, 4) == 0 ? 256 << below(&state, 5) : 0;
    p.signal = signals[below(&state, LENGTH(signals))];
    p.signals = below(&state, 3) == 0 ? 3 : 1;
    p.leaves = below(&state, 4) == 0;
    p.kills_stopped = below(&state, 2) == 0;
    p.no_descriptors = below(&state, 2) == 0;
    p.xfs = below(&state, 2) == 0;
    p.held = p.action != ACTION_DEVICE && p.action != ACTION_STARVE && below(&state, 6) == 0;
    if (p.held && p.victim == VICTIM_SNAPSHOT) {
        p.aim = aim_of(VICTIM_FRONT, &state); /* its callers are there before and after the freeze */
    }
    if (p.action == ACTION_PAUSE) {
        plan_pause(&p, &state);
    }
    return p;
}
