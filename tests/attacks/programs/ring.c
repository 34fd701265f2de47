/*
 * ring DIRECTORY: a system call by the side door.  Makes DIRECTORY by way of an
 * io_uring, whatever the filter says about mkdir(2) and mkdirat(2); and by those.
 */
#include "table.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static const char *directory;

static long by_call(void)
{
    return mkdirat(AT_FDCWD, directory, 0700);
}

/* One request, waited for.  Returns its result, or -1 and errno. */
static long submit(int ring, const struct io_uring_params *p, const struct io_uring_sqe *request)
{
    size_t queue_size = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
    size_t done_size = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
    char *queue = mmap(NULL, queue_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
    char *done = mmap(NULL, done_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
    struct io_uring_sqe *requests =
        mmap(NULL, p->sq_entries * sizeof *requests, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
    if (queue == MAP_FAILED || done == MAP_FAILED || requests == MAP_FAILED) {
        return -1;
    }
    requests[0] = *request;
    *(uint32_t *)(void *)(queue + p->sq_off.array) = 0;
    __atomic_store_n((uint32_t *)(void *)(queue + p->sq_off.tail), 1, __ATOMIC_RELEASE);
    if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1) {
        return -1;
    }
    const struct io_uring_cqe *answer = (const struct io_uring_cqe *)(const void *)(done + p->cq_off.cqes);
    errno = answer->res < 0 ? -answer->res : 0;
    return answer->res < 0 ? -1 : answer->res;
}

static long by_ring(void)
{
    struct io_uring_params parameters = { 0 };
    struct io_uring_sqe request = {
        .opcode = IORING_OP_MKDIRAT, .fd = AT_FDCWD, .addr = (uintptr_t)directory, .len = 0700,
    };
    int ring = (int)syscall(SYS_io_uring_setup, 1, &parameters);
    return ring < 0 ? -1 : submit(ring, &parameters, &request);
}

static const struct attack attacks[] = {
    { "mkdir", by_call, 0 },
    { "ring-mkdir", by_ring, 0 },
};

int main(int argc, char **argv)
{
    if (argc != 2) {
        return 2;
    }
    directory = argv[1];
    attack_all("", attacks, sizeof attacks / sizeof attacks[0]);
    return 0;
}
