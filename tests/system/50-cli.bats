#!/usr/bin/env bats
# The command line: usage, rights, the lock, what it prints.

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

@test "bad usage: 64, usage on stderr, nothing on stdout" {
    local words
    while read -r words; do
        # shellcheck disable=SC2086  # words
        quiesce_do $words
        if [[ $status != 64 || -s $OUT ]] || ! grep -q usage "$ERR"; then
            echo "$words: status $status"
            return 1
        fi
    done <<'LINES'

fly
run
run --
run --no-such-option -- true
run --config
run --freeze-timeout 0 -- true
run --freeze-timeout x -- true
run --config /a --host-config /b -- true
run true
check stray
journal
journal burn
LINES
}

@test "help and version: status 0, on stdout" {
    local words
    for words in --help --version help "help run" "run --help"; do
        # shellcheck disable=SC2086  # words
        quiesce_do $words
        same "$status" 0
        [[ -s $OUT ]]
    done
}

@test "an ordinary user: 77, what is needed and why" {
    status=0
    setpriv --reuid nobody --regid nogroup --clear-groups \
        "$QUIESCE" run --json --config "$CONFIG" --mount "$MOUNT" -- true >"$OUT" 2>"$ERR" 3>&- || status=$?
    same "$status" 77
    grep -qi root "$ERR"
}

@test "75: a second run while one is going on" {
    hold
    local code=0
    timeout 60 "$QUIESCE" run --json --config "$CONFIG" --mount "$MOUNT" -- true >"$WORK/second" 2>"$WORK/second.err" \
        </dev/null 3>&- || code=$?
    is_frozen "$MOUNT"
    release
    same "$code" 75
    [[ -s $WORK/second.err ]]
    outcome applicationConsistent 0 0
    quiesce_run -- true
    same "$status" 0
}

@test "check works while a run is going on" {
    hold
    local code=0
    timeout 60 "$QUIESCE" check --json --config "$CONFIG" --mount "$MOUNT" >"$WORK/second" 2>&1 </dev/null 3>&- || code=$?
    release
    same "$code" 0
}

@test "--json: one object, nothing else on stdout, with every member of the agreed list" {
    # The snapshot command's own output must not get in between.
    quiesce_run -- /bin/sh -c 'echo from the snapshot command'
    jq -se 'length == 1' "$OUT"
    jq -e '
        (["consistency", "code", "name", "message", "exitStatus", "runId", "startedAt", "durationSeconds", "hooks",
          "fileSystems", "snapshot", "warnings"] - keys == []) and
        (.hooks | length == 2 and all(["plugin", "phase", "path", "sha256", "policy", "attempts"] - keys == [])) and
        ([.hooks[].attempts[]] | all(["exitCode", "signal", "timedOut", "durationSeconds", "maxRssKiB", "cpuSeconds",
            "stdout", "stderr", "denied", "survivors"] - keys == [])) and
        ([.hooks[].attempts[].stdout] | all(["bytes", "head", "tail"] - keys == [])) and
        (.fileSystems | all(["mountPoint", "type", "device", "flushSeconds", "freezeSeconds", "frozenSeconds",
            "thawSeconds"] - keys == [])) and
        (["exitCode", "signal", "durationSeconds"] - (.snapshot | keys) == []) and
        (.startedAt | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$")) and
        (.runId | test("^[0-9a-f]{32}$"))' "$OUT"
}

@test "not on a terminal: one line per step, no control characters" {
    quiesce_do run --config "$CONFIG" --mount "$MOUNT" -- true
    same "$status" 0
    not grep -qP '[\x00-\x08\x0b-\x1f]' "$ERR" "$OUT"
    (($(cat "$ERR" "$OUT" | wc -l) >= 5))
}

@test "on a terminal: a live line, and the same result" {
    status=0
    timeout 60 script -qec "$QUIESCE run --config $CONFIG --mount $MOUNT -- sleep 0.3" /dev/null >"$OUT" 2>&1 </dev/null || status=$?
    same "$status" 0
    grep -q $'\r' "$OUT"
    grep -qi consistent "$OUT"
}

@test "the snapshot command has the caller's environment, arguments and directory" {
    cd "$WORK"
    SOME=thing quiesce_run -- /bin/sh -c 'printf "%s|" "$SOME" "$PWD" "$@" >seen' sh 'a b' '' '--json'
    same "$(cat "$WORK/seen")" "thing|$WORK|a b||--json|"
}

@test "stdin, stdout and stderr closed: no descriptor is mistaken for another" {
    status=0
    timeout 60 "$QUIESCE" run --config "$CONFIG" --mount "$MOUNT" -- true <&- >&- 2>&- 3>&- || status=$?
    same "$status" 0
    not_frozen "$MOUNT"
}

@test "a hostile environment reaches no role" {
    LD_PRELOAD=/no/such.so GLIBC_TUNABLES=glibc.malloc.check=3 LD_LIBRARY_PATH=/mnt/t hold
    local role
    for role in monitor guardian parser supervisor launcher; do
        same "$(tr '\0' ' ' <"/proc/$(role_pid "$role")/environ")" ""
    done
    release
    same "$status" 0
}

@test "from another directory, through a symbolic link: the roles beside the program are found" {
    cd /
    ln -s "$QUIESCE" "$WORK/link"
    status=0
    "$WORK/link" run --json --config "$CONFIG" --mount "$MOUNT" -- true >"$OUT" 2>"$ERR" </dev/null 3>&- || status=$?
    outcome applicationConsistent 0 0
}

@test "a run elsewhere on the machine that holds the kernel's switch: 75, and nothing of ours happens" {
    [[ -e /sys/kernel/rcu_expedited ]] || skip "the kernel has no rcu_expedited"
    new_fs ext4 switch
    exec {SWITCH}<>/sys/kernel/rcu_expedited
    flock --nonblock "$SWITCH"
    MOUNT=/mnt/m/switch quiesce_run -- touch "$WORK/taken"
    same "$status" 75
    grep -q rcu_expedited "$ERR"
    [[ ! -e $WORK/taken ]]
    exec {SWITCH}>&-
    umount /mnt/m/switch
}
