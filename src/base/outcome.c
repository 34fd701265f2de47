/*
 * outcome.c - the table that outcome.def is turned into, and how to look into it.
 */
#include "quiesce/outcome.h"

#include <stddef.h>

const struct outcome_row outcome_table[OUTCOMES] = {
#define OUTCOME(id, code, name, grade_c, exit_c, grade_s, exit_s, meaning, remedy) \
    [OUTCOME_##id] = { #id, code, name, GRADE_##grade_c, GRADE_##grade_s, exit_c, exit_s, meaning, remedy },
#include "quiesce/outcome.def"
#undef OUTCOME
};

static const char *const grade_names[GRADES] = {
    [GRADE_APPLICATION] = "applicationConsistent",
    [GRADE_FILE_SYSTEM] = "fileSystemConsistent",
    [GRADE_CRASH] = "crashConsistent",
    [GRADE_NONE] = "none",
};

const char *grade_name(enum grade grade)
{
    return (unsigned)grade < GRADES ? grade_names[grade] : grade_names[GRADE_NONE];
}

const struct outcome_row *outcome_by_code(uint32_t code)
{
    /* 1 is what Azure Backup's framework says for a lesser success, and also for what
     * it has no code for.  Only a failure is ever looked up by its code. */
    if (code == outcome_table[OUTCOME_INTERNAL].code) {
        return &outcome_table[OUTCOME_INTERNAL];
    }
    for (size_t i = 0; i < OUTCOMES; i++) {
        if (outcome_table[i].code == code) {
            return &outcome_table[i];
        }
    }
    return NULL;
}
