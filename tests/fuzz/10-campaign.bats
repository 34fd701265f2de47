#!/usr/bin/env bats
# A campaign: what it finds is told once and can be seen again; it goes on where it was
# stopped, however it was stopped; and it ends cleanly.

load fuzz

@test "a defect is found, told once, and its command shows it" {
    with_defect
    fuzz run --time 2s "$DIR"
    is 1
    grep '^CRASH toy: ' out
    [[ $(report '.crashes | length') -ge 1 ]]
    [[ $(report '[.crashes[].signature] | unique | length') == "$(report '.crashes | length')" ]]
    # What was met is counted, the same again as well.
    [[ $(report '[.crashes[].count] | add') == "$(grep -c '^{"what":"crash"' "$DIR/results.jsonl")" ]]
    local command
    command=$(report '.crashes[0].command')
    run bash -c "$command"
    ((status != 0))
    [[ $output == *ERROR* ]]
    grep -F "$command" "$DIR/report.html"
}

@test "crashes are told apart by the top of the stack, not by input or way" {
    with_defect
    mkdir "$DIR"
    printf 'TOY1' >"$DIR/a"
    printf 'TOY2 on another way, and longer' >"$DIR/b"
    printf 'TOY3' >"$DIR/c"
    printf 'TOY' >"$DIR/sound"
    python3 - "$SOURCE/fuzz/campaign" "$DIR" <<'END'
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from crashes import Crash
from engines import Harness
a, b, c, sound = (Crash(Harness("toy", "build/fuzz", "fuzz"), f"{sys.argv[2]}/{name}") for name in ("a", "b", "c", "sound"))
assert a.signature == b.signature == "toy: heap-buffer-overflow < beyond_the_end < deepest", (a.signature, b.signature)
assert c.signature == "toy: deadly signal < deepest", c.signature
defect = next(i for i, line in enumerate(open("src/toy.c"), 1) if "the defect" in line)
assert a.frames[0] == ("beyond_the_end", f"src/toy.c:{defect}:14"), a.frames
assert a.reproduced and c.reproduced and not sound.reproduced
END
}

@test "a harness that runs into the same again and again is set aside" {
    with_defect
    cp build/fuzz/libfuzzer/toy build/fuzz/libfuzzer/other
    mkdir fuzz/corpus/other
    printf 'TOY1' >fuzz/corpus/toy/finding
    printf '#!/bin/sh\nexit 1\n' >build/fuzz/libfuzzer/broken
    chmod +x build/fuzz/libfuzzer/broken
    fuzz run --time 60s "$DIR" toy broken
    is 1
    grep '^toy: set aside' out
    grep '^broken: set aside, it does not run' out
    [[ $(report '[.harnesses[] | select(.set_aside)] | length') == 2 ]]
}

# What is killed for being late is not set aside for it where others had the processor.
@test "an engine that waited for a processor is told from one that waits for nothing" {
    python3 - "$SOURCE/fuzz/campaign" <<'END'
import subprocess
import sys
import time
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from engines import seconds_waited
busy = ["taskset", "-c", "0", "sh", "-c", "while :; do :; done"]
runs = [subprocess.Popen(words) for words in (busy, ["chrt", "--idle", "0", *busy], ["sleep", "100"])]
try:
    until = time.monotonic() + 60
    while seconds_waited([runs[1].pid]) < 1 and time.monotonic() < until:
        time.sleep(0.1)
    waited = [seconds_waited([run.pid]) for run in runs]
finally:
    for run in runs:
        run.kill()
        run.wait()
assert waited[1] >= 1 and waited[2] < waited[1] / 4, waited
assert seconds_waited([runs[0].pid]) == 0
END
}

@test "kill -9: the engines end, nothing is lost, and the same command goes on" {
    begin run --time 5s "$DIR"
    records sample
    kill -KILL "$CAMPAIGN"
    wait "$CAMPAIGN" || true
    engines_gone
    local before
    before=$(tail -n 1 "$DIR/results.jsonl" | jq .executions)
    ((before > 0))
    [[ -n $(ls "$DIR/toy/corpus") ]]
    printf '{"what":"turned","id":1,"seco' >>"$DIR/results.jsonl"
    fuzz run --time 5s "$DIR"
    is 0
    grep '^going on with' out
    (($(report .executions) > before))
    (($(report '.clock | floor') <= 7))
    [[ $(report '.torn_lines, .legs, .ended') == $'1\n1\ntime' ]]
}

@test "killed while the corpus is exchanged: it is put back; after a leg comes another" {
    mkdir -p "$DIR/toy/corpus.old"
    touch "$DIR/toy/corpus.old/input"
    echo '{"what":"leg","clock":0,"time":1,"at":1}' >"$DIR/results.jsonl"
    echo '{"what":"rest","clock":1,"reason":"time"}' >>"$DIR/results.jsonl"
    fuzz run --time 1s "$DIR"
    is 0
    grep '^beginning' out
    [[ $(report .legs) == 2 ]]
    [[ ! -e $DIR/toy/corpus.old ]]
    grep '"what":"minimised","clock":[0-9.]*,"harness":"toy","before":[1-9]' "$DIR/results.jsonl"
}

@test "Ctrl-C: the engines end, there is a report, and the same command goes on" {
    begin run --time 100s "$DIR"
    records sample
    kill -INT "$CAMPAIGN"
    status=0
    wait "$CAMPAIGN" || status=$?
    is 130
    [[ -z $(engines) ]]
    [[ $(report .ended) == interrupted ]]
    (($(report .executions) > 0))
    begin run --time 100s "$DIR"
    records turn 2
    grep '^going on with' out
    kill -TERM "$CAMPAIGN"
    wait "$CAMPAIGN" || true
    (($(report '.clock | floor') < 60))
}

@test "Ctrl-C with thousands of slow inputs: the report does not wait for them" {
    local i began
    mkdir -p "$DIR/toy/corpus"
    for ((i = 0; i < 3000; i++)); do
        printf 'TO%d' "$i" >"$DIR/toy/corpus/$i"
    done
    # A program that takes a second for each whose time is asked for, beside a coverage that never ends.
    mv build/fuzz/libfuzzer/toy build/fuzz/real
    printf '#!/bin/sh\ncase "$*" in *-runs=*) exec sleep 100;; esac\nexec %s "$@"\n' "$PWD/build/fuzz/real" >build/fuzz/libfuzzer/toy
    printf '#!/bin/sh\nexec sleep 100\n' >build/fuzz/coverage/toy
    chmod +x build/fuzz/libfuzzer/toy
    begin run --time 100s "$DIR"
    records sample
    began=$SECONDS
    kill -INT "$CAMPAIGN"
    status=0
    wait "$CAMPAIGN" || status=$?
    is 130
    ((SECONDS - began < 20))
    [[ $(report .ended) == interrupted && $(report '.largest | length') == 10 ]]
    grep 'make fuzz-report' out
}

@test "a full disk: it stops and says so, and the last report stays whole" {
    unshare --mount --propagation private -- bash -c '
        DIR=$1 && shift
        mkdir "$DIR" && mount -t tmpfs -o size=24M none "$DIR" || exit 1
        "$@" --time 1s "$DIR" && cp "$DIR/report.json" report.json || exit 1
        head -c 18M /dev/zero >"$DIR/fill"
        "$@" --time 20s "$DIR"
        [[ $? == 3 ]] || exit 1
        head -c 30M /dev/zero >"$DIR/fill"
        "$@" --time 20s "$DIR"
        [[ $? == 3 ]] || exit 1
        cmp "$DIR/report.json" report.json && [[ ! -e $DIR/report.json.new ]]
    ' - "$DIR" "$SOURCE/fuzz/campaign/fuzz-campaign" run >out 2>&1 3>&- || {
        cat out
        return 1
    }
    [[ $(grep -c 'no room: ' out) == 2 ]]
}

@test "one campaign at a time in a directory" {
    begin run --time 100s "$DIR"
    records turn
    local first=$CAMPAIGN
    cp out first
    fuzz run --time 1s "$DIR"
    is 75
    kill -INT "$first"
    wait "$first" || true
}

@test "what cannot be is refused" {
    for time in 0 -1 1x '' h1; do
        fuzz run --time "$time" "$DIR"
        is 2
    done
    fuzz run --time 1s --jobs 0 "$DIR"
    is 2
    fuzz run --time 1s "$DIR" nosuch
    is 2
    grep 'nosuch is not built' out
}

@test "a table on a terminal, lines elsewhere" {
    fuzz run --time 1s "$DIR"
    is 0
    [[ $(grep -c $'\x1b' out) == 0 ]]
    grep -E '^toy +libfuzzer +[0-9.]+ s +[0-9,]+ executions' out
    TERM=xterm script -qec "$SOURCE/fuzz/campaign/fuzz-campaign run --time 1s $DIR" /dev/null >out 2>&1 </dev/null
    grep -q $'\x1b\\[3A' out
    grep -E 'harness +now +time +executions' out
}

@test "new inputs are kept, merged, and not those that the seeds make needless" {
    cp fuzz/corpus/toy/near "$BATS_TEST_TMPDIR/near"
    fuzz run --time 1s "$DIR"
    is 0
    local count
    count=$(find "$DIR/toy/corpus" -type f | wc -l)
    ((count >= 1))
    [[ $(report '.harnesses[0].new_inputs') == "$count" ]]
    [[ $(report '.harnesses[0].minimised.after') == "$count" ]]
    # One reaches the deepest level.
    grep -l '^TOY' "$DIR"/toy/corpus/*
}
