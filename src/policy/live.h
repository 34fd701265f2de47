/*
 * live.h - asks the kernel itself what a filter answers.
 *
 * A process of its own takes a thread, the thread loads the filter, in which the
 * answer "allow" has become an errno that the filter does not use, and then makes call
 * after call: the kernel asks the filter, the filter refuses, nothing is ever executed.
 *
 *   process      main thread, no filter        waits for its thread
 *                 `-- thread, filter loaded    makes the calls, notes each answer in
 *                                              memory that this program shares
 *
 * The thread can do nothing more but note answers: it cannot even exit.  How things end
 * tells them apart:
 *
 *   errno                         the filter's own, or the one that stands for allow or log
 *   thread gone, process not      kill_thread
 *   process dead of SIGSYS        kill
 *   process dead of SIGTRAP       trap: its handler is a breakpoint
 *   process dead of SIGILL        the list is done: an illegal instruction ends it
 *
 * After a death the next process goes on behind the call that was deadly.
 */
#ifndef QUIESCE_POLICY_LIVE_H
#define QUIESCE_POLICY_LIVE_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>

#include "quiesce/policy.h"

/* Calls of one batch: what one process is given at most. */
enum { LIVE_CALLS_MAX = 32768 };
enum { LIVE_ERRNOS = 4096 }; /* MAX_ERRNO of Linux and 0 */

struct live_call {
    struct seccomp_data call; /* instruction_pointer is not looked at */
    uint32_t answer;          /* answer.h */
};

/* Shared between this program and the process that makes the calls. */
struct live_batch {
    uint32_t count;
    volatile uint32_t next; /* below it, calls have been made */
    volatile int32_t error; /* errno of the step that failed, or 0 */
    volatile uint32_t step; /* which one: for live_failure() */
    struct live_call calls[LIVE_CALLS_MAX];
};

/* Who is killed in a run. */
enum live_kills {
    LIVE_KILLS_REAL, /* whoever the filter kills: the answer is seen in the death */
    LIVE_KILLS_ERRNO /* nobody: kill, kill_thread and trap are errnos of their own, too */
};

/* A filter whose answers can be told from all else that may happen. */
struct live_program {
    uint32_t length;
    struct sock_filter filter[POLICY_FILTER_MAX];
    uint32_t meaning[LIVE_ERRNOS]; /* what the filter means by an errno: itself or the action it stands for */
};

/*
 * Makes the program that is loaded from length instructions that passed bpf_check().
 * Returns 0, or -1 if the filter itself answers with so many errnos that none is left.
 */
int live_prepare(struct live_program *program, const struct sock_filter *filter, uint32_t length,
                 enum live_kills kills);

/* Memory for a batch, NULL if there is none; live_close() frees it. */
struct live_batch *live_open(void);
void live_close(struct live_batch *batch);

/*
 * Makes batch->count calls of architectures that instruction_exists(), and writes each
 * answer.  Blocks until all are answered; sets no_new_privs in the processes that it
 * starts, not in this one.  Must be called while this process has one thread.  Returns
 * 0, or -1 if the kernel does not do what is needed: live_failure() then says what.
 */
int live_run(const struct live_program *program, struct live_batch *batch);

/* What failed, as a clause; batch->error is its errno, or 0. */
const char *live_failure(const struct live_batch *batch);

#endif
