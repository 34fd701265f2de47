#!/usr/bin/env bats
# A hook of uid 0 does not leave its cgroup, whatever its policy lets it write to
# and wherever the machine has mounted its cgroups.

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

# leaver ROOT: a pre-script that moves to the root of the cgroups and stays there.
leaver() {
    script pre <<<"echo \$\$ >$1/cgroup.procs; $HELPERS/escape daemon $(mark); exit 0"
}

mark() {
    echo "cgroup-$BATS_TEST_NUMBER"
}

@test "a policy without read-only paths" {
    jq 'del(.linux.readonlyPaths)' /mnt/quiesce/policy/default.json >"$WORK/policy.json"
    chmod 0600 "$WORK/policy.json"
    configure "{\"quiesce\": {\"policy\": \"$WORK/policy.json\"}}"
    leaver "$(cgroup_root)"
    quiesce_run -- true
    contains "$(hook pre '.attempts[0].stderr.head')" 'Read-only file system'
    gone "$(mark)"
}

@test "a second mount of the cgroups, elsewhere" {
    mkdir /mnt/cgroups
    mount -t cgroup2 cgroup2 /mnt/cgroups
    leaver /mnt/cgroups
    quiesce_run -- true
    umount /mnt/cgroups
    outcome applicationConsistent 0 0
    contains "$(json '.warnings[]')" '/sys/fs/cgroup'
    gone "$(mark)"
}
