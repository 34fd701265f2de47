#!/usr/bin/env bats
# A freeze that does not come back, because a writer hangs in the kernel: whatever
# dies meanwhile, the file system is not frozen when the kernel has got there.

load ../lib/common

setup_file() {
    new_fs ext4 a
    new_fs ext4 b
}

MOUNT=/mnt/m/b

# hung [OPTION...]: a run whose freeze of $MOUNT waits for the process WRITER.
hung() {
    local i
    mkfifo "$WORK/hangs"
    exec {HANGS}<>"$WORK/hangs"
    "$HELPERS/hang" "$MOUNT/probe" >&"$HANGS" 3>&- &
    WRITER=$!
    line_from "$HANGS"
    "$QUIESCE" run --json --config "$CONFIG" --mount "$MOUNT" "$@" -- true >"$OUT" 2>"$ERR" </dev/null 3>&- &
    FRONT=$!
    # No event tells that a thread of another process is in the kernel's freeze.
    for ((i = 0; i < 3000; i++)); do
        grep -qs freeze_super /proc/"$(role_pid monitor 2>/dev/null)"/task/*/stack && return 0
        sleep 0.01
    done
    echo "the freeze does not hang"
    return 1
}

# ends: the writer goes, the freeze returns, the run ends.
ends() {
    kill -KILL "$WRITER"
    await_run
    no_roles
    not_frozen "$MOUNT"
}

killed() {
    hung
    kill -KILL "$(role_pid "$1")"
    if [[ $1 == supervisor ]]; then
        # The monitor has given up before the freeze returns; that is what the test is about.
        until grep -q 'supervisor is gone' "$ERR"; do sleep 0.01; done
    fi
    ends
    ((status != 0))
}

@test "kill -9 of the supervisor" {
    killed supervisor
}

@test "kill -9 of the monitor" {
    killed monitor
}

@test "kill -9 of the guardian" {
    killed guardian
}

@test "kill -9 of the launcher" {
    killed launcher
}

@test "kill -9 of the supervisor: what was frozen beside it is thawed at once" {
    hung --mount /mnt/m/a
    eventually 30 is_frozen /mnt/m/a
    kill -KILL "$(role_pid supervisor)"
    not_frozen /mnt/m/a
    ends
}

@test "the deadline: what was frozen beside it is thawed" {
    hung --mount /mnt/m/a --freeze-timeout 1
    eventually 30 jq -se 'length == 1' "$OUT" # the deadline has passed
    not_frozen /mnt/m/a
    ends
    same "$status" 22
    expect '.fileSystems[] | select(.mountPoint == "/mnt/m/a") | .state == "thawed" and .frozenSeconds > 0.5' true
}

# A post-script must not wait for a freeze that does not come back.
@test "the deadline: post-scripts and the result do not wait for the freeze that hangs" {
    script post <<<"echo post >$WORK/post"
    hung --mount /mnt/m/a --freeze-timeout 1
    eventually 30 jq -se 'length == 1' "$OUT"
    [[ -s $WORK/post ]]
    expect '.exitStatus' 22
    not_frozen /mnt/m/a
    # The guardian goes on until the kernel lets it in.
    kill -KILL "$WRITER"
    not_frozen "$MOUNT"
    await_run
    no_roles
    not_frozen "$MOUNT"
}
