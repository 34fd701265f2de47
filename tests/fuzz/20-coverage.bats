#!/usr/bin/env bats
# The coverage of checked-in corpora: too little of it, a region without a reason and a
# reason without a region are errors.

load fuzz

coverage() {
    fuzz coverage "$DIR"
}

@test "a region that is not reached needs a reason, and a reason a region" {
    coverage
    is 1
    grep -F 'src/toy.c:' out | grep 'LLVMFuzzerTestOneInput: not reached, and no reason: if (data\[2\]'
    grep 'src/toy.c:.*: deepest: not reached, and no reason: {' out
    [[ $(report '.coverage.files[] | select(.file == "src/toy.c") | .functions[] | select(.name == "deepest") | .calls, .covered') == $'0\n0' ]]
    [[ $(report '.coverage.files[0].uncovered[].text') == *'levels++;'* ]]

    sed -i 's/ 90 / 50 /' fuzz/uncovered.txt
    cat >>fuzz/uncovered.txt <<'END'
src/toy.c deepest "*" no seed goes "TOY"
src/toy.c LLVMFuzzerTestOneInput "data[2]" the seeds stop before it
END
    coverage
    is 0
    [[ $(report '[.coverage.files[].regions[].reason] | unique | join("; ")') == 'no seed goes "TOY"; the seeds stop before it' ]]
    grep -F 'the seeds stop before it' "$DIR/report.html"

    printf 'TOYy' >fuzz/corpus/toy/deepest
    coverage
    is 1
    [[ $(grep -c 'uncovered.txt:.*: stale: src/toy.c' out) == 2 ]]
}

@test "too few lines of a group" {
    printf 'group toy 99.5 src/*.c\ngroup none 1 src/nothing*.c\nsrc/toy.c main "*" x\n' >fuzz/uncovered.txt
    coverage
    is 1
    grep -E '^toy: [0-9]+ of [0-9]+ lines are reached \([0-9.]+ %\), not 99.5 %' out
    grep 'no line of the group none is in any harness' out
}

@test "a group of functions: its own lines and regions count, and each function must be there" {
    printf 'group toy 1 src/toy.c:deepest\n' >fuzz/uncovered.txt
    coverage
    is 1
    grep -E '^toy: 0 of [0-9]+ lines are reached' out
    grep 'deepest: not reached, and no reason' out
    [[ $(grep -c 'not reached, and no reason' out) == 1 ]]

    printf 'group toy 1 src/toy.c:LLVM*,nowhere\nsrc/toy.c LLVMFuzzerTestOneInput "data[2]" the seeds stop before it\n' >fuzz/uncovered.txt
    coverage
    is 1
    [[ $(grep -v '^toy \|^report' out) == 'fuzz/uncovered.txt: toy: no harness has src/toy.c:nowhere' ]]
}

@test "an input that ends the program is an error, not less coverage" {
    printf '#!/bin/sh\nkill -SEGV $$\n' >build/fuzz/coverage/toy
    coverage
    is 2
    grep 'build/fuzz/coverage/toy: exit status -11' out
}

@test "a reasons file that cannot be read is an error" {
    for line in 'src/toy.c main' 'src/toy.c main "" reason' 'src/toy.c main "*"' 'src/toy.c main "*" ' 'src/toy.c main * reason'; do
        printf 'group toy 1 src/*.c\n%s\n' "$line" >fuzz/uncovered.txt
        coverage
        is 2
        grep 'uncovered.txt:2: expected' out
    done
}
