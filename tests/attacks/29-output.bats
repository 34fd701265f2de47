#!/usr/bin/env bats
# A hook that prints without end.

load attacks

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a
PEAK_KIB=16384

# flood MIB: memory of the supervisor; all of it is drained and counted, head and tail are kept.
flood() {
    local peak bytes=$(($1 * 1048576))
    script pre <<<"echo first; head -c $bytes /dev/zero | tr '\\0' x; echo; echo last"
    configure '{"timeoutInSeconds": 120}'
    hold
    peak=$(status_of "$(role_pid supervisor)" VmHWM)
    release
    outcome applicationConsistent 0 0 || return 1
    if [[ $MODE == defended ]]; then
        same "$(hook pre '.attempts[0].stdout.bytes')" $((bytes + 6 + 1 + 5)) || return 1
        same "$(hook pre '.attempts[0].stdout.head' | head -1)" first || return 1
        same "$(hook pre '.attempts[0].stdout.tail | rtrimstr("\n") | split("\n") | last')" last || return 1
        same "$(hook pre '.attempts[0].stdout.head | length')" 65536 || return 1
    fi
    saw_if flood test "${peak% kB}" -ge "$PEAK_KIB"
}

# endless: one that never stops printing, on both of its pipes, does so no longer than its time.
endless() {
    script pre <<<'yes >&2 & exec yes'
    configure '{"timeoutInSeconds": 1, "quiesce": {"killGraceSeconds": 0}}'
    local seconds=30
    [[ $MODE == defended ]] || seconds=2.5
    quiesce_run -- true &
    FRONT=$!
    saw_if endless not await "$FRONT" "$seconds"
    [[ $MODE == defended ]] || kill -KILL "$(role_pid supervisor)"
    await_run
    [[ $MODE != defended ]] || expect .code 308 .exitStatus 10
}

@test "29 1 GiB of output" {
    defended flood 1024
    weakened keep-all flood 64
    record 29 flood "1 GiB of output; 64 MiB in the control" "64 KiB of head and of tail are kept" keep-all
}

@test "29 output without end" {
    defended endless
    weakened read-on endless
    record 29 endless "a hook prints for ever: it is ended in its time" "so much of it is read at a time" read-on
}

# Its input is at its end; there is no output of ours that it could leave unread.
@test "29 a hook that waits for input gets its end" {
    script pre <<<'cat; read -r line || echo "status $?"'
    quiesce_run -- true
    outcome applicationConsistent 0 0
    same "$(hook pre '.attempts[0].stdout.head')" "status 1"
}
