/*
 * channels.h - descriptors where a program expects them, and the other ends out of its way.
 */
#ifndef QUIESCE_FUZZ_CHANNELS_H
#define QUIESCE_FUZZ_CHANNELS_H

#include <stdbool.h>

enum { CHANNELS_FIRST = 720 }; /* ours lie from here on; role.c closes them between inputs */

/* Moves a descriptor to where it is expected. */
void channel_place(int fd, int where);

/* Moves a descriptor to where ours lie; returns it. */
int channel_out_of_the_way(int fd);

/* A socketpair, or a pipe whose writing end is ours, that does not block: returns the program's end,
 * which is out of the way as well. */
int channel_make(bool socket, int *ours);

#endif
