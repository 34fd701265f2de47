/*
 * One thread per file system: work that comes next, work that takes the place of what
 * was not begun, and the event that says that all is done.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

#include "base/workers.h"

const char program_name[] = "test";

enum { COUNT = 3, PATIENCE_MS = 20000 };

static struct workers workers;
static sem_t begun, go;
static atomic_uint done[2][COUNT]; /* by work and worker */

static void held(uint32_t index)
{
    (void)index;
    sem_post(&begun);
    sem_wait(&go);
}

static void first(uint32_t index)
{
    atomic_fetch_add(&done[0][index], 1);
}

static void second(uint32_t index)
{
    atomic_fetch_add(&done[1][index], 1);
}

static int begin(void **state)
{
    (void)state;
    memset(done, 0, sizeof done);
    return 0;
}

static int start(void **state)
{
    (void)state;
    return sem_init(&begun, 0, 0) == 0 && sem_init(&go, 0, 0) == 0 && workers_prepare(&workers) >= 0
        && workers_start(&workers, COUNT) == 0 ? 0 : -1;
}

/* Waits for the event. */
static void told(void)
{
    struct pollfd event = { workers.event, POLLIN, 0 };
    assert_int_equal(poll(&event, 1, PATIENCE_MS), 1);
}

static bool tells(void)
{
    struct pollfd event = { workers.event, POLLIN, 0 };
    return poll(&event, 1, 0) == 1;
}

static void all_of_them(void **state)
{
    (void)state;
    workers_give(&workers, first, 0, COUNT);
    told();
    assert_true(workers_idle(&workers));
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(atomic_load(&done[0][i]), 1);
    }
    assert_false(tells());
}

static void some_of_them(void **state)
{
    (void)state;
    workers_give(&workers, first, 1, 1);
    told();
    assert_true(workers_idle(&workers));
    assert_int_equal(atomic_load(&done[0][0]) + atomic_load(&done[0][2]), 0);
    assert_int_equal(atomic_load(&done[0][1]), 1);
}

static void none_of_them(void **state)
{
    (void)state;
    workers_give(&workers, first, 0, 0);
    assert_false(tells());
    assert_true(workers_idle(&workers));
}

/* A worker that is stuck: the others go on, and idle means all. */
static void comes_next(void **state)
{
    (void)state;
    workers_give(&workers, held, 0, 1);
    sem_wait(&begun);
    workers_give(&workers, first, 0, COUNT);
    while (atomic_load(&done[0][1]) == 0 || atomic_load(&done[0][2]) == 0) {
        (void)poll(NULL, 0, 1);
    }
    assert_false(workers_idle(&workers));
    assert_int_equal(atomic_load(&done[0][0]), 0);
    sem_post(&go);
    told();
    assert_true(workers_idle(&workers));
    assert_int_equal(atomic_load(&done[0][0]), 1);
}

/* What had not been begun is never done, and not waited for. */
static void takes_the_place(void **state)
{
    (void)state;
    workers_give(&workers, held, 0, 1);
    sem_wait(&begun);
    workers_give(&workers, first, 0, 1);
    workers_give(&workers, second, 0, 1);
    sem_post(&go);
    told();
    assert_true(workers_idle(&workers));
    assert_int_equal(atomic_load(&done[0][0]), 0);
    assert_int_equal(atomic_load(&done[1][0]), 1);
}

/* With each the event comes though another one is stuck. */
static void tells_of_each(void **state)
{
    (void)state;
    atomic_store(&workers.each, true);
    workers_give(&workers, held, 0, 1);
    sem_wait(&begun);
    workers_give(&workers, first, 1, 1);
    told();
    assert_false(workers_idle(&workers));
    sem_post(&go);
    told();
    assert_true(workers_idle(&workers));
    atomic_store(&workers.each, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_of_them, begin),  cmocka_unit_test_setup(some_of_them, begin),
        cmocka_unit_test_setup(none_of_them, begin), cmocka_unit_test_setup(comes_next, begin),
        cmocka_unit_test_setup(takes_the_place, begin), cmocka_unit_test_setup(tells_of_each, begin),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
