#!/usr/bin/env bats
# Podman's default profile, as its package has it: it is taken as it is, and does what it says.

load policy

PROFILE=/usr/share/containers/seccomp.json

as_packaged() {
    cp "$PROFILE" podman.json
    cp "$SOURCE/tests/policy/podman.tests" .
    policy test podman.json
    is 0
    says '100000 agreed'
    not grep -q 'wrong' out
}

@test "the profile as it is, as root and as another user" {
    as_packaged
    rm ./*
    as_nobody as_packaged
}

@test "its table has a row for each call that it names with an action of its own" {
    local name
    # Of the calls that are allowed to all it has a selection.
    for name in $(jq -r '.syscalls[] | select(.action != "SCMP_ACT_ALLOW" or .args != [] or .includes != {}) |
        select((.includes.arches // ["amd64"]) | index("amd64")) | .names[]' "$PROFILE" | sort -u); do
        grep -qE "^native $name( |$)" "$SOURCE/tests/policy/podman.tests" && continue
        # Names of other machines.
        printf 'native read -> allow\nnative %s -> kill\n' "$name" >x.tests
        small >x.json
        policy test --tuples 0 x.json
        says '1 row of calls that it does not have' || { echo "$name"; return 1; }
    done
}

@test "includes and excludes go by the policy's bounding set" {
    jq '{process: {capabilities: {bounding: ["CAP_SYS_ADMIN", "CAP_DAC_READ_SEARCH", "CAP_SYS_MODULE", "CAP_AUDIT_WRITE"]}},
        linux: {seccomp: .}}' "$PROFILE" >podman-capable.json
    cp "$SOURCE/tests/policy/podman-capable.tests" .
    policy test podman-capable.json
    is 0
}
