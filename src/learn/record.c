/*
 * What was called, counted by kind.
 */
#include <stddef.h>
#include <string.h>

#include "base/bpf.h"
#include "learn/learn.h"

/* The words of an argument in struct seccomp_data: both of our machines keep the low
 * half first. */
enum { ARGS = offsetof(struct seccomp_data, args) / sizeof(uint32_t) };

void record_kind(const struct policy_plan *loaded, const struct seccomp_data *data, struct learned_call *kind)
{
    uint32_t noted[BPF_CALL_WORDS];
    uint32_t said = bpf_run_noting(loaded->filter, loaded->filter_length, data, noted);
    *kind = (struct learned_call){ .number = (uint32_t)data->nr, .answer = said & SECCOMP_RET_DATA };
    if ((said & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_USER_NOTIF || kind->answer == 0) {
        kind->answer = LEARN_KILLED; /* no filter that was made for learning */
    }
    for (unsigned i = 0; i < 6; i++) {
        kind->masks[i] = noted[ARGS + 2 * i] | (uint64_t)noted[ARGS + 2 * i + 1] << 32;
    }
    arguments_that_decide(kind->number, kind->masks);
    for (unsigned i = 0; i < 6; i++) {
        kind->args[i] = data->args[i] & kind->masks[i];
    }
}

static bool same(const struct learned_call *a, const struct learned_call *b)
{
    return a->number == b->number && a->answer == b->answer && memcmp(a->masks, b->masks, sizeof a->masks) == 0 &&
        memcmp(a->args, b->args, sizeof a->args) == 0;
}

struct learned_call *record_row(struct record *record, const struct learned_call *kind)
{
    uint16_t *first = &record->first[kind->number % RECORD_CHAINS];
    for (uint16_t at = *first; at != 0; at = record->next[at - 1]) {
        if (same(&record->calls[at - 1], kind)) {
            return &record->calls[at - 1];
        }
    }
    if (record->count == LEARNED_CALLS_MAX) {
        record->lost++;
        return NULL;
    }
    uint32_t made = record->count++;
    record->calls[made] = *kind;
    record->next[made] = *first;
    *first = (uint16_t)(made + 1);
    return &record->calls[made];
}

bool record_count(struct learned_call *row, const char name[LEARNED_NAME_MAX])
{
    row->count++;
    bool news = (row->count & (row->count - 1)) == 0;
    if (name[0] == '\0') {
        return news;
    }
    for (uint32_t i = 0; i < row->names_count; i++) {
        if (memcmp(row->names[i], name, LEARNED_NAME_MAX) == 0) {
            return news;
        }
    }
    if (row->names_count == LEARNED_NAMES_MAX) {
        row->more_names = 1;
        return news;
    }
    memcpy(row->names[row->names_count++], name, LEARNED_NAME_MAX);
    return true;
}
