/*
 * decide.c - from what happened to what it is worth.
 */
#include "decide.h"

static const enum outcome well = OUTCOME_APP_CONSISTENT;

enum outcome heavier(enum outcome a, enum outcome b)
{
    return a > b ? a : b;
}

bool decide_scripts(const struct facts *f)
{
    return f->plugins > 0 && !f->internal && f->documents == well && (f->plan == well || f->crash_allowed);
}

/* What the outcome's row says for the side that holds. */
static enum grade row_grade(enum outcome o, bool continued)
{
    return continued ? outcome_table[o].grade_continue : outcome_table[o].grade_stop;
}

enum snapshot_way decide_snapshot(const struct facts *f)
{
    enum outcome wrong = heavier(f->documents, f->pre);

    if (f->internal)
        return SNAPSHOT_REFUSED;
    /* Without a freeze nothing would be consistent once the scripts have failed. */
    if (wrong != well && (!f->freeze_wanted || row_grade(wrong, f->continue_on_failure) == GRADE_NONE))
        return SNAPSHOT_REFUSED;
    if (f->plan != well || f->freeze != well)
        return f->crash_allowed ? SNAPSHOT_UNFROZEN : SNAPSHOT_REFUSED;
    if (f->freeze_wanted)
        return SNAPSHOT_FROZEN;
    if (f->plugins > 0)
        return SNAPSHOT_UNFROZEN; /* fsFreezeEnabled false: the scripts answer for it */
    return f->crash_allowed ? SNAPSHOT_UNFROZEN : SNAPSHOT_REFUSED;
}

/* Exit status of an achieved grade, where it is not the one its row hoped for. */
static int grade_exit(enum grade grade, enum outcome o)
{
    static const int of_grade[GRADES] = {
        [GRADE_APPLICATION] = 0, [GRADE_FILE_SYSTEM] = 10, [GRADE_CRASH] = 11, [GRADE_NONE] = 20};

    /* The rows that hope on both sides are those of configurations. */
    if (grade == GRADE_NONE && outcome_table[o].grade_stop != GRADE_NONE)
        return EXIT_CONFIGURATION;
    return of_grade[grade];
}

/* The outcome when the freeze that was wanted did not happen or did not hold. */
static enum outcome unfrozen(const struct facts *f)
{
    enum outcome failed = heavier(f->plan, f->freeze);

    if (failed == OUTCOME_FREEZE_TIMEOUT && f->frozen)
        return failed; /* frozen, then thawed too early: never an allowed fallback */
    if (failed != well)
        return f->crash_allowed && f->snapshot == SNAPSHOT_TAKEN ? OUTCOME_CRASH_CONSISTENT : failed;
    if (f->plugins == 0 && !f->freeze_wanted)
        return f->snapshot == SNAPSHOT_TAKEN ? OUTCOME_CRASH_CONSISTENT : OUTCOME_FREEZE_FAILED;
    return well;
}

struct decision decide(const struct facts *f)
{
    enum outcome o = heavier(heavier(f->documents, f->pre), f->post);
    struct decision d = {.continued = f->continue_on_failure};

    o = heavier(o, f->plugins == 0 && o == well ? OUTCOME_FS_CONSISTENT : well);
    o = heavier(o, unfrozen(f));
    if (f->snapshot == SNAPSHOT_FAILED)
        o = heavier(o, OUTCOME_SNAPSHOT_FAILED);
    if (f->internal)
        o = OUTCOME_INTERNAL;
    /* A failed pre-script is forgiven only if the file systems were frozen instead. */
    if (heavier(f->documents, f->pre) != well && !f->freeze_wanted)
        d.continued = false;
    d.outcome = o;
    d.grade = row_grade(o, d.continued);
    d.exit_status = d.continued ? outcome_table[o].exit_continue : outcome_table[o].exit_stop;

    /* The grade is what was achieved, never what was hoped for. */
    if (f->snapshot != SNAPSHOT_TAKEN && d.grade != GRADE_NONE) {
        d.grade = GRADE_NONE;
        d.exit_status = grade_exit(GRADE_NONE, o);
    } else if (d.grade < GRADE_CRASH && f->freeze_wanted && !f->frozen) {
        d.grade = GRADE_CRASH;
        d.exit_status = grade_exit(GRADE_CRASH, o);
    }
    return d;
}
