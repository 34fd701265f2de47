#!/usr/bin/env bats
# runAs takes rights away: the capabilities of a policy that was written for root
# are not handed to whoever runs in root's place.

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

# sets: the five capability sets of the pre-script, without repetitions.
sets() {
    hook pre '.attempts[0].stdout.head' | awk '/^Cap/ {print $2}' | sort -u
}

@test "another user has none of the default policy's capabilities" {
    script pre <<<'grep ^Cap /proc/self/status; cat /etc/shadow && echo read'
    configure '{"quiesce": {"runAs": "nobody"}}'
    quiesce_run -- true
    same "$(sets)" 0000000000000000
    not grep -q '^read' <<<"$(hook pre '.attempts[0].stdout.head')"
}

@test "explain says so" {
    configure '{"quiesce": {"runAs": "nobody"}}'
    quiesce_do explain --config "$CONFIG" --mount "$MOUNT"
    same "$status" 0
    grep -qi 'none: it has no more rights than its user' "$OUT"
}

@test "root by name has them" {
    script pre <<<'grep ^CapEff /proc/self/status'
    configure '{"quiesce": {"runAs": "root"}}'
    quiesce_run -- true
    outcome applicationConsistent 0 0
    [[ $(sets) != 0000000000000000 ]]
}

@test "the user of a policy has what that policy gives" {
    jq '.process.user = {uid: 65534, gid: 65534}' /mnt/quiesce/policy/default.json >"$WORK/policy.json"
    chmod 0600 "$WORK/policy.json"
    script pre <<<'id -u; grep ^CapEff /proc/self/status'
    configure "{\"quiesce\": {\"policy\": \"$WORK/policy.json\"}}"
    quiesce_run -- true
    outcome applicationConsistent 0 0
    same "$(hook pre '.attempts[0].stdout.head' | head -n 1)" 65534
    [[ $(sets) != 0000000000000000 ]]
}
