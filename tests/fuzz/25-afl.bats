#!/usr/bin/env bats
# AFL++ with the structure-aware mutators: its own mutations do not make words of a dozen letters.

load fuzz

WORDS='preScriptParams timeoutInSeconds continueBackupOnFailure defaultAction capabilities rlimits killGraceSeconds'

setup_file() {
    local word
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    export SOURCE=$PWD TREE=$BATS_FILE_TMPDIR/tree BUILT=$PWD/build/fuzz/afl
    mkdir -p "$TREE"/{build/fuzz/{afl,libfuzzer,coverage},fuzz/corpus/toy,in}
    "${MAKE:-make}" -s --no-print-directory build/fuzz/afl/libmutate_{json,sequence}.so || return 1
    # A way of its own for each word, and one for a whole step with two patches.
    {
        printf '%s\n' '#define _GNU_SOURCE' '#include <stdint.h>' '#include <string.h>' 'static volatile unsigned found;' \
            'int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);' \
            'int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)' '{' \
            '    if (size % 8 == 0 && size >= 24 && data[6] == 2) found++;'
        for word in $WORDS; do
            printf '    if (memmem(data, size, "\\"%s\\"", %d)) found++;\n' "$word" $((${#word} + 2))
        done
        printf '    return 0;\n}\n'
    } >"$TREE/toy.c"
    AFL_QUIET=1 afl-clang-fast -O1 -fsanitize=fuzzer -o "$TREE/build/fuzz/afl/toy" "$TREE/toy.c" || return 1
    clang -O1 -fsanitize=fuzzer -o "$TREE/build/fuzz/libfuzzer/toy" "$TREE/toy.c" || return 1
    printf '{"a":1,"b":"x"}' >"$TREE/in/document"
    cp "$TREE/in/document" "$TREE/fuzz/corpus/toy"
    printf 'group toy 1 toy.c\n' >"$TREE/fuzz/uncovered.txt"
}

setup() {
    cp -r "$TREE" "$BATS_TEST_TMPDIR/tree"
    cd "$BATS_TEST_TMPDIR/tree" || return 1
    DIR=$BATS_TEST_TMPDIR/campaign
}

# afl EXECUTIONS [NAME=VALUE...]: AFL++ on the toy; what it found is in out/default/queue.
afl() {
    local count=$1
    shift
    # Trimmed, the only document there is would be no document any more.
    env -u ASAN_OPTIONS "$@" AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_DISABLE_TRIM=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
        timeout 120 afl-fuzz -s 1 -E "$count" -i in -o out -- build/fuzz/afl/toy >log 2>&1 </dev/null || {
        tail -20 log
        return 1
    }
}

# words FOLDER: how many of WORDS are in its files.
words() {
    local word count=0
    for word in $WORDS; do
        ! grep -qrF -- "\"$word\"" "$1" || count=$((count + 1))
    done
    echo "$count"
}

@test "AFL++ alone does not find the words" {
    afl 10000
    [[ $(words out/default/queue) == 0 ]]
}

@test "with the mutator of JSON it does, with nothing else and beside its own mutations" {
    afl 10000 AFL_CUSTOM_MUTATOR_LIBRARY="$BUILT/libmutate_json.so" AFL_CUSTOM_MUTATOR_ONLY=1
    (($(words out/default/queue) >= 5))
    find out/default/queue -name '*op:libmutate_json.so*+cov' | grep .
    rm -r out
    afl 20000 AFL_CUSTOM_MUTATOR_LIBRARY="$BUILT/libmutate_json.so"
    (($(words out/default/queue) >= 1))
}

@test "the mutator of sequences alone finds a whole step" {
    head -c 8 /dev/zero >in/step
    rm in/document
    afl 20000 AFL_CUSTOM_MUTATOR_LIBRARY="$BUILT/libmutate_sequence.so" AFL_CUSTOM_MUTATOR_ONLY=1
    find out/default/queue -name '*op:libmutate_sequence.so*+cov' | grep .
}

@test "a campaign gives AFL++ the harness's mutator" {
    ln -s "$BUILT/libmutate_json.so" build/fuzz/afl/toy.so
    # Two turns of libFuzzer have been: the next one is AFL++'s.
    mkdir "$DIR"
    printf '{"what":"leg","clock":0,"time":5,"at":1}\n{"what":"turn","clock":0,"id":1,"harness":"toy"}\n{"what":"turn","clock":0,"id":2,"harness":"toy"}\n' >"$DIR/results.jsonl"
    fuzz run --time 5s "$DIR"
    grep -E '^toy +afl ' out
    grep 'Loading custom mutator library from .*libmutate_json.so' "$DIR"/toy/log/*
}
