#!/usr/bin/env bats
# The checked-in corpora: what is adopted of a campaign, and what is taken away again.

load fuzz

setup() {
    cp -r "$TREE" "$BATS_TEST_TMPDIR/tree"
    cd "$BATS_TEST_TMPDIR/tree" || return 1
    mv build/fuzz/sound/toy build/fuzz/libfuzzer/toy
    DIR=$BATS_TEST_TMPDIR/campaign
    mkdir -p "$DIR/toy/corpus"
    # Not of its main().
    printf 'group toy 1 src/toy.c:LLVM*,deepest\n' >fuzz/uncovered.txt
}

# names: the seeds, in one line.
names() {
    # shellcheck disable=SC2012
    ls -A fuzz/corpus/toy | tr '\n' ' '
}

# input BYTES FOLDER [NAME]: a file, named by its digest as the engines do.
input() {
    local name=${3-}
    [[ $name ]] || name=$(printf '%s' "$1" | sha1sum | cut -d ' ' -f 1)
    printf '%s' "$1" >"$2/$name"
}

@test "each regression has a unit test that names it" {
    local input missing=0
    for input in "$SOURCE"/fuzz/regressions/*/*; do
        grep -qrF "${input#"$SOURCE/fuzz/regressions/"}" "$SOURCE/tests/unit" || {
            echo "no unit test names ${input#"$SOURCE/"}"
            missing=1
        }
    done
    ((missing == 0))
}

@test "the corpora are smaller than 2 MiB together" {
    local bytes
    bytes=$(find "$SOURCE/fuzz/corpus" -type f -printf '%s\n' | awk '{n += $1} END {print n}')
    ((bytes > 0 && bytes < 2 << 20))
}

@test "of a campaign's inputs those are adopted that reach more, the smallest of each" {
    local i
    for ((i = 0; i < 300; i++)); do
        input "TOYlonger than it need be $i" "$DIR/toy/corpus"
        input "x$i" "$DIR/toy/corpus"
    done
    input TOYz "$DIR/toy/corpus"
    fuzz adopt "$DIR"
    is 0
    [[ $(names) == "found-$(printf TOYz | sha1sum | cut -c 1-8) near short " ]]
    [[ $(cat fuzz/corpus/toy/found-*) == TOYz ]]
    grep -E '^fuzz/corpus/toy/found-[0-9a-f]{8}: src/toy.c:' out
    grep '^1 inputs' out
    # And nothing the second time.
    fuzz adopt "$DIR"
    is 0
    grep '^0 inputs' out
}

# As where the compiler has made one instruction of two ways: the engine sees no edge, but there are regions.
@test "an input that reaches a region, but no edge, is adopted, too" {
    printf 'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { (void)d; return 0 * (int)n; }\n' >blind.c
    clang -fsanitize=fuzzer -o build/fuzz/libfuzzer/toy blind.c
    input TOYz "$DIR/toy/corpus"
    input TOYlonger "$DIR/toy/corpus"
    fuzz adopt "$DIR"
    is 0
    [[ $(cat fuzz/corpus/toy/found-*) == TOYz ]]
}

@test "minimise: what was written stays, of what was adopted what reaches more" {
    input TOYz fuzz/corpus/toy found-11111111
    input TOYlonger fuzz/corpus/toy found-22222222
    input TOXx fuzz/corpus/toy found-33333333
    input x fuzz/corpus/toy needless-but-written
    fuzz minimise
    is 0
    [[ $(names) == 'found-11111111 near needless-but-written short ' ]]
    [[ $(grep -c ': needless$' out) == 2 ]]
    fuzz minimise
    is 0
    grep '^0 inputs' out
}

@test "where the engine or the measurement fails, every input stays" {
    local program before
    input TOYz fuzz/corpus/toy found-11111111
    input TOYlonger fuzz/corpus/toy found-22222222
    before=$(names)
    for program in libfuzzer coverage; do
        mv "build/fuzz/$program/toy" sound
        printf '#!/bin/sh\nexit 1\n' >"build/fuzz/$program/toy"
        chmod +x "build/fuzz/$program/toy"
        for command in minimise "adopt $DIR"; do
            input TOYz "$DIR/toy/corpus"
            # shellcheck disable=SC2086
            fuzz $command
            is 2
            [[ $(names) == "$before" ]]
        done
        mv sound "build/fuzz/$program/toy"
    done
    rm build/fuzz/coverage/toy
    fuzz minimise toy
    is 2
    grep 'build/fuzz/coverage/toy is not built' out
}

@test "killed while it works: every file is an input, and what they reach is what they reached" {
    local i
    input TOYz fuzz/corpus/toy found-00000000
    for ((i = 0; i < 200; i++)); do
        input "TOYlonger $i" fuzz/corpus/toy "found-$(printf %08x $((i + 1)))"
    done
    "$SOURCE/fuzz/campaign/fuzz-campaign" minimise >out 2>&1 </dev/null 3>&- &
    local process=$!
    # As soon as the first has been taken away.
    while kill -0 "$process" 2>/dev/null && (($(find fuzz/corpus/toy -type f | wc -l) == 203)); do
        :
    done
    kill -KILL "$process" 2>/dev/null || true
    wait "$process" || true
    [[ -e fuzz/corpus/toy/found-00000000 && -e fuzz/corpus/toy/near && -e fuzz/corpus/toy/short ]]
    [[ $(names) != *.new* ]]
    fuzz minimise
    is 0
    [[ $(names) == 'found-00000000 near short ' ]]
}
