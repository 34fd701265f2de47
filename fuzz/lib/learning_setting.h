/*
 * learning_setting.h - what the front has around it while a policy is learned: a machine, a cgroup
 * and a program to start, which are all the harness's.
 */
#ifndef QUIESCE_FUZZ_LEARNING_SETTING_H
#define QUIESCE_FUZZ_LEARNING_SETTING_H

#include <stdint.h>

/* What the first choice of an input, its last byte, says. */
enum { WITHOUT_POST = 1, WITHOUT_PRE = 2, FORBID_SURVIVORS = 4, WITHOUT_MACHINE = 8, WITHOUT_PROGRAM = 16, KILLED = 32, FAILED = 64,
       CGROUP_LEFT = 128 };

/* Where the front's signals come from, and what says that the program has ended. */
enum { LEARNING_SIGNALS = 3, LEARNING_ALIVE = 799 };

struct learning_setting {
    uint8_t choice;          /* set by the harness, before the front begins */
    int monitor, learn, log; /* the program's ends of its sockets and its log; -1: it has not been started */
};
extern struct learning_setting learning_setting;

/* At the beginning of every input. */
void learning_setting_begin(void);

#endif
