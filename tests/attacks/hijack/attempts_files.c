/* Reading, changing and executing files; memory that can be written and executed. */
#include "attempts.h"

#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/stat.h>

#define UPWARDS "../../../../../../.." SECRET

enum { FDS = 32 };

/* ---- files -------------------------------------------------------------------------- */

int file_open(void)
{
#ifdef SYS_open
    return call(SYS_open, (long)SECRET, O_RDONLY, 0, 0);
#else
    return call(SYS_openat, AT_FDCWD, (long)SECRET, O_RDONLY, 0);
#endif
}

/* From every descriptor that is held, upwards and down again. */
int file_openat(void)
{
    int error = call(SYS_openat, AT_FDCWD, (long)SECRET, O_RDONLY, 0);
    for (int fd = 0; error != 0 && fd < FDS; fd++) {
        error = call(SYS_openat, fd, (long)UPWARDS, O_RDONLY, 0);
    }
    return error;
}

int file_openat2(void)
{
    const struct open_how how = { .flags = O_RDONLY };
    return call(SYS_openat2, AT_FDCWD, (long)SECRET, (long)&how, sizeof how);
}

int file_path_walk(void)
{
    int error = ENOENT;
    for (int fd = -1; error != 0 && fd < FDS; fd++) {
        int at = (int)syscall(SYS_openat, fd < 0 ? AT_FDCWD : fd, "..", O_PATH | O_DIRECTORY);
        error = at < 0 ? errno : call(SYS_openat, at, (long)UPWARDS, O_RDONLY, 0);
    }
    return error;
}

int file_fchdir(void)
{
    int error = ENOENT;
    for (int fd = 0; error != 0 && fd < FDS; fd++) {
        error = call(SYS_fchdir, fd, 0, 0, 0);
    }
    return error != 0 ? call(SYS_chdir, (long)HIJACK_DIRECTORY, 0, 0, 0) : 0;
}

int file_by_handle(void)
{
    int at = open(HIJACK_DIRECTORY, O_RDONLY | O_DIRECTORY);
    return at < 0 ? errno : call(SYS_open_by_handle_at, at, (long)targets.secret, O_RDONLY, 0);
}

int file_reopen(void)
{
    int error = ENOENT;
    char path[32];
    for (int fd = 0; error != 0 && fd < FDS; fd++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        error = call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY, 0);
    }
    return error;
}

int file_memory(void)
{
    return call(SYS_openat, AT_FDCWD, (long)"/proc/self/mem", O_RDWR, 0);
}

/* A parser may ask about a descriptor by newfstatat(2): whether that finds a path, too. */
int file_stat(void)
{
    struct stat st;
    int error = call(SYS_newfstatat, AT_FDCWD, (long)SECRET, (long)&st, AT_EMPTY_PATH);
    for (int fd = 0; error != 0 && fd < FDS; fd++) {
        error = call(SYS_newfstatat, fd, (long)UPWARDS, (long)&st, AT_EMPTY_PATH);
    }
    return error;
}

int file_create(void)
{
    return call(SYS_openat, AT_FDCWD, (long)(HIJACK_DIRECTORY "/made"), O_WRONLY | O_CREAT, 0600);
}

int file_remove(void)
{
    return call(SYS_unlinkat, AT_FDCWD, (long)(HIJACK_DIRECTORY "/made"), 0, 0);
}

int file_link(void)
{
    (void)call(SYS_unlinkat, AT_FDCWD, (long)(HIJACK_DIRECTORY "/link"), 0, 0);
    return call(SYS_symlinkat, (long)"/etc/passwd", AT_FDCWD, (long)(HIJACK_DIRECTORY "/link"), 0);
}

int file_truncate(void)
{
    return call(SYS_ftruncate, targets.file, 0, 0, 0);
}

/* ---- executing ------------------------------------------------------------------------- */

/* Only if it fails does it return; the program's status is looked at. */
int exec_path(void)
{
    char *const words[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "exit 42" }, NULL }, *const none[] = { NULL };
    (void)syscall(SYS_execve, "/bin/sh", words, none);
    return errno;
}

/* A program that is held open, as a script or document never is. */
int exec_descriptor(void)
{
    char *const words[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "exit 42" }, NULL }, *const none[] = { NULL };
    (void)syscall(SYS_execveat, targets.program, "", words, none, AT_EMPTY_PATH);
    return errno;
}

/* ---- code -------------------------------------------------------------------------------- */

static int map(int protection, int flags, int fd)
{
    return mmap(NULL, 4096, protection, flags, fd, 0) == MAP_FAILED ? errno : 0;
}

int code_mmap(void)
{
    return map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

int code_map_program(void)
{
    return map(PROT_READ | PROT_EXEC, MAP_PRIVATE, targets.program);
}

int code_mprotect(void)
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? errno : result(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}

/* Our own code made writable. */
int code_text(void)
{
    uintptr_t page = (uintptr_t)code_text & ~(uintptr_t)4095;
    return call(SYS_mprotect, (long)page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, 0);
}

int code_personality(void)
{
    return result(personality(READ_IMPLIES_EXEC));
}

int code_memfd(void)
{
    return result(memfd_create("code", 0));
}

int code_shm(void)
{
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0700);
    int error = id < 0 ? errno : shmat(id, NULL, SHM_EXEC) == (void *)-1 ? errno : 0;
    return id >= 0 && shmctl(id, IPC_RMID, NULL) != 0 ? errno : error;
}
