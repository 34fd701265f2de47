#include "policy/agree.h"

#include <errno.h>
#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>

#include "base/bpf.h"
#include "policy/instruction.h"
#include "policy/live.h"
#include "policy/tuples.h"

static void compare(struct agreement *agreement, const struct agree_sides *sides, const struct live_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct live_call *call = &batch->calls[i];
        uint32_t answer = bpf_run(sides->interpreted, sides->interpreted_length, &call->call);
        agreement->made++;
        if (answer == call->answer) {
            agreement->agreed++;
        } else if (agreement->shown < AGREE_SHOWN_MAX) {
            agreement->differ[agreement->shown].call = call->call;
            agreement->differ[agreement->shown].interpreter = answer;
            agreement->differ[agreement->shown].kernel = call->answer;
            agreement->shown++;
        }
    }
}

int agree_run(struct agreement *agreement, const struct agree_sides *sides, uint64_t seed, uint64_t count,
              const char **failure, int *error)
{
    struct live_program *program = malloc(sizeof *program);
    struct tuples *tuples = malloc(sizeof *tuples);
    struct live_batch *batch = live_open();
    int result = -1;
    memset(agreement, 0, sizeof *agreement);
    *failure = "no memory";
    *error = ENOMEM;
    if (program == NULL || tuples == NULL || batch == NULL) {
        goto out;
    }
    *failure = "the filter leaves no errno that could stand for an action";
    *error = 0;
    if (live_prepare(program, sides->loaded, sides->loaded_length, LIVE_KILLS_ERRNO) != 0) {
        goto out;
    }
    tuples_begin(tuples, sides->loaded, sides->loaded_length, seed, instruction_exists(AUDIT_ARCH_I386));
    while (agreement->made < count) {
        uint64_t left = count - agreement->made;
        batch->count = left < LIVE_CALLS_MAX ? (uint32_t)left : LIVE_CALLS_MAX;
        for (uint32_t i = 0; i < batch->count; i++) {
            tuples_draw(tuples, &batch->calls[i].call);
        }
        if (live_run(program, batch) != 0) {
            *failure = live_failure(batch);
            *error = batch->error;
            goto out;
        }
        compare(agreement, sides, batch);
    }
    result = 0;
out:
    live_close(batch);
    free(tuples);
    free(program);
    return result;
}
