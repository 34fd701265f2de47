/*
 * outcome.h - names for the rows of outcome.def.
 */
#ifndef QUIESCE_OUTCOME_H
#define QUIESCE_OUTCOME_H

#include <stdint.h>

/* What a snapshot is worth, best first. */
enum grade { GRADE_APPLICATION, GRADE_FILE_SYSTEM, GRADE_CRASH, GRADE_NONE, GRADES };

enum outcome {
#define OUTCOME(id, code, name, grade_c, exit_c, grade_s, exit_s, meaning, remedy) OUTCOME_##id,
#include "quiesce/outcome.def"
#undef OUTCOME
    OUTCOMES
};

/* Exit statuses of the command line that no outcome carries. */
enum {
    EXIT_USAGE = 64,
    EXIT_RECORD = 65,       /* recover: what a run has left cannot be understood */
    EXIT_NOTHING_HELD = 69,
    EXIT_UNAVAILABLE = 69,  /* recover: runs leave no record here */
    EXIT_INTERNAL = 70,
    EXIT_TRY_AGAIN = 75,
    EXIT_NOT_PERMITTED = 77,
    EXIT_CONFIGURATION = 78,
};

struct outcome_row {
    const char *id;
    uint32_t code;
    const char *name;
    enum grade grade_continue, grade_stop;
    int exit_continue, exit_stop;
    const char *meaning, *remedy;
};

/* The table, indexed by enum outcome. */
extern const struct outcome_row outcome_table[OUTCOMES];

/* The word used in JSON for a grade, e.g. "applicationConsistent"; never NULL. */
const char *grade_name(enum grade grade);

/* The name and the remedy that belong to a numeric code; NULL if there is none. */
const struct outcome_row *outcome_by_code(uint32_t code);

#endif
