#include "front/held_detach.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/close_range.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "quiesce/outcome.h"

enum { OWN = STDERR_FILENO + 1 }; /* where the child's end of the socketpair is */

int held_fill_stdio(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        /* The lowest one that is free is this one. */
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) {
            return errno != 0 ? -errno : -EBADF;
        }
    }
    return 0;
}

/* ps(1) shows the words that a process was started with, where they lay then; a name that
 * is shorter is followed by zeros. */
static void set_name(char **words)
{
    static const char name[] = "quiesce held"; /* no longer than "quiesce freeze" */
    size_t room = 0;
    for (char **word = words; *word != NULL && (word == words || *word == words[0] + room); word++) {
        room += strlen(*word) + 1;
    }
    if (room > 0) {
        memset(words[0], 0, room);
        memcpy(words[0], name, room > sizeof name ? sizeof name : room - 1);
    }
    (void)prctl(PR_SET_NAME, "quiesce-session", 0, 0, 0);
}

/* What is in the environment may be secret, and anybody with the right can read it where it lay. */
static void forget_environment(void)
{
    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        explicit_bzero(*variable, strlen(*variable));
    }
    (void)clearenv();
}

static bool detach(int socket, char **words)
{
    if (setsid() < 0 || chdir("/") != 0) {
        return false;
    }
    int null = open("/dev/null", O_RDWR);
    bool good = null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 && dup2(null, STDERR_FILENO) >= 0;
    good = good && (socket == OWN ? fcntl(OWN, F_SETFD, FD_CLOEXEC) == 0 : dup3(socket, OWN, O_CLOEXEC) >= 0);
    if (!good || syscall(SYS_close_range, OWN + 1, ~0u, 0) != 0) {
        return false;
    }
    (void)umask(0077);
    forget_environment();
    set_name(words);
    return true;
}

pid_t held_fork(int *socket, char **words)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
        return -errno;
    }
    fflush(NULL); /* nothing is printed twice */
    pid_t pid = fork();
    int error = errno;
    if (pid == 0) {
        if (!detach(ends[1], words)) {
            _exit(EXIT_INTERNAL);
        }
        *socket = OWN;
        return 0;
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return -error;
    }
    *socket = ends[0];
    return pid;
}

/* What of an object cannot be written: code, and what is read with it. */
static int lock_object(struct dl_phdr_info *object, size_t size, void *data)
{
    (void)size;
    int *error = data;
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        const char *at = (const char *)(uintptr_t)(object->dlpi_addr + part->p_vaddr);
        if (part->p_type == PT_LOAD && (part->p_flags & PF_W) == 0 && mlock(at, part->p_memsz) != 0) {
            *error = -errno;
        }
    }
    return *error;
}

int held_lock_memory(void)
{
    int error = 0;
    if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0) {
        return -errno;
    }
    (void)dl_iterate_phdr(lock_object, &error);
    return error;
}
