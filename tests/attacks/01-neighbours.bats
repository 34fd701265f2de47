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

# ---- while somebody drops his rights -----------------------------------------------------

# held_at CALL NAME PID: the process NAME, which PID has started or will, stands before
# that call: HELD_PID.  `let_go` lets everybody on.
held_at() {
    rm -f "$WORK/stop"
    mkfifo "$WORK/stop"
    exec {STOP}<>"$WORK/stop" {SAYS}< <(exec "$ATTACKS/stop" "$3" "$1" "$2" <"$WORK/stop" 3>&-)
    line_from "$SAYS"
    same "$LINE" following
}

await_held() {
    line_from "$SAYS"
    [[ $LINE == held* ]] && HELD_PID=${LINE#held }
}

let_go() {
    echo >&"$STOP"
    exec {STOP}>&- {SAYS}<&-
}

# a_role_drops ROLE: it has dropped all but for its filter, which it is about to load.
a_role_drops() {
    # It waits until it is followed.
    CALLER=(/bin/sh -c 'kill -STOP $$; exec "$0" "$@"')
    script pre <<<'exit 0'
    quiesce_run -- true &
    FRONT=$!
    local front i
    for ((i = 0; i < 3000; i++)); do
        front=$(pgrep --full '^/bin/sh -c kill -STOP') && [[ $(status_of "$front" State) == T* ]] && break
        sleep 0.01
    done
    held_at seccomp "quiesce-${1:0:7}" "$front" && await_held || return 1
    beside "drop-$1" "$HELD_PID" 3 >"$WORK/tried"
    let_go
    await_run
    saw_lines <"$WORK/tried"
}

# (The launcher has every capability until SEAL: its equal is root.)
DROPPING=(monitor guardian parser supervisor)

roles_drop() {
    local role
    for role in "${DROPPING[@]}"; do
        a_role_drops $role || return 1
    done
}

@test "2 descriptors of a role that is dropping its rights" {
    local role way names=()
    defended roles_drop
    weakened dumpable roles_drop
    for role in "${DROPPING[@]}"; do
        names+=("drop-$role-"{take,look,reopen,memory})
    done
    record_all 2 "descriptors of a role in the middle of its drop, by its uid" "undumpable with the change of uid" dumpable "${names[@]}"
}

# a_hook_drops: the post-script, of a user who has processes of his own, is about to be executed.
a_hook_drops() {
    local fd
    : >"$WORK/tried"
    script pre <<<"$WAIT_HERE"
    configure '{"quiesce": {"policy": "strict", "runAs": "nobody"}}'
    meanwhile
    held_at execve quiesce-launche "$(role_pid launcher)" || return 1
    go
    await_held || return 1
    # What is there at all: nothing by which one gets beyond the sandbox.
    for fd in "/proc/$HELD_PID/fd"/*; do
        saw_if hook-table test -d "$fd"
        beside hook "$HELD_PID" "${fd##*/}" >>"$WORK/tried"
    done
    let_go
    await_run
    saw_lines hook-take hook-look hook-reopen <"$WORK/tried"
}

@test "2 descriptors of a hook that has dropped its rights and is not executed yet" {
    defended a_hook_drops
    weakened dumpable a_hook_drops
    record_all 2 "descriptors of a hook before its exec, by its user" "undumpable until the exec" dumpable hook-take hook-look hook-reopen
    weakened launcher:keep-directories a_hook_drops
    record 2 hook-table "directories open in a hook while it drops" "closed before the hook is made" launcher:keep-directories
}
