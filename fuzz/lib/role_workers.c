#include "role_workers.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fuzz.h"
#include "role.h"

static struct workers *workers;

void role_workers_reset(void)
{
    workers = NULL;
}

int __wrap_workers_prepare(struct workers *w)
{
    workers = w;
    w->event = role_choice() % 64 == 1 ? -EMFILE : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return w->event;
}

int __wrap_workers_start(struct workers *w, uint32_t count)
{
    FUZZ_CHECK(count <= PLAN_FS_MAX, "%u workers", count);
    w->count = count;
    return role_choice() % 64 == 1 ? EAGAIN : 0;
}

/* As the real one: work that was not begun is replaced. */
void __wrap_workers_give(struct workers *w, work_function *work, uint32_t first, uint32_t count)
{
    FUZZ_CHECK(first <= w->count && count <= w->count - first, "work for workers %u to %u of %u", first, first + count,
               w->count);
    for (uint32_t i = first; i < first + count; i++) {
        if (atomic_exchange(&w->next[i], work) == NULL) {
            atomic_fetch_add(&w->pending, 1);
        }
    }
}

unsigned role_workers_busy(void)
{
    unsigned busy = 0;

    for (uint32_t i = 0; workers && i < workers->count; i++) {
        busy += atomic_load(&workers->next[i]) != NULL;
    }
    return busy;
}

void role_workers_work(unsigned which)
{
    static const uint64_t one = 1;
    uint32_t i = 0;

    for (;; i++) {
        if (atomic_load(&workers->next[i]) != NULL && which-- == 0) {
            break;
        }
    }
    atomic_exchange(&workers->next[i], NULL)(i);
    bool last = atomic_fetch_sub(&workers->pending, 1) == 1;
    if ((last || atomic_load(&workers->each)) && write(workers->event, &one, sizeof(one)) < 0) {
        fuzz_fail(__FILE__, __LINE__, "no event");
    }
}
