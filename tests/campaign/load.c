/*
 * load.c - the writers.
 *
 * A writer writes a block with a number, syncs it, and only then says that the number is
 * acknowledged; now and then it makes, renames and removes a file, which a freeze has to
 * wait for in another way.  What it notices stands in shared memory, because whoever
 * waits for a writer on a frozen file system waits with it.
 */
#include "campaign.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { BEGIN_MS = 5000, PAUSE_US = 150, FILES_EVERY = 8 };

uint64_t record_check(const struct record *r, uint32_t store)
{
    return (r->number * 0x9e3779b97f4a7c15ull) ^ (r->magic + store);
}

struct load *load_map(bool create)
{
    int fd = open(PLACE "/load", create ? O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC : O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 || (create && ftruncate(fd, sizeof(struct load)) != 0)) {
        return NULL;
    }
    void *map = mmap(NULL, sizeof(struct load), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int error = errno;
    close(fd);
    errno = error;
    return map != MAP_FAILED ? map : NULL;
}

/* ---- one writer -------------------------------------------------------------------- */

static void futex_wait(_Atomic uint32_t *word, uint32_t while_it_is, const struct timespec *timeout)
{
    (void)syscall(SYS_futex, word, FUTEX_WAIT, while_it_is, timeout, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Metadata: a freeze waits for it in another place than for data.  Returns 0 or an errno. */
static int change_files(int directory, uint64_t number)
{
    int fd = openat(directory, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno;
    }
    bool done = write(fd, &number, sizeof number) == sizeof number;
    close(fd);
    done = done && renameat(directory, "new", directory, "old") == 0 && unlinkat(directory, "old", 0) == 0;
    return done ? 0 : errno;
}

/* Returns 0 or an errno. */
static int write_record(const struct writer *w, uint32_t store, int file, int directory, uint64_t number)
{
    static _Alignas(BLOCK) char block[BLOCK];
    struct record *r = (struct record *)(void *)block;
    *r = (struct record){ .magic = RECORD_MAGIC, .number = number };
    r->check = record_check(r, store);
    memset(block + sizeof *r, (int)(number & 0xff), sizeof block - sizeof *r);
    off_t at = (off_t)(w->appends ? number : number % RING) * BLOCK;
    if (pwrite(file, block, sizeof block, at) != sizeof block || fdatasync(file) != 0) {
        return errno;
    }
    return number % FILES_EVERY == 0 ? change_files(directory, number) : 0;
}

static void note(struct writer *w, uint64_t marked_ns, uint64_t began_ns)
{
    uint64_t now = clock_monotonic_ns();
    if (now - began_ns > atomic_load(&w->longest_ns)) {
        atomic_store(&w->longest_ns, now - began_ns);
    }
    if (marked_ns != 0 && atomic_load(&w->after_ns) == 0) {
        atomic_store(&w->after_ns, now);
    }
    atomic_store(&w->began_ns, 0);
    atomic_fetch_add(&w->writes, 1);
}

static void work(struct load *load, uint32_t store)
{
    struct writer *w = &load->writers[store];
    char path[TEXT_MAX];
    snprintf(path, sizeof path, MOUNTS "/%s", w->name);
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int file = directory < 0 ? -1 : openat(directory, "records", O_WRONLY | O_CLOEXEC);
    int error = file < 0 ? errno : 0;
    while (error == 0 && atomic_load(&w->wanted) != 0) {
        uint64_t began = clock_monotonic_ns();
        atomic_store(&w->began_ns, began);
        error = write_record(w, store, file, directory, atomic_load(&w->acked) + 1);
        if (error == 0) {
            atomic_fetch_add(&w->acked, 1);
        }
        note(w, atomic_load(&load->marked_ns), began);
        usleep(PAUSE_US); /* the load is meant to leave time for the run */
    }
    atomic_store(&w->error, error);
    if (file >= 0) {
        close(file);
    }
    if (directory >= 0) {
        close(directory);
    }
}

static _Noreturn void writer_main(struct load *load, uint32_t store)
{
    struct writer *w = &load->writers[store];
    for (;;) {
        while (atomic_load(&w->wanted) == 0) {
            futex_wait(&w->wanted, 0, NULL);
        }
        work(load, store);
        while (atomic_load(&w->wanted) != 0) {
            futex_wait(&w->wanted, 1, NULL); /* gave up */
        }
        atomic_store(&w->open, 0);
        futex_wake(&w->open);
    }
}

void load_start(struct load *load)
{
    pid_t pid = fork();
    if (pid == 0) {
        for (uint32_t i = 0; i < load->count; i++) {
            if (fork() == 0) {
                (void)prctl(PR_SET_NAME, "campaign-writer");
                (void)setsid(); /* not ended by the terminal's Ctrl-C: the driver ends in order */
                writer_main(load, i);
            }
        }
        _exit(0);
    }
    (void)waitpid(pid, NULL, 0);
}

/* ---- from the driver's side ------------------------------------------------------------ */

bool load_begin(struct load *load, uint32_t mask)
{
    uint32_t blocked;
    atomic_store(&load->marked_ns, 0);
    atomic_store(&load->snapshot_began, 0);
    atomic_store(&load->snapshot_ended, 0);
    for (uint32_t i = 0; i < load->count; i++) {
        struct writer *w = &load->writers[i];
        if ((mask >> i & 1) == 0) {
            continue;
        }
        atomic_store(&w->longest_ns, 0);
        atomic_store(&w->after_ns, 0);
        atomic_store(&w->error, 0);
        atomic_store(&w->open, 1);
        w->first[0] = w->first[1] = w->last[0] = w->last[1] = 0;
        atomic_store(&w->wanted, 1);
        futex_wake(&w->wanted);
    }
    return load_moves(load, mask, BEGIN_MS, &blocked);
}

bool load_moves(struct load *load, uint32_t mask, unsigned ms, uint32_t *blocked)
{
    enum { TWO = 2 }; /* the first that ends may have begun before */
    uint64_t target[STORES_MAX], until = clock_monotonic_ns() + ms * NS_PER_MS;
    for (uint32_t i = 0; i < load->count; i++) {
        target[i] = atomic_load(&load->writers[i].writes) + TWO;
    }
    for (;;) {
        *blocked = 0;
        for (uint32_t i = 0; i < load->count; i++) {
            const struct writer *w = &load->writers[i];
            bool waits = (mask >> i & 1) != 0 && atomic_load(&w->writes) < target[i] && atomic_load(&w->error) == 0;
            *blocked |= (uint32_t)waits << i;
        }
        if (*blocked == 0 || clock_monotonic_ns() > until) {
            return *blocked == 0;
        }
        usleep(PAUSE_US);
    }
}

uint32_t load_blocked(const struct load *load, uint32_t mask, unsigned ms)
{
    uint32_t blocked = 0;
    uint64_t now = clock_monotonic_ns();
    for (uint32_t i = 0; i < load->count; i++) {
        uint64_t began = atomic_load(&load->writers[i].began_ns);
        if ((mask >> i & 1) != 0 && began != 0 && now > began + ms * NS_PER_MS) {
            blocked |= 1u << i;
        }
    }
    return blocked;
}

bool load_end(struct load *load, uint32_t mask)
{
    bool all = true;
    for (uint32_t i = 0; i < load->count; i++) {
        if ((mask >> i & 1) != 0) {
            atomic_store(&load->writers[i].wanted, 0);
            futex_wake(&load->writers[i].wanted);
        }
    }
    uint64_t until = clock_monotonic_ns() + BEGIN_MS * NS_PER_MS;
    for (uint32_t i = 0; i < load->count; i++) {
        struct writer *w = &load->writers[i];
        while ((mask >> i & 1) != 0 && atomic_load(&w->open) != 0 && clock_monotonic_ns() < until) {
            const struct timespec little = { 0, 50000000 };
            futex_wait(&w->open, 1, &little);
        }
        all = all && ((mask >> i & 1) == 0 || atomic_load(&w->open) == 0);
    }
    return all;
}
