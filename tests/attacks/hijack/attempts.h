/*
 * attempts.h - what whoever has taken a role over would try first.
 *
 * Each attempt is made with good arguments, so that without the confinement it
 * succeeds.  It returns 0, or the errno that it got.
 */
#ifndef ATTEMPTS_H
#define ATTEMPTS_H

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "hijack.h"

#define SECRET HIJACK_DIRECTORY "/secret"

/* Found or made before the confinement (attempts.c). */
struct targets {
    pid_t monitor;          /* another role's process */
    int program;            /* a descriptor of a program that could be executed: 0 */
    int file;               /* of a file that could be written: 1 */
    int listener;           /* an abstract datagram socket of somebody else's */
    struct file_handle *secret;
};
extern struct targets targets;
extern char attempts_name[16]; /* of the socket, with its leading NUL; no other process has the same */

/* The errno of a call that returns -1, else 0. */
static inline int result(long returned)
{
    return returned < 0 ? errno : 0;
}

static inline int call(long number, long a, long b, long c, long d)
{
    return result(syscall(number, a, b, c, d, 0));
}

#define ATTEMPTS_ON_FILES(X)                                                                                   \
    X(file_open) X(file_openat) X(file_openat2) X(file_path_walk) X(file_fchdir) X(file_by_handle)             \
    X(file_reopen) X(file_memory) X(file_stat) X(file_create) X(file_remove) X(file_link) X(file_truncate)     \
    X(exec_path) X(exec_descriptor) X(code_mmap) X(code_map_program) X(code_mprotect) X(code_text)             \
    X(code_personality) X(code_memfd) X(code_shm)
#define ATTEMPTS_ON_OTHERS(X)                                                                                  \
    X(socket_unix) X(socket_inet) X(socket_inet6) X(socket_netlink) X(socket_packet) X(socket_datagram)        \
    X(signal_kill) X(signal_all) X(signal_thread) X(signal_pidfd) X(signal_queue) X(trace_attach) X(trace_me)  \
    X(trace_read) X(trace_descriptor) X(process_fork) X(process_clone) X(process_clone3) X(process_of_child)   \
    X(process_more) X(process_many) X(id_uid) X(id_gid) X(id_groups) X(id_capabilities) X(id_keepcaps) X(id_dumpable)          \
    X(id_securebits) X(space_user) X(space_user_clone) X(space_mount) X(space_join) X(space_fsopen)            \
    X(space_open_tree) X(space_chroot) X(kernel_io_uring) X(kernel_bpf) X(kernel_perf) X(kernel_keyctl)        \
    X(kernel_add_key) X(kernel_userfaultfd) X(kernel_inotify) X(memory_large)

#define X(function) int function(void);
ATTEMPTS_ON_FILES(X)
ATTEMPTS_ON_OTHERS(X)
#undef X

#endif
