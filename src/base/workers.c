#include "base/workers.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fatal.h"

enum { STACK = 32768 }; /* bytes; a worker makes a system call and writes down when */

/* Here, not mapped by the C library: they are locked with the rest of the program,
 * and only those that are used take memory. */
static char stacks[PLAN_FS_MAX][STACK] __attribute__((aligned(4096)));

struct worker {
    struct workers *all;
    uint32_t index;
};

static void *worker_main(void *argument)
{
    const struct worker self = *(const struct worker *)argument;
    struct workers *w = self.all;
    const uint64_t one = 1;
    for (;;) {
        uint32_t rung = atomic_load(&w->bell[self.index]);
        work_function *work = atomic_exchange(&w->next[self.index], NULL);
        if (work == NULL) {
            (void)syscall(SYS_futex, &w->bell[self.index], FUTEX_WAIT_PRIVATE, rung, NULL, NULL, 0);
            continue;
        }
        work(self.index);
        bool last = atomic_fetch_sub(&w->pending, 1) == 1;
        if ((last || atomic_load(&w->each)) && write(w->event, &one, sizeof one) < 0) {
            fatal("cannot wake the main thread", errno);
        }
    }
    return NULL;
}

int workers_prepare(struct workers *w)
{
    w->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return w->event < 0 ? -errno : w->event;
}

int workers_start(struct workers *w, uint32_t count)
{
    static struct worker selves[PLAN_FS_MAX];
    pthread_attr_t attributes;
    pthread_t thread;
    int error = pthread_attr_init(&attributes);
    for (w->count = 0; error == 0 && w->count < count; w->count++) {
        selves[w->count] = (struct worker){ w, w->count };
        error = pthread_attr_setstack(&attributes, stacks[w->count], STACK);
        error = error != 0 ? error : pthread_create(&thread, &attributes, worker_main, &selves[w->count]);
    }
    return error;
}

void workers_give(struct workers *w, work_function *work, uint32_t first, uint32_t count)
{
    atomic_fetch_add(&w->pending, count);
    for (uint32_t i = first; i < first + count; i++) {
        if (atomic_exchange(&w->next[i], work) != NULL) {
            atomic_fetch_sub(&w->pending, 1); /* what it had not begun will never be done */
        }
        atomic_fetch_add(&w->bell[i], 1);
        (void)syscall(SYS_futex, &w->bell[i], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

bool workers_idle(struct workers *w)
{
    uint64_t count;
    bool taken = read(w->event, &count, sizeof count) > 0;
    return (taken || errno == EAGAIN) && atomic_load(&w->pending) == 0;
}
