/*
 * expedite.h - expedited RCU grace periods for the time of a freeze.
 *
 * A cold FIFREEZE waits for three grace periods, 30 to 50 ms; with
 * /sys/kernel/rcu_expedited at 1 the whole call takes 0.3 ms.
 */
#ifndef QUIESCE_EXPEDITE_H
#define QUIESCE_EXPEDITE_H

#include <stdbool.h>

#include "quiesce/record.h"

/*
 * On, or back to the value that the record has kept; says so in the record before
 * the first and after the second.  Nothing happens where the record keeps no value.
 *   fd  of the switch, opened for writing
 * Returns 0 or an errno.
 */
int expedite_switch(struct run_record *record, int fd, bool on);

#endif
