#!/usr/bin/env bats
# Who a hook and a role are: groups.

load attacks

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

# groups_left: the caller has groups that neither hooks nor roles may keep.
groups_left() {
    local role
    CALLER=(setpriv "--groups=4242,4343" --)
    script pre <<<'id -G'
    hold || return 1
    for role in monitor guardian parser supervisor launcher; do
        saw_if role-groups grep -q '[0-9]' <<<"$(status_of "$(role_pid $role)" Groups)"
    done
    release
    outcome applicationConsistent 0 0 || return 1
    saw_if hook-groups grep -qE '4242|4343' <<<"$(hook pre '.attempts[0].stdout.head')"
}

@test "5 supplementary groups of the caller" {
    defended groups_left
    weakened groups groups_left
    record 5 hook-groups "id -G in a hook whose caller has groups" "setgroups before setresuid" groups
    record 5 role-groups "Groups in /proc/PID/status of every role" "setgroups in the drop" groups
}
