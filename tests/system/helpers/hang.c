/*
 * hang.c - a writer that never gets any further.
 *
 *   hang FILE   writes to FILE from memory that a page fault waits for, for ever
 *
 * The kernel counts it as a writer of the file system all that time, so a freeze
 * of that waits until this process is killed.  Says "hangs" on stdout before it does.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096 };

static int faults;

/* Says so as soon as the write has met the fault, and never resolves it. */
static void *announce(void *unused)
{
    struct uffd_msg message;

    (void)unused;
    if (read(faults, &message, sizeof message) == (ssize_t)sizeof message)
        puts("hangs");
    fflush(stdout);
    return NULL;
}

int main(int argc, char **argv)
{
    struct uffdio_api api = { .api = UFFD_API };
    struct uffdio_register region = { .mode = UFFDIO_REGISTER_MODE_MISSING };
    void *const memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const int file = argc == 2 ? open(argv[1], O_WRONLY) : -1;
    pthread_t thread;

    faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    region.range.start = (uintptr_t)memory;
    region.range.len = PAGE;
    if (memory == MAP_FAILED || file < 0 || faults < 0 || ioctl(faults, UFFDIO_API, &api) != 0 ||
        ioctl(faults, UFFDIO_REGISTER, &region) != 0 || pthread_create(&thread, NULL, announce, NULL) != 0) {
        perror("hang");
        return 2;
    }
    return write(file, memory, PAGE) == PAGE ? 0 : 1;
}
