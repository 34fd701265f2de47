# fuzz.bash - what the tests of campaigns share: a small tree with a harness named toy.
# shellcheck shell=bash disable=SC2034

# The tree: src/toy.c, build/fuzz/{libfuzzer,coverage}/toy, fuzz/corpus/toy.
setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    export SOURCE=$PWD TREE=$BATS_FILE_TMPDIR/tree
    mkdir -p "$TREE"/{src,build/fuzz/{libfuzzer,coverage,sound},fuzz/corpus/toy}
    cp tests/fuzz/toy.c "$TREE/src"
    printf 'TO' >"$TREE/fuzz/corpus/toy/short"
    printf 'TOXx' >"$TREE/fuzz/corpus/toy/near"
    printf 'group toy 90 src/*.c\n' >"$TREE/fuzz/uncovered.txt"
    cd "$TREE" || return 1
    clang -g -O1 -fsanitize=fuzzer,address -DTOY_DEFECT -o build/fuzz/libfuzzer/toy src/toy.c &
    clang -g -O1 -fsanitize=fuzzer -o build/fuzz/sound/toy src/toy.c &
    clang -g -O1 -fprofile-instr-generate -fcoverage-mapping -fcoverage-compilation-dir=. -DTOY_MAIN -o build/fuzz/coverage/toy src/toy.c || return 1
    wait %1 && wait %2
}

# Each test has a tree of its own whose harness is sound: campaign in $DIR.
setup() {
    cp -r "$TREE" "$BATS_TEST_TMPDIR/tree"
    cd "$BATS_TEST_TMPDIR/tree" || return 1
    mv build/fuzz/libfuzzer/toy build/fuzz/defect
    mv build/fuzz/sound/toy build/fuzz/libfuzzer/toy
    rmdir build/fuzz/sound
    DIR=$BATS_TEST_TMPDIR/campaign
}

teardown() {
    if [[ -n ${CAMPAIGN-} ]]; then
        kill -KILL "$CAMPAIGN" 2>/dev/null || true
    fi
    engines_gone 50 || pkill_engines
}

with_defect() {
    mv build/fuzz/defect build/fuzz/libfuzzer/toy
}

# fuzz WORD...: runs the tool; $status, out.
fuzz() {
    status=0
    timeout --kill-after=5 60 "$SOURCE/fuzz/campaign/fuzz-campaign" "$@" >out 2>&1 </dev/null || status=$?
}

# begin WORD...: the same in the background; $CAMPAIGN.
begin() {
    "$SOURCE/fuzz/campaign/fuzz-campaign" "$@" >out 2>&1 </dev/null 3>&- &
    CAMPAIGN=$!
}

# The engines of this test, by the program that they run.
engines() {
    local process
    for process in /proc/[0-9]*; do
        [[ $(readlink "$process/exe") != "$PWD/build/fuzz/libfuzzer/toy" ]] || echo "${process#/proc/}"
    done
}

# engines_gone [TENTHS]: they end within so much time.
engines_gone() {
    local i
    for ((i = 0; i < ${1:-100}; i++)); do
        [[ $(engines) ]] || return 0
        sleep 0.1
    done
    return 1
}

pkill_engines() {
    local process
    for process in $(engines); do
        kill -KILL "$process"
    done
    return 1
}

# records WHAT [COUNT]: waits until so many records of a kind are there.
records() {
    local i
    for ((i = 0; i < 200; i++)); do
        (($(grep -c "^{\"what\":\"$1\"" "$DIR/results.jsonl" 2>/dev/null || true) + 0 >= ${2:-1})) && return 0
        sleep 0.1
    done
    cat out
    return 1
}

is() {
    ((status == $1)) || {
        echo "exit status $status, not $1"
        cat out
        return 1
    }
}

# report FILTER: what jq says of the report.
report() {
    jq -r "$1" "$DIR/report.json"
}
