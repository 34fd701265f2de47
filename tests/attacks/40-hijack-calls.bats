#!/usr/bin/env bats
# A parser and a supervisor that have been taken over: what the process itself can do.

load hijack

MOUNT=/mnt/m/a

setup_file() {
    new_fs ext4 a
}

# calls ROLE: every system call there is, from within the role.
calls() {
    arguments "foreign=${FOREIGN:-512}"
    policy_rules "$1"
    quiesce_do check --config "$CONFIG"
    said "$1" | grep -E 'mismatch|cannot|unclear' || true # what is wrong, for who reads it
    saw_lines "$1-calls" "$1-foreign-calls" < <(said "$1" | grep -v mismatch)
}

# every_call ROLE
every_call() {
    hijacked "$1:hijack-calls" calls "$1"
    FOREIGN=1 hijacked_without "$1:role-seccomp" "$1:hijack-calls" calls "$1"
    record H1 "$1-calls" "all 512 call numbers, every rule met and just missed, from a $1 that was taken over" \
        "its filter: exactly policy/roles/$1.json" "$1:role-seccomp"
    record H1 "$1-foreign-calls" "the same numbers by x32 and int 0x80" "its filter" "$1:role-seccomp"
}

@test "H1 parser: every system call" {
    every_call parser
}

@test "H1 supervisor: every system call" {
    every_call supervisor
}

# ---- with good arguments -----------------------------------------------------------

attempts() {
    local role=$1
    arguments
    quiesce_do check --config "$CONFIG"
    shift
    saw_lines "${@/#/$role-}" < <(said "$role")
}

# What each kind of attempt is made of.
FILES="file-open file-openat file-openat2 file-path-walk file-fchdir file-by-handle file-reopen file-memory file-stat
    file-create file-remove file-link exec-path exec-descriptor"
CODE="file-truncate code-mmap code-map-program code-mprotect code-text code-personality code-memfd code-shm"
SOCKETS="socket-unix socket-inet socket-inet6 socket-netlink"
NAMED="socket-packet socket-datagram"
OTHERS="signal-kill signal-all signal-thread signal-pidfd signal-queue trace-attach trace-read trace-descriptor"
PROCESSES="process-clone process-clone3 process-of-child process-more process-many"
IDS="id-uid id-gid id-groups id-capabilities id-keepcaps id-securebits"
SPACES="space-user space-user-clone space-mount space-join space-fsopen space-open-tree space-chroot"
KERNEL="kernel-io-uring kernel-keyctl kernel-add-key kernel-inotify trace-me id-dumpable"
GUARDED="kernel-bpf kernel-perf kernel-userfaultfd"

# both ATTEMPT...: of both roles.
both() {
    printf 'parser-%s ' "$@"
    printf 'supervisor-%s ' "$@"
}

# record_both TEXT DEFENCE CONTROL ATTEMPT...
record_both() {
    # shellcheck disable=SC2046  # names without blanks
    record_all H1 "$1, from a parser or supervisor that was taken over" "$2" "$3" $(both "${@:4}")
}

# still_held ATTEMPT...: without the filter, by what else there is.
still_held() {
    local attempt
    for attempt in $(both "$@"); do
        held role-seccomp "$attempt"
    done
}

@test "H1 files, code, sockets, signals, processes, ids, namespaces, the kernel's wide interfaces" {
    local all="$FILES $CODE $SOCKETS $NAMED $OTHERS $PROCESSES $IDS $SPACES $KERNEL $GUARDED memory-large" role
    for role in parser supervisor; do
        hijacked "$role:hijack-attempts" attempts "$role" $all
        hijacked_without role-seccomp "$role:hijack-attempts" attempts "$role" $all
        hijacked_without drop,pid-namespace "$role:hijack-attempts" attempts "$role" $all
    done
    record_both "14 ways to open, change or execute a file" "filter; empty root, own uid" drop,pid-namespace $FILES
    record_both "memory to write code to and execute, 7 ways" "filter" role-seccomp $CODE
    record_both "sockets" "filter" role-seccomp $SOCKETS
    record_both "a packet socket; a datagram to an abstract name" "filter; no capability; Landlock" drop,pid-namespace $NAMED
    record_both "signalling, tracing, reading the monitor" "filter; own uid, PID namespace, Landlock" drop,pid-namespace $OTHERS
    record_both "processes" "filter; RLIMIT_NPROC" drop,pid-namespace $PROCESSES
    record_both "other ids, capabilities" "filter; nothing to come back to" drop,pid-namespace $IDS
    record_both "namespaces, mounts, another root" "filter; no capability" drop,pid-namespace $SPACES
    record_both "io_uring, keys, inotify" "filter" role-seccomp $KERNEL
    record_both "bpf, perf, userfaultfd" "filter; no capability" drop,pid-namespace $GUARDED
    record_both "all of the machine's memory" "RLIMIT_AS" drop,pid-namespace memory-large
    # One defence lost is not all.
    still_held $FILES $NAMED signal-kill signal-thread signal-pidfd signal-queue trace-attach trace-read trace-descriptor \
        process-of-child process-more process-many $IDS $SPACES $GUARDED memory-large
    held role-seccomp supervisor-process-clone
    # A parser may fork, as the C library does it, and nothing else may.
    record H1 supervisor-process-fork "fork, from a supervisor that was taken over" "filter; RLIMIT_NPROC" drop,pid-namespace
}
