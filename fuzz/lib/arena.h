/*
 * arena.h - where the allocations of one input lie, in the engines' builds.
 *
 * The address sanitizer's own allocator takes most of the time of a parser that makes a node
 * and two strings for each value.  Here a block is the next one of a region that is poisoned
 * but for the blocks that live: each has its exact size, a poisoned gap before and behind it,
 * and is never given out again while the same input is looked at, which is longer than a
 * quarantine keeps it.  What is lost is the stack of who allocated: the replay programs have
 * the sanitizer's allocator, and so every corpus and every regression is run with it too.
 */
#ifndef QUIESCE_FUZZ_ARENA_H
#define QUIESCE_FUZZ_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/* From here on malloc() and its like take from the arena, which is empty again; nothing in
 * the builds of no engine or without the address sanitizer. */
void fuzz_arena_begin(void);

/* The end of it: a block that still lives is an oracle's finding, memory that nobody freed. */
void fuzz_arena_end(void);

/* For the allocator's calls (meter.c).  A block of n bytes, or NULL: there is no arena now, or
 * no room in it.  Its bytes are 0xBE in every other use of the arena and 0x5A in the others. */
void *arena_take(size_t n);

/* Whether p is a block of the arena; its size; its end, which must be its only one. */
bool arena_has(const void *p);
size_t arena_size(const void *p);
void arena_free(void *p);

#endif
