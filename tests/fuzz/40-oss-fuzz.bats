#!/usr/bin/env bats
# integrations/oss-fuzz/build.sh under the contract of OSS-Fuzz: what it is given, what it
# leaves, and that what it leaves runs where nothing else is.

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    export SOURCE=$PWD
    "${MAKE:-make}" -s --no-print-directory build/fuzz/cjson/cJSON.c
}

# given SANITIZER ENGINE LIB FLAG...: the environment of a build, in $PLACE.
given() {
    PLACE=$BATS_TEST_TMPDIR/$1
    export SANITIZER=$1 FUZZING_ENGINE=$2 LIB_FUZZING_ENGINE=$3 ARCHITECTURE=x86_64
    shift 3
    export SRC=$PLACE/src WORK=$PLACE/work OUT=$PLACE/out CC=clang CXX=clang++
    export CFLAGS="-O0 -fno-omit-frame-pointer -gline-tables-only -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION $*"
    export CXXFLAGS=$CFLAGS
    mkdir -p "$SRC" "$WORK" "$OUT"
    ln -s "$SOURCE" "$SRC/quiesce"
    ln -s "$SOURCE/build/fuzz/cjson" "$SRC/cjson"
    cp integrations/oss-fuzz/build.sh "$SRC/build.sh"
}

build() {
    # The image has no make above it whose flags could be inherited.
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL bash -eu "$SRC/build.sh" >log 2>&1 || {
        tail -n 30 log
        return 1
    }
}

setup() {
    cd "$SOURCE" || return 1
    cd "$BATS_TEST_TMPDIR" || return 1
    cp -r "$SOURCE/integrations" .
}

# runs NAME WORD...: as a runner does: in $OUT, with the options, the dictionary and the seeds.
runs() {
    local name=$1 line words=()
    shift
    while IFS='= ' read -r key value; do
        [[ $key == \[* || -z $key ]] || words+=("-$key=$value")
    done <"$OUT/$name.options"
    [[ ! -e $OUT/$name.dict ]] || words+=("-dict=$name.dict")
    rm -rf "$PLACE/seeds"
    python3 -m zipfile -e "$OUT/${name}_seed_corpus.zip" "$PLACE/seeds"
    (cd "$OUT" && env -i PATH=/usr/bin:/bin OUT="$OUT" "./$name" "${words[@]}" "$@" "$PLACE/seeds") >run 2>&1 || {
        tail -n 30 run
        return 1
    }
}

@test "address sanitizer: every harness, with its seeds, dictionary and options" {
    given address libfuzzer -fsanitize=fuzzer -fsanitize=address -fsanitize=fuzzer-no-link
    build
    local name names=()
    for name in "$SOURCE"/fuzz/*.c; do
        name=$(basename "$name" .c)
        [[ $name == mutate_* ]] || names+=("$name")
    done
    ((${#names[@]} >= 8))
    for name in "${names[@]}"; do
        runs "$name" -runs=1000
        grep -E "seed corpus: files: $(find "$SOURCE/fuzz/corpus/$name" "$SOURCE/fuzz/regressions/$name" -type f -size +0 2>/dev/null | wc -l) " run
        grep -E '^Done [0-9]+ runs' run
        [[ ! -e $OUT/$name.dict ]] || grep -E '^Dictionary: [1-9][0-9]* entries' run
        # Nothing but what every runner has.
        ldd "$OUT/$name" >libraries
        [[ $(grep -cvE 'linux-vdso|ld-linux|lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+|resolv)\.so' libraries) == 0 ]]
    done
    # Nothing else lies there: every file without an extension is taken for a harness.
    [[ $(find "$OUT" -type f ! -name '*.*' | wc -l) == "${#names[@]}" ]]
    [[ -s $OUT/json.dict && -s $OUT/json.options ]]
}

@test "undefined behaviour" {
    export HARNESSES="passwd json"
    given undefined libfuzzer -fsanitize=fuzzer -fsanitize=undefined -fno-sanitize-recover=undefined -fsanitize=fuzzer-no-link
    build
    runs json -runs=1000
    runs passwd -runs=1000
    [[ ! -e $OUT/host ]]
}

@test "coverage: the profile names our source" {
    export HARNESSES=passwd
    given coverage libfuzzer -fsanitize=fuzzer -fprofile-instr-generate -fcoverage-mapping
    build
    runs passwd -runs=0
    (cd "$OUT" && LLVM_PROFILE_FILE=$PLACE/raw ./passwd -runs=0 "$PLACE/seeds") >run 2>&1
    llvm-profdata merge -o "$PLACE/merged" "$PLACE/raw"
    llvm-cov report -instr-profile="$PLACE/merged" "$OUT/passwd" >report
    grep -E 'parser/passwd\.c .* [1-9][0-9.]*%' report
    grep -E 'cJSON\.c' report
}

@test "an engine that is no libFuzzer: a library with a main of its own" {
    export HARNESSES="json passwd"
    cat >engine.c <<'END'
#include <stdint.h>
#include <stdio.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int main(int argc, char **argv)
{
    static uint8_t bytes[65536];
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "r");
        LLVMFuzzerTestOneInput(bytes, fread(bytes, 1, sizeof bytes, file));
        fclose(file);
    }
    printf("%d inputs\n", argc - 1);
    return 0;
}
END
    clang -O1 -c engine.c -o engine.o
    ar rcs libFuzzingEngine.a engine.o
    given none standalone "$PWD/libFuzzingEngine.a"
    build
    "$OUT/json" "$SOURCE"/fuzz/corpus/json/* >run
    grep "^$(find "$SOURCE/fuzz/corpus/json" -type f | wc -l) inputs" run
    "$OUT/passwd" "$SOURCE"/fuzz/corpus/passwd/*
}

@test "what is missing is said" {
    given address libfuzzer -fsanitize=fuzzer -fsanitize=address
    printf '#!/bin/sh\ncase $1 in -print-file-name=libmd.a) echo libmd.a;; *) exec clang "$@";; esac\n' >cc
    chmod +x cc
    export CC=$PWD/cc
    run bash -eu "$SRC/build.sh"
    ((status == 1))
    [[ $output == *'libmd.a is not installed'* ]]
}

@test "the images take what is there, and the descriptions have what is asked for" {
    local file word
    for file in integrations/oss-fuzz/Dockerfile "$SOURCE/.clusterfuzzlite/Dockerfile"; do
        grep -q '^FROM gcr.io/oss-fuzz-base/base-builder' "$file"
        # shellcheck disable=SC2016
        grep -qF '$SRC/build.sh' "$file"
        # The packages that the script looks for, and cJSON where it looks for it.
        for word in make libseccomp-dev libmd-dev libjansson-dev; do
            grep -qw -- "$word" "$file"
        done
        grep -qE 'cJSON\.git cjson$' "$file"
    done
    [[ -e $SOURCE/integrations/oss-fuzz/build.sh ]]
    for word in homepage primary_contact main_repo language sanitizers fuzzing_engines architectures; do
        grep -q "^$word:" integrations/oss-fuzz/project.yaml
    done
    grep -q '^language: c$' "$SOURCE/.clusterfuzzlite/project.yaml"
}
