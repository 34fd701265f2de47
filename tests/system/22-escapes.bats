#!/usr/bin/env bats
# Scripts whose processes do not want to end: each ends as the contract says,
# with nothing left running.

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

# Unique for each test, so that one test's failure is not the next one's.
mark() {
    echo "mark-$BATS_TEST_NUMBER"
}

# short [MEMBERS]: one second for each script, hardly any grace.
short() {
    configure "{\"timeoutInSeconds\": 1, \"quiesce\": {\"killGraceSeconds\": 0}}"
}

ended() {
    gone "$(mark)"
    no_cgroups
}

@test "a script that never ends" {
    script pre <<<"exec $HELPERS/escape stay $(mark)"
    short
    quiesce_run -- true
    outcome fileSystemConsistent 308 10
    ended
    expect '.durationSeconds < 20' true
}

@test "a script that ignores TERM gets its grace, then KILL" {
    script pre <<<"exec $HELPERS/escape stay $(mark)"
    configure '{"timeoutInSeconds": 1, "quiesce": {"killGraceSeconds": 1}}'
    quiesce_run -- true
    outcome fileSystemConsistent 308 10
    same "$(hook pre '.attempts[0].signal')" 9
    expect '.durationSeconds > 1.9 and .durationSeconds < 20' true
    ended
}

@test "a script that ends at TERM is not waited for longer" {
    script pre <<<"exec sleep 1000"
    configure '{"timeoutInSeconds": 1, "quiesce": {"killGraceSeconds": 30}}'
    quiesce_run -- true
    outcome fileSystemConsistent 308 10
    same "$(hook pre '.attempts[0].signal')" 15
    expect '.durationSeconds < 20' true
}

@test "each try starts with nothing of the last one" {
    script pre <<<"$HELPERS/escape gone $(mark) || echo left >>$WORK/left; $HELPERS/escape daemon $(mark); exit 1"
    configure '{"preScriptNoOfRetries": 2, "quiesce": {"killGraceSeconds": 0}}'
    quiesce_run -- true
    outcome fileSystemConsistent 300 10
    [[ ! -e $WORK/left ]]
    ended
}

@test "a daemon that keeps the output open does not hold the run up" {
    script post <<<"($HELPERS/escape stay $(mark)) & exit 0"
    quiesce_run -- true
    outcome applicationConsistent 0 0
    expect '.durationSeconds < 20' true
    ended
}

@test "what a successful pre-script leaves lives until the post-script is over, then not" {
    script pre <<<"$HELPERS/escape daemon $(mark)"
    script post <<<"$HELPERS/escape gone $(mark) && echo gone || echo alive"
    quiesce_run -- /bin/sh -c "if $HELPERS/escape gone $(mark) >$WORK/pids; then echo gone; else echo alive; fi >$WORK/snapshot"
    outcome applicationConsistent 0 0
    same "$(cat "$WORK/snapshot")" alive
    contains "$(hook post '.attempts[0].stdout.head')" alive
    same "$(hook pre '.attempts[0].survivors')" 1
    ended
}

@test "the survivor that holds a lock for the post-script: its pipe still works" {
    mkfifo "$WORK/lock"
    script pre <<<"exec 3<>$WORK/lock; (read -r line <&3; echo \"released by \$line\" >$WORK/survivor) >/dev/null 2>&1 & exit 0"
    script post <<<"echo post >$WORK/lock; while [ ! -s $WORK/survivor ]; do sleep 0.01; done"
    quiesce_run -- true
    outcome applicationConsistent 0 0
    same "$(cat "$WORK/survivor")" "released by post"
}

@test "a policy may forbid survivors" {
    jq '.annotations["org.quiesce.survivors"] = "forbid"' /mnt/quiesce/policy/default.json >"$WORK/policy.json"
    chmod 0600 "$WORK/policy.json"
    configure "{\"quiesce\": {\"policy\": \"$WORK/policy.json\"}}"
    script pre <<<"$HELPERS/escape daemon $(mark)"
    quiesce_run -- /bin/sh -c "$HELPERS/escape gone $(mark) && echo gone >$WORK/when"
    same "$(cat "$WORK/when")" gone
    ended
}

@test "the killing of one plugin's tree leaves the others alone" {
    script bad <<<"exec $HELPERS/escape stay $(mark)"
    script good <<<"sleep 2; echo good"
    configure "{\"preScriptLocation\": \"$WORK/s/bad\", \"timeoutInSeconds\": 1, \"quiesce\": {\"killGraceSeconds\": 0}}" "$WORK/one.json"
    configure "{\"pluginName\": \"other\", \"preScriptLocation\": \"$WORK/s/good\"}" "$WORK/two.json"
    host_configure "$WORK/one.json" "$WORK/two.json"
    USE_HOST_CONFIG=1 quiesce_run -- true
    outcome fileSystemConsistent 308 10
    contains "$(json '[.hooks[].attempts[].stdout.head] | join(",")')" good
    ended
}
