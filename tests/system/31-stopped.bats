#!/usr/bin/env bats
# Processes that are stopped, or asked to end.  (Killed: tests/attacks/24-deaths.bats.)

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a
@test "monitor and guardian stopped, not killed: the deadline of neither is lost" {
    hold --freeze-timeout 2
    kill -STOP "$(role_pid monitor)"
    # The guardian alone keeps the deadline.
    not_frozen "$MOUNT"
    kill -CONT "$(role_pid monitor)"
    release
    ((status != 0))
}

@test "guardian stopped: the monitor alone keeps the deadline" {
    hold --freeze-timeout 1
    kill -STOP "$(role_pid guardian)"
    not_frozen "$MOUNT"
    release # the run lets it go on when it is over
    same "$status" 22
    no_roles
}

@test "INT to the front while the snapshot command runs: thawed, post-script run" {
    script post <<<"echo post >$WORK/post"
    hold
    kill -INT "$FRONT"
    await_run
    ((status != 0))
    [[ -s $WORK/post ]]
    not_frozen "$MOUNT"
}

@test "monitor stopped for good: the guardian thaws, the run and its post-script do not wait for it" {
    script post <<<"echo post >$WORK/post"
    hold --freeze-timeout 1
    kill -STOP "$(role_pid monitor)"
    await_run
    same "$status" 70
    [[ -s $WORK/post ]]
    expect .consistency none
    no_roles
    not_frozen "$MOUNT"
}

# waits ROLE THREADS: until it waits for events and has that many threads.
waits() {
    local i pid tasks
    # No event tells that another process sleeps in poll(2).
    for ((i = 0; i < 3000; i++)); do
        pid=$(role_pid "$1") || return 1
        tasks=("/proc/$pid/task"/*)
        if ((${#tasks[@]} == $2)) && grep -qs poll "/proc/$pid/stack"; then
            return 0
        fi
        sleep 0.01
    done
    echo "$1 does not wait"
    return 1
}

# armed: the record says until when, so that the guardian has been asked.
armed() {
    local i
    for ((i = 0; i < 3000; i++)); do
        [[ $(od -An -t u8 -j 112 -N 8 /run/quiesce/record | tr -d ' ') == 0 ]] || return 0
        sleep 0.01
    done
    echo "nothing is armed"
    return 1
}

# answered_late SECONDS COMMAND...: a run with this deadline whose monitor, going on, finds at
# once the guardian's answer, for which it has waited, and what COMMAND has done.  Its
# post-script writes to the file system.
answered_late() {
    script pre <<<"echo >$WORK/held; read -r go <$WORK/go"
    script post <<<"dd if=/dev/zero of=$MOUNT/probe bs=4096 count=1 conv=notrunc,fdatasync status=none && echo post >$WORK/post"
    rm -f "$WORK/post"
    mkfifo -m 0600 "$WORK/held" "$WORK/go"
    exec {HELD}<>"$WORK/held" {GO}<>"$WORK/go"
    "$QUIESCE" run --json --config "$CONFIG" --mount "$MOUNT" --freeze-timeout "$1" --allow-crash-consistent never -- true \
        >"$OUT" 2>"$ERR" </dev/null 3>&- {HELD}>&- {GO}>&- &
    FRONT=$!
    line_from "$HELD"
    kill -STOP "$(role_pid guardian)"
    echo go >&"$GO"
    armed
    waits monitor 2
    MONITOR=$(role_pid monitor)
    kill -STOP "$MONITOR"
    kill -CONT "$(role_pid guardian)"
    waits guardian 2
    "${@:2}"
    kill -CONT "$MONITOR"
}

@test "the guardian's answer is read after the deadline: nothing is frozen any more" {
    answered_late 2 sleep 2 # the deadline itself
    await_run
    same "$status" 22
    [[ -s $WORK/post ]]
    expect .consistency none '[.fileSystems[] | select(.selected) | .state] | unique | join(" ")' refused
    no_roles
    not_frozen "$MOUNT"
}

kill_front() {
    kill -KILL "$FRONT"
    wait "$FRONT" || true
    FRONT=
}

@test "the guardian's answer is read when the front is gone: nothing is frozen any more" {
    answered_late 50 kill_front
    no_roles
    [[ -s $WORK/post ]]
    not_frozen "$MOUNT"
    script pre <<<true
    quiesce_run -- true # removes what only the front can
    same "$status" 0
}

@test "guardian stopped, monitor killed: the front lets the guardian go on, which thaws" {
    hold
    kill -STOP "$(role_pid guardian)"
    kill -KILL "$(role_pid monitor)"
    not_frozen "$MOUNT"
    await_run
    same "$status" 70
    no_roles
}
