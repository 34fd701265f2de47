#!/usr/bin/env bats
# The journal.

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

@test "one line of JSON for each run, each with the digest of the one before" {
    quiesce_run -- true
    quiesce_run -- false
    quiesce_run -- true
    same "$(wc -l <"$JOURNAL")" 3
    same "$(jq -s length "$JOURNAL")" 3
    quiesce_do journal verify
    same "$status" 0
    quiesce_do journal show
    same "$status" 0
    [[ -s $OUT ]]
}

@test "a byte that was changed, a record taken out or put in: found" {
    quiesce_run -- true
    quiesce_run -- true
    quiesce_run -- true
    cp "$JOURNAL" "$WORK/journal"
    # In the middle of the second record, a digit for another one.
    awk 'NR == 2 {sub(/"durationSeconds":[0-9]/, "\"durationSeconds\":9")} {print}' "$WORK/journal" >"$JOURNAL"
    not cmp -s "$WORK/journal" "$JOURNAL"
    quiesce_do journal verify
    ((status != 0))
    sed 2d "$WORK/journal" >"$JOURNAL"
    quiesce_do journal verify
    ((status != 0))
    sed '1{h;};2{p;}' "$WORK/journal" >"$JOURNAL"
    quiesce_do journal verify
    ((status != 0))
    cp "$WORK/journal" "$JOURNAL"
    quiesce_do journal verify
    same "$status" 0
}

@test "a record holds digests of documents, scripts and policy, attempts, file systems and outcome" {
    script pre <<<'echo from the script; exit 1'
    quiesce_run -- true
    local record digest
    record=$(cat "$JOURNAL")
    for digest in "$(sha256sum <"$CONFIG")" "$(sha256sum <"$WORK/s/pre")" "$(sha256sum <"$WORK/s/post")" \
        "$(sha256sum <"/mnt/quiesce/policy/default.json")"; do
        contains "$record" "${digest%% *}"
    done
    contains "$record" "from the script"
    contains "$record" "$MOUNT"
    contains "$record" "Pre-ScriptExecutionFailed"
}

@test "the journal is written only by root, and read only by root" {
    quiesce_run -- true
    same "$(stat -c %U:%a "$JOURNAL")" root:600
    same "$(stat -c %U:%a /var/log/quiesce | tr -d 057)" "root:"
}

@test "a full disk under the journal: a warning, not a wrong result" {
    mount -t tmpfs -o mode=0755,size=4k quiesce-full /var/log/quiesce
    quiesce_run -- true
    head -c 8192 /dev/zero >/var/log/quiesce/fill 2>/dev/null || true
    quiesce_run -- true
    umount /var/log/quiesce
    outcome applicationConsistent 0 0
    contains "$(json '.warnings | tostring') $(cat "$ERR")" journal
}

@test "a record that did not fit leaves no torn line behind" {
    script pre <<<'head -c 60000 /dev/zero | tr "\0" x'
    mount -t tmpfs -o mode=0755,size=64k quiesce-full /var/log/quiesce
    quiesce_run -- true
    quiesce_run -- true
    jq -c .runId "$JOURNAL"
    quiesce_do journal verify
    umount /var/log/quiesce
    same "$status" 0
}
