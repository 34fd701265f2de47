#!/usr/bin/env bats
# A neighbour: a process in no sandbox that has the uid and the capabilities of one
# of ours.  Nothing on a machine has them; if somebody got there, it gets no further.

# shellcheck disable=SC2046  # names without blanks
load attacks

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a
ROLES=(monitor guardian parser supervisor launcher keeper)
WAYS=(trace memory read write take look reopen)

# beside LABEL PID DESCRIPTOR: a neighbour of that process.
beside() {
    local uid
    uid=$(status_of "$2" Uid)
    "$ATTACKS/neighbour" "$1" "${uid%%$'\t'*}" "$(status_of "$2" CapPrm)" "$2" "$3"
}

# neighbours: each role has one while a pre-script runs.
neighbours() {
    local role
    script pre <<<"$WAIT_HERE"
    meanwhile
    for role in monitor guardian parser supervisor launcher; do
        beside "$role" "$(role_pid "$role")" 3 # its control socket
    done >"$WORK/tried"
    beside keeper "$(pgrep --parent "$(role_pid launcher)")" 0 >>"$WORK/tried"
    go
    await_run
    saw_lines $(each_role "${WAYS[@]}") <"$WORK/tried"
}

# each_role WAY...: the names of these attacks on every role.
each_role() {
    local way
    for way; do
        printf "%s-$way\n" "${ROLES[@]}"
    done
}

@test "1 ptrace, memory and descriptors of every role, by a process of its uid" {
    defended neighbours
    weakened dumpable neighbours
    record_all 1 "ptrace of each role and keeper, by its own uid" "dumpable 0" dumpable $(each_role trace)
    record_all 1 "/proc/PID/mem, process_vm_readv, -writev" "dumpable 0" dumpable $(each_role memory read write)
    record_all 1 "pidfd_getfd and /proc/PID/fd" "dumpable 0" dumpable $(each_role take look reopen)
}
