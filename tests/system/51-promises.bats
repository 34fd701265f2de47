#!/usr/bin/env bats
# What the documents for people show is taken as it stands there; what a
# program reads has its members also when there is no result.

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a
DOCS=$BATS_TEST_DIRNAME/../../docs
README=$BATS_TEST_DIRNAME/../../README.md

# example PAGE N: the Nth literal display of a man page.
example() {
    awk -v want="$2" '/^\.Bd -literal/ {n++; next} /^\.Ed/ {if (n == want) exit; next} n == want' "$DOCS/$1"
}

# No finding about the text of FILE: what it names does not exist here.
taken_as_it_stands() {
    quiesce_do check --json "${@:2}" --mount "$MOUNT"
    jq -e --arg file "$1" '[.findings[] | select(.file == $file)] == []' "$OUT"
    jq -e '.hooks | length > 0' "$OUT"
}

@test "the example of a plugin configuration" {
    example quiesce.json.5 1 | jq '.quiesce.runAs = "root"' >"$CONFIG"
    taken_as_it_stands "$CONFIG" --config "$CONFIG"
}

@test "the example of a host configuration" {
    install -m 0600 "$CONFIG" /etc/azure/orders-db.json
    example quiesce.json.5 2 >"$HOST_CONFIG"
    chmod 0644 "$HOST_CONFIG"
    taken_as_it_stands "$HOST_CONFIG"
}

@test "the example of a policy" {
    example quiesce-policy.5 2 >"$WORK/policy.json"
    configure "{\"quiesce\": {\"policy\": \"$WORK/policy.json\"}}"
    taken_as_it_stands "$WORK/policy.json" --config "$CONFIG"
    "$QUIESCE" policy lint "$WORK/policy.json"
    script pre <<<'cat /etc/hostname >/tmp/x && [ -s /tmp/x ]'
    quiesce_run -- true
    outcome applicationConsistent 0 0
}

@test "the README's first configuration" {
    sed -n '/^```json$/,/^```$/p' "$README" | grep -v '^```' >"$CONFIG"
    taken_as_it_stands "$CONFIG" --config "$CONFIG"
}

@test "--json without a result: the same members, null where nothing is known" {
    status=0
    setpriv --reuid 1000 --regid 1000 --clear-groups "$QUIESCE" run --json -- true >"$OUT" 2>"$ERR" </dev/null || status=$?
    same "$status" 77
    jq -se 'length == 1' "$OUT"
    jq -e '(["consistency", "code", "name", "message", "exitStatus", "runId", "startedAt", "durationSeconds", "hooks",
             "fileSystems", "snapshot", "warnings", "findings"] - keys == []) and .consistency == "none" and
           .exitStatus == 77 and .startedAt == null and .hooks == []' "$OUT"
}
