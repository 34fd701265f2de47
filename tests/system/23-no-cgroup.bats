#!/usr/bin/env bats
# A machine without cgroup v2: hooks live in PID namespaces of their own, and
# what they leave ends all the same.

load ../lib/common

setup_file() {
    new_fs ext4 a
    umount --lazy "$(cgroup_root)"
}

MOUNT=/mnt/m/a

mark() {
    echo "nocgroup-$BATS_TEST_NUMBER"
}

@test "there is none, and check says so" {
    same "$(cgroup_root)" ""
    quiesce_do check --config "$CONFIG" --mount "$MOUNT"
    same "$status" 0
    grep -qi 'cgroup' "$OUT"
}

@test "a run works" {
    script pre <<<'echo fine'
    quiesce_run -- true
    outcome applicationConsistent 0 0
    same "$(hook pre '.attempts[0].stdout.head')" fine
}

failed_leaves() {
    script pre <<<"$HELPERS/escape $1 $(mark); exit 1"
    configure '{"quiesce": {"killGraceSeconds": 0}}'
    quiesce_run -- /bin/sh -c "$HELPERS/escape gone $(mark) && echo gone >$WORK/when"
    outcome fileSystemConsistent 300 10
    same "$(cat "$WORK/when")" gone
    gone "$(mark)"
}

@test "a failed script's daemon is dead before the snapshot" {
    failed_leaves daemon
}

@test "a failed script's stopped process is dead before the snapshot" {
    failed_leaves stop
}

@test "a failed script's processes that fork on are dead before the snapshot" {
    failed_leaves forkon
}

@test "a script that never ends" {
    script pre <<<"exec $HELPERS/escape stay $(mark)"
    configure '{"timeoutInSeconds": 1, "quiesce": {"killGraceSeconds": 0}}'
    quiesce_run -- true
    outcome fileSystemConsistent 308 10
    gone "$(mark)"
}

@test "a survivor lives until the post-script is over, then not" {
    script pre <<<"$HELPERS/escape daemon $(mark)"
    quiesce_run -- /bin/sh -c "if $HELPERS/escape gone $(mark) >$WORK/pids; then echo gone; else echo alive; fi >$WORK/snapshot"
    outcome applicationConsistent 0 0
    same "$(cat "$WORK/snapshot")" alive
    gone "$(mark)"
}

killed() {
    local ms i
    script pre <<<"$HELPERS/escape daemon $(mark)"
    hold
    ms=$("$HELPERS/stall" kill "$MOUNT/probe" "$(role_pid "$1")")
    ((${ms%.*} < 100))
    echo 0 >&"$GO"
    await_run
    ((status != 0))
    no_roles
    for ((i = 0; i < 100; i++)); do
        gone "$(mark)" >/dev/null && break
        sleep 0.02
    done
    gone "$(mark)"
}

@test "kill -9 of the launcher while frozen: thawed, hooks dead" {
    killed launcher
}

@test "kill -9 of the supervisor while frozen: thawed, hooks dead" {
    killed supervisor
}

@test "kill -9 of the monitor while frozen: thawed, hooks dead" {
    killed monitor
}
