#!/usr/bin/env bats
# kill -9 of each process while frozen: thawed within 100 ms by what a writer
# sees, hooks dead, the front says so.

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a
LIMIT_MS=100

# kill_frozen PID: kills it while frozen; fails unless a blocked writer goes on in time.
kill_frozen() {
    local ms
    ms=$("$HELPERS/stall" kill "$MOUNT/probe" "$1")
    echo "thawed after $ms ms" | tee -a "${BATS_FILE_TMPDIR:-/mnt}/kills"
    ((${ms%.*} < LIMIT_MS))
}

# A pre-script that leaves a process behind, so that a hook is alive while frozen.
with_survivor() {
    script pre <<<"$HELPERS/escape daemon survivor-$BATS_TEST_NUMBER"
    hold
    not gone "survivor-$BATS_TEST_NUMBER" >/dev/null
}

hooks_dead() {
    local i
    # Killing is asynchronous to the thaw; it is not slow.
    for ((i = 0; i < 100; i++)); do
        gone "survivor-$BATS_TEST_NUMBER" >/dev/null && return 0
        sleep 0.02
    done
    gone "survivor-$BATS_TEST_NUMBER"
}

killed_role() {
    with_survivor
    kill_frozen "$(role_pid "$1")"
    echo 0 >&"$GO"
    await_run
    hooks_dead
    ((status != 0))
    echo "exit status $status"
    [[ -s $ERR ]]
    # One object, or nothing at all; never "consistent".
    if [[ -s $OUT ]]; then
        jq -se 'length == 1 and .[0].consistency == "none"' "$OUT"
    fi
    not_frozen "$MOUNT"
}

@test "monitor" {
    killed_role monitor
}

@test "guardian" {
    killed_role guardian
}

@test "parser" {
    killed_role parser
}

@test "supervisor" {
    killed_role supervisor
}

@test "launcher" {
    killed_role launcher
}

@test "front: thawed, the post-script runs, nothing is left" {
    script post <<<"echo post >$WORK/post"
    with_survivor
    kill_frozen "$FRONT"
    kill "$SNAPSHOT" 2>/dev/null || true
    FRONT=
    no_roles
    hooks_dead
    [[ -s $WORK/post ]]
    not_frozen "$MOUNT"
    # Only root can remove the run's cgroup: the next run does, and finds it empty.
    quiesce_run -- true
    outcome applicationConsistent 0 0
    no_cgroups
}

@test "monitor and guardian stopped, not killed: the deadline of neither is lost" {
    hold --freeze-timeout 2
    kill -STOP "$(role_pid monitor)"
    # The guardian alone keeps the deadline.
    timeout 4 dd if=/dev/zero of="$MOUNT/probe" bs=4096 count=1 conv=notrunc,fdatasync status=none
    kill -CONT "$(role_pid monitor)"
    release
    ((status != 0))
}

@test "guardian stopped: the monitor alone keeps the deadline" {
    hold --freeze-timeout 1
    kill -STOP "$(role_pid guardian)"
    timeout 3 dd if=/dev/zero of="$MOUNT/probe" bs=4096 count=1 conv=notrunc,fdatasync status=none
    kill -CONT "$(role_pid guardian)"
    release
    same "$status" 22
}

@test "each role killed during the pre-script: not frozen, hooks dead, said" {
    local role
    mkfifo "$WORK/started"
    exec {STARTED}<>"$WORK/started"
    script pre <<<"echo >$WORK/started; exec $HELPERS/escape stay survivor-$BATS_TEST_NUMBER"
    for role in monitor guardian parser supervisor launcher; do
        quiesce_run -- true &
        FRONT=$!
        line_from "$STARTED"
        kill -KILL "$(role_pid "$role")"
        await_run
        echo "$role"
        # quiesce_run ran in a subshell: its result is in the files.
        [[ -s $ERR ]]
        hooks_dead
        no_roles
        not_frozen "$MOUNT"
    done
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
