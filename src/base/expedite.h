/*
 * expedite.h - expedited RCU grace periods for the time of a freeze.
 *
 * A cold FIFREEZE waits for three grace periods, 30 to 50 ms; with
 * /sys/kernel/rcu_expedited at 1 the whole call takes 0.3 ms.
 */
#ifndef QUIESCE_EXPEDITE_H
#define QUIESCE_EXPEDITE_H

#include <stdbool.h>
#include <sys/types.h>

struct expedite {
    int fd;          /* of the switch, or of /dev/null: then nothing is ever written */
    char before[8];  /* its value before */
    ssize_t length;  /* of that value; 0: there is nothing to switch */
};

/* Reads the value that expedite_switch will put back. */
void expedite_prepare(struct expedite *e, int fd);

/* On, or back to what it was.  Failure is fatal. */
void expedite_switch(const struct expedite *e, bool on);

#endif
