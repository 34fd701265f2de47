#!/usr/bin/env bats
# Parameters, tries, time, output of a script.

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

@test "a number or boolean among the parameters: its JSON text, with a warning" {
    configure '{"preScriptParams": [7, true, "x"]}'
    script pre <<<"exec $HELPERS/self argv \"\$@\""
    quiesce_run -- true
    outcome applicationConsistent 0 0
    same "$(hook pre '.attempts[0].stdout.head')" $'1:7\n4:true\n1:x'
    jq -e '.warnings | length > 0' "$OUT"
}

@test "a retry starts the script again" {
    script pre <<<"echo >>$WORK/tries; test \$(wc -l <$WORK/tries) -eq 3"
    configure '{"preScriptNoOfRetries": 5}'
    quiesce_run -- true
    outcome applicationConsistent 0 0
    same "$(wc -l <"$WORK/tries")" 3
    same "$(hook pre '.attempts | map(.exitCode) | tostring')" '[1,1,0]'
}

@test "retries are at most what was asked for" {
    script pre <<<"echo >>$WORK/tries; exit 1"
    configure '{"preScriptNoOfRetries": 2}'
    quiesce_run -- true
    outcome fileSystemConsistent 300 10
    same "$(wc -l <"$WORK/tries")" 3
}

@test "the post-script is retried as well" {
    script post <<<"echo >>$WORK/tries; test \$(wc -l <$WORK/tries) -eq 2"
    configure '{"postScriptNoOfRetries": 1}'
    quiesce_run -- true
    outcome applicationConsistent 0 0
    same "$(wc -l <"$WORK/tries")" 2
}

@test "the time budget covers all tries together" {
    # Each try takes 1.2 s of 2 s: the second is cut, there is no third.
    script pre <<<"echo >>$WORK/tries; sleep 1.2; exit 1"
    configure '{"preScriptNoOfRetries": 10, "timeoutInSeconds": 2, "quiesce": {"killGraceSeconds": 0}}'
    quiesce_run -- true
    outcome fileSystemConsistent 308 10
    same "$(wc -l <"$WORK/tries")" 2
    expect '.durationSeconds < 10' true
}

@test "standard error is kept apart" {
    script pre <<<'echo out; echo err >&2'
    quiesce_run -- true
    same "$(hook pre '.attempts[0].stdout.head')" out
    same "$(hook pre '.attempts[0].stderr.head')" err
}

@test "output that is not text cannot harm the report or the terminal" {
    script pre <<<'printf "a\033[2Jb\377\000c\302\205d"'
    quiesce_run -- true
    outcome applicationConsistent 0 0
    # Nothing of it but printable text and U+FFFD, in JSON and on stderr.
    not grep -q $'\033' "$OUT" "$ERR"
    jq -e '.hooks[0].attempts[0].stdout.head | test("\\p{Cc}") | not' "$OUT"
    same "$(hook pre '.attempts[0].stdout.bytes')" 12
}

@test "exit status, resources and duration stand in the report" {
    script pre <<<'sleep 0.3; i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done'
    quiesce_run -- true
    jq -e '.hooks[0].attempts[0] | .exitCode == 0 and .timedOut == false and .durationSeconds > 0.3
        and .durationSeconds < 10 and .maxRssKiB > 100 and .cpuSeconds > 0' "$OUT"
}

@test "an interpreter that does not exist: a failed script, not a crash" {
    script pre <<<$'#!/no/such/interpreter\n'
    quiesce_run -- true
    outcome fileSystemConsistent 300 10
}

@test "the post-script learns what happened before it" {
    script pre <<<'exit 7'
    script post <<<"exec $HELPERS/self environ"
    quiesce_run -- true
    outcome fileSystemConsistent 300 10
    contains "$(hook post '.attempts[0].stdout.head')" "QUIESCE_PRE_RESULT=failed"
}

@test "a script that cannot be started says why: its interpreter, its directory" {
    script pre <<<'#!/nowhere/sh'
    quiesce_run -- true
    outcome fileSystemConsistent 300 10
    grep -q 'interpreter that its "#!" line names does not exist' "$ERR"
    script pre <<<'exit 0'
    (cd "$WORK/s" && seq -f 'sibling-%g' 1100 | xargs touch)
    quiesce_run -- true
    outcome fileSystemConsistent 300 10
    grep -q 'more than 1024 files lie beside it' "$ERR"
}
