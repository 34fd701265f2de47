#!/usr/bin/env bats
# Hostile and wrong documents; check; explain.

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

check() {
    quiesce_do check --json --config "$CONFIG" --mount "$MOUNT"
}

# finding FILTER: at least one finding for which it holds.
finding() {
    if ! jq -e "[.findings[] | select($1)] | length > 0" "$OUT" >/dev/null; then
        echo "no finding with $1"
        return 1
    fi
}

# refused_at LINE COLUMN: check and run both say 305 at that place of the configuration.
refused_at() {
    check
    same "$status" 78
    finding ".code == 305 and .severity == \"error\" and .file == \"$CONFIG\" and .line == $1 and .column == $2"
    quiesce_run -- true
    outcome fileSystemConsistent 305 10
}

@test "a good configuration: nothing to find, status 0, nothing run" {
    script pre <<<"echo ran >$WORK/ran"
    check
    same "$status" 0
    expect '[.findings[] | select(.severity == "error")] | length' 0
    [[ ! -e $WORK/ran ]]
    not_frozen "$MOUNT"
}

@test "a key twice" {
    printf '{"preScriptLocation": "/x",\n "timeoutInSeconds": 5,\n "timeoutInSeconds": 6}\n' >"$CONFIG"
    refused_at 3 2
    finding '.key == "timeoutInSeconds"'
}

@test "a NUL in a string" {
    printf '{"preScriptLocation": "/x\\u0000y"}\n' >"$CONFIG"
    check
    same "$status" 78
    finding '.code == 305 and .line == 1'
}

@test "a byte order mark" {
    printf '\357\273\277{}\n' >"$CONFIG"
    refused_at 1 1
}

@test "beyond 64 KiB" {
    { printf '{"appName": "'; head -c 66000 /dev/zero | tr '\0' a; printf '"}'; } >"$CONFIG"
    check
    same "$status" 78
    finding '.code == 305'
    quiesce_run -- true
    outcome fileSystemConsistent 305 10
}

@test "nested 17 deep" {
    { printf '{"x": '; printf '[%.0s' {1..17}; printf ']%.0s' {1..17}; printf '}'; } >"$CONFIG"
    check
    same "$status" 78
    finding '.code == 305 and .line == 1 and .column > 6'
}

@test "what RFC 8259 does not allow" {
    local text
    while IFS= read -r text; do
        printf '%b' "$text" >"$CONFIG"
        check
        if ! [[ $status == 78 ]] || ! finding '.code == 305 and .line >= 1'; then
            echo "accepted: $text"
            return 1
        fi
    done <<'TEXTS'
{"timeoutInSeconds": 01}
{"timeoutInSeconds": 1.}
{"timeoutInSeconds": -01}
{"timeoutInSeconds": +1}
{"timeoutInSeconds": 0x10}
{"appName": "a\001b"}
{"appName": "a\377b"}
{"appName": "\355\240\200"}
{"appName": "\\ud800"}
{"appName": "\\x41"}
{"appName": 'a'}
{"appName": "a",}
{"appName": "a"} x
{"appName": NaN}
{appName: "a"}
[]
"text"

{"appName": "a" // comment\n}
{"timeoutInSeconds": 1e999}
TEXTS
}

@test "values out of range, wrong types: one finding each, all of them at once" {
    configure '{"timeoutInSeconds": 0, "ScriptsExecutionPollTimeSeconds": 6, "preScriptNoOfRetries": -1,
        "continueBackupOnFailure": "yes", "preScriptParams": "x", "preScriptLocation": "relative/path"}'
    check
    same "$status" 78
    local key
    for key in timeoutInSeconds ScriptsExecutionPollTimeSeconds preScriptNoOfRetries continueBackupOnFailure \
        preScriptParams preScriptLocation; do
        finding ".key == \"$key\" and .severity == \"error\" and .line > 0 and .column > 0"
    done
}

@test "an unknown key is a warning that names it, in check and in run" {
    configure '{"preScriptTimeout": 5, "quiesce": {"polcy": "strict"}}'
    check
    finding '.severity == "warning" and .key == "preScriptTimeout"'
    quiesce_run -- true
    contains "$(json '.warnings | tostring')" preScriptTimeout
}

@test "a timeout above 1800 is lowered, with a warning" {
    configure '{"timeoutInSeconds": 5000}'
    check
    same "$status" 0
    finding '.severity == "warning" and .key == "timeoutInSeconds"'
}

@test "check lists every finding of every document, not only the first" {
    configure '{"timeoutInSeconds": 0}' "$WORK/one.json"
    configure "{\"preScriptLocation\": \"$WORK/s/missing\"}" "$WORK/two.json"
    configure '{"quiesce": {"policy": "no-such-policy"}}' "$WORK/three.json"
    chmod 0755 "$WORK/s/post"
    host_configure "$WORK/one.json" "$WORK/two.json" "$WORK/three.json" "$WORK/four.json"
    quiesce_do check --json --mount "$MOUNT"
    same "$status" 78
    finding ".code == 305 and .file == \"$WORK/one.json\""
    finding ".code == 302 and (.file == \"$WORK/s/missing\" or (.message | contains(\"$WORK/s/missing\")))"
    finding ".code == 307"
    finding '.code == 316'
    contains "$(jq -c .findings "$OUT")" no-such-policy
    jq -e '.findings | all(has("code") and has("name") and has("severity") and has("kind") and has("file")
        and has("line") and has("column") and has("key") and has("message") and has("remedy"))' "$OUT"
}

@test "the error names the component that failed and what is wrong with it" {
    mkdir -m 0777 "$WORK/loose"
    cp -p "$WORK/s/pre" "$WORK/loose/pre"
    configure "{\"preScriptLocation\": \"$WORK/loose/pre\"}"
    check
    finding ".code == 306 and .kind == \"permission\" and (.message | contains(\"$WORK/loose\"))"
}

@test "a symbolic link of root is followed, of somebody else not" {
    ln -s pre "$WORK/s/link"
    configure "{\"preScriptLocation\": \"$WORK/s/link\"}"
    quiesce_run -- true
    outcome applicationConsistent 0 0
    chown -h nobody "$WORK/s/link"
    quiesce_run -- true
    outcome fileSystemConsistent 306 10
}

@test "a loop of symbolic links, a directory, a FIFO, a device are no scripts" {
    ln -s loop "$WORK/s/loop"
    mkdir "$WORK/s/dir"
    mkfifo -m 0700 "$WORK/s/fifo"
    local path
    for path in "$WORK/s/loop" "$WORK/s/dir" "$WORK/s/fifo" /dev/null; do
        configure "{\"preScriptLocation\": \"$path\"}"
        LIMIT=10 quiesce_run -- true
        same "$status" 10
        [[ $(json .code) == 30[26] ]]
    done
}

@test "a policy with a field that is not implemented is an error" {
    echo '{"process": {"apparmorProfile": "x"}}' >"$WORK/policy.json"
    chmod 0600 "$WORK/policy.json"
    configure "{\"quiesce\": {\"policy\": \"$WORK/policy.json\"}}"
    check
    same "$status" 78
    finding ".file == \"$WORK/policy.json\" and .line == 1 and (.key | contains(\"apparmorProfile\"))"
}

@test "check for people: file, line and column, what is wrong, what to do" {
    printf '{"timeoutInSeconds": true}\n' >"$CONFIG"
    quiesce_do check --config "$CONFIG" --mount "$MOUNT"
    same "$status" 78
    contains "$(cat "$OUT" "$ERR")" "$CONFIG:1:"
    contains "$(cat "$OUT" "$ERR")" timeoutInSeconds
}

@test "explain: in words, what each hook may do and what happens when it fails" {
    quiesce_do explain --config "$CONFIG" --mount "$MOUNT"
    same "$status" 0
    contains "$(cat "$OUT")" "$WORK/s/pre"
    contains "$(cat "$OUT")" "$WORK/s/post"
    contains "$(cat "$OUT")" "read-only"
    (($(wc -w <"$OUT") > 60))
}

@test "explain --json prints one object" {
    quiesce_do explain --json --config "$CONFIG" --mount "$MOUNT"
    same "$status" 0
    jq -se 'length == 1 and (.[0] | type) == "object"' "$OUT"
}
