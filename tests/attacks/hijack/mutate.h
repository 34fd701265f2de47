/*
 * mutate.h - structures that are spoiled at random, the same way for the same seed.
 */
#ifndef MUTATE_H
#define MUTATE_H

#include <stdint.h>

#include "quiesce/wire.h"

/* One generator of random numbers (xorshift64*). */
uint64_t mutate_random(void);
void mutate_seed(uint64_t seed);

/* A number below limit. */
uint32_t mutate_below(uint32_t limit);

/* One of the words of the argument "paths", which lists them with blanks between. */
const char *mutate_path(void);

/* What a member is, so that it can be spoiled in the ways that hurt. */
enum mutate_kind { MUTATE_NUMBER, MUTATE_TEXT, MUTATE_BYTES };
struct mutate_field {
    uint32_t offset, size;
    enum mutate_kind kind;
};
#define FIELD(type, member, kind) { offsetof(type, member), sizeof(((type *)0)->member), kind }
#define NUMBER(type, member) FIELD(type, member, MUTATE_NUMBER)
#define TEXT(type, member) FIELD(type, member, MUTATE_TEXT)
#define BYTES(type, member) FIELD(type, member, MUTATE_BYTES)

/* Spoils count times one of the fields of a structure; texts may become one of those paths. */
void mutate(void *structure, const struct mutate_field *fields, uint32_t fields_count, uint32_t count);

/* Spoils a plan of that kind. */
void mutate_plan(enum document_kind kind, void *plan, uint32_t count);

#endif
