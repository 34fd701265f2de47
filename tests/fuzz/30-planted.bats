#!/usr/bin/env bats
# The planted defects: each can be built in, the quick ones are found, and what is no defect is not.

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    export SOURCE=$PWD
    "${MAKE:-make}" -s --no-print-directory fuzz-dictionaries build/fuzz/libfuzzer/json
}

setup() {
    cd "$SOURCE" || return 1
}

selftest() {
    status=0
    fuzz/campaign/fuzz-selftest --directory "$BATS_TEST_TMPDIR/selftest" "$@" >"$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
    cat "$BATS_TEST_TMPDIR/out"
}

@test "every defect applies, and says what it is and who must find it" {
    local patch harness word
    cp -r src "$BATS_TEST_TMPDIR/src"
    (($(find fuzz/planted -name '*.patch' | wc -l) >= 12))
    for patch in fuzz/planted/*.patch; do
        patch -p1 --dry-run --batch --fuzz=0 --silent -d "$BATS_TEST_TMPDIR" -i "$PWD/$patch"
        for word in Defect Harness Finds; do
            grep -q "^$word: ." "$patch"
        done
        harness=$(sed -n 's/^Harness: //p' "$patch")
        [[ -e fuzz/$harness.c ]]
    done
    (($(grep -l '^Quick: yes' fuzz/planted/*.patch | wc -l) >= 2))
}

@test "the quick ones are found" {
    selftest --quick
    ((status == 0))
    jq -e 'length >= 2 and all(.found and .seconds < 60)' "$BATS_TEST_TMPDIR/selftest/results.json"
}

# plant NAME FINDS OLD NEW: a patch of src/parser/json_scan.c.
plant() {
    {
        printf 'Defect: %s\nHarness: json\nFinds: %s\n\n' "$1" "$2"
        sed "s/$3/$4/" src/parser/json_scan.c | diff -u --label a/src/parser/json_scan.c --label b/src/parser/json_scan.c src/parser/json_scan.c -
    } >"$BATS_TEST_TMPDIR/$1.patch" || true
}

@test "what is no defect is not found, and another failure than the right one does not count" {
    plant harmless 'oracle' 'too large for a double' 'larger than a double'
    plant another 'heap-buffer-overflow' 'if (unit == 0)' 'if (unit == 1)'
    plant broken 'oracle' 'if (unit == 0)' 'if (unit == 0'
    selftest --time 1 "$BATS_TEST_TMPDIR"/{harmless,another,broken}.patch
    ((status == 2))
    grep -E '^harmless .* NOT FOUND' "$BATS_TEST_TMPDIR/out"
    grep -E '^another .* SOMETHING ELSE' "$BATS_TEST_TMPDIR/out"
    grep -E '^broken .* CANNOT BE LOOKED FOR' "$BATS_TEST_TMPDIR/out"
    grep '0 of 3 defects found' "$BATS_TEST_TMPDIR/out"
}
