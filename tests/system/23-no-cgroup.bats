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

@test "a policy is learned, and what a script leaves running is killed" {
    script pre <<<"$HELPERS/escape daemon $(mark); mkfifo /tmp/a"
    jq '.annotations["org.quiesce.survivors"] = "allow"' /mnt/quiesce/policy/strict.json >"$WORK/base.json"
    quiesce_do policy learn --base "$WORK/base.json" --timeout 1 -- "$WORK/s/pre"
    same "$status" 0
    jq -e '.linux.seccomp.syscalls[] | select(.names == ["mknodat"])' "$OUT"
    gone "$(mark)"
    script pre <<<"$HELPERS/escape forkon $(mark) & $HELPERS/attempt ptrace"
    quiesce_do policy learn -- "$WORK/s/pre"
    same "$status" 20
    grep -q 'killed by the base, and everything with it: ptrace' "$ERR"
    gone "$(mark)"
}
