/*
 * topology.h - which file each loop device lies on: the supervisor orders the freeze by it.
 */
#ifndef QUIESCE_FRONT_TOPOLOGY_H
#define QUIESCE_FRONT_TOPOLOGY_H

#include <stddef.h>

#include "quiesce/wire.h"

/*
 * Asks every loop device that has a file, and lists it and its partitions.
 *   block, dev  descriptors of /sys/block and /dev
 * Returns 0, or a negative errno with a sentence in message: a device that cannot
 * be asked is not passed over, for then the order would be a guess.
 */
int topology_read(struct msg_topology *topology, int block, int dev, char *message, size_t capacity);

#endif
