#!/bin/bash -eu
# Builds every fuzzing harness as OSS-Fuzz, ClusterFuzz and ClusterFuzzLite ask for it.
#
# They set CC, CXX, CFLAGS, CXXFLAGS, LIB_FUZZING_ENGINE, SRC, WORK and OUT, and tell what they
# are about in SANITIZER, FUZZING_ENGINE and ARCHITECTURE.  The source lies in $SRC/quiesce,
# cJSON's in $SRC/cjson.  For each harness $OUT gets
#
#   NAME                    the program, which needs no library that the runner may lack
#   NAME_seed_corpus.zip    what is checked in of fuzz/corpus and fuzz/regressions
#   NAME.dict               the words of the tables in the source, where it has some
#   NAME.options            libFuzzer's options
#
# HARNESSES, of our own: only these; all of them where it is not set.

source=$SRC/quiesce
build=$WORK/quiesce
libraries=$build/static
include=$build/include
cd "$source"
mkdir -p "$OUT" "$libraries" "$include/cjson"

# Here the linker finds static libraries, and none that the runner would have to have.
for library in seccomp md jansson; do
    file=$($CC -print-file-name=lib$library.a)
    if [[ $file != /* ]]; then
        echo "lib$library.a is not installed" >&2
        exit 1
    fi
    ln -sf "$file" "$libraries/lib$library.a"
done
# jansson and src/parser both have a json_integer(): inside of jansson it gets another name.
rm "$libraries/libjansson.a"
objcopy --redefine-sym json_integer=jansson_integer "$file" "$libraries/libjansson.a"
ln -sf "$SRC/cjson/cJSON.h" "$include/cjson/cJSON.h"

# What runs while building is built without the flags that are for the harnesses, and a
# warning of a newer compiler is no error.
make=(env -u CFLAGS -u CXXFLAGS -u LDFLAGS CPPFLAGS="-I$include"
    make -j"$(nproc)" --no-print-directory BUILD="$build" CC="$CC" TRUSTED_CC="$CC" WARNINGS= HARDENING=
    FUZZ_CJSON_SOURCE="$SRC/cjson/cJSON.c" FUZZ_ENGINE_KIND="${FUZZING_ENGINE:-libfuzzer}"
    FUZZ_ENGINE_CC="$CC" FUZZ_ENGINE_CFLAGS="$CFLAGS"
    FUZZ_ENGINE_CXX="$CXX" FUZZ_ENGINE_CXXFLAGS="$CXXFLAGS -L$libraries"
    FUZZ_ENGINE_LIB="$LIB_FUZZING_ENGINE")
read -ra names <<<"${HARNESSES:-$("${make[@]}" -s fuzz-names)}"
dictionaries=("${names[@]/#/$build/fuzz/dict/}")
"${make[@]}" "${names[@]/#/$build/fuzz/engine/}" "${dictionaries[@]/%/.dict}"

for name in "${names[@]}"; do
    cp "$build/fuzz/engine/$name" "$OUT/$name"
    # An empty dictionary is refused by libFuzzer.
    if [[ -s $build/fuzz/dict/$name.dict ]]; then
        cp "$build/fuzz/dict/$name.dict" "$OUT/$name.dict"
    fi
    if [[ -e fuzz/$name.options ]]; then
        cp "fuzz/$name.options" "$OUT/$name.options"
    else
        printf '[libfuzzer]\nmax_len = 65536\ntimeout = 30\n' >"$OUT/$name.options"
    fi
    seeds=$build/seeds/$name
    rm -rf "$seeds"
    mkdir -p "$seeds"
    for folder in corpus regressions; do
        if [[ -d fuzz/$folder/$name ]]; then
            for file in "fuzz/$folder/$name"/*; do
                cp "$file" "$seeds/$folder-${file##*/}"
            done
        fi
    done
    rm -f "$OUT/${name}_seed_corpus.zip"
    python3 -m zipfile -c "$OUT/${name}_seed_corpus.zip" "$seeds"/*
done
