#!/usr/bin/env bats
# Processes of a hook that do not want to end with it.

load attacks

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a
WAYS=(daemon stop forkon bomb vfork) # helpers/escape.c
ALIVE=$WORK/alive

# What escapes holds a lock as long as any of it lives, however it forks.
escape() {
    echo "exec 9>$ALIVE; flock 9; $HELPERS/escape $1 escaped"
}

alive() {
    not flock --nonblock "$ALIVE" true
}

# clean_up: in a control run what has escaped is still there.
clean_up() {
    local group
    [[ $MODE != defended ]] || return 0
    for group in "$(cgroup_root)"/{quiesce-*,control}; do
        [[ ! -e $group ]] || echo 1 >"$group/cgroup.kill"
    done
    flock --timeout 10 "$ALIVE" true || return 1
    find "$(cgroup_root)" -mindepth 1 -depth -type d -path '*quiesce-*' -exec rmdir {} +
}

# a_run PRE POST [SNAPSHOT]
a_run() {
    script pre <<<"$1"
    script post <<<"$2"
    configure '{"quiesce": {"killGraceSeconds": 0}}'
    quiesce_run -- /bin/sh -c "${3-}"
}

# a_failed_script WAY: whether something of it lives when the snapshot is taken.
a_failed_script() {
    rm -f "$WORK/seen"
    a_run "$(escape "$1"); exit 1" "" \
        "flock --nonblock $ALIVE true || echo >$WORK/seen; cat $(cgroup_root)/quiesce-*/hook-00/cgroup.events >$WORK/events 2>&1"
    saw_if "$1-failed" test -e "$WORK/seen"
    if [[ $MODE == defended && -z ${NO_CGROUP-} ]]; then
        contains "$(cat "$WORK/events")" "populated 0" || return 1
    fi
    clean_up
}

# a_post_script WAY: whether something of it lives after the run.
a_post_script() {
    a_run "" "$(escape "$1")"
    saw_if "$1-post" alive
    clean_up
}

# a_survivor WAY: of what a pre-script may leave running nothing outlives the post-script.
a_survivor() {
    a_run "$(escape "$1")" ""
    saw_if "$1-survivor" alive
    clean_up
}

every_way() {
    local way
    for way in "${WAYS[@]}"; do
        a_failed_script "$way" || return 1
        a_post_script "$way" || return 1
        a_survivor "$way" || return 1
    done
}

# shown DEFENCE CONTROL
shown() {
    local way
    local -A what=([daemon]="double fork, setsid, signals ignored" [stop]="the same, and stopped"
        [forkon]="forks on for ever" [bomb]="256 processes at once" [vfork]="a chain of vforks")
    for way in "${WAYS[@]}"; do
        record_all 23 "${what[$way]}${NO_CGROUP-}" "$1" "$2" "$way-failed" "$way-post" "$way-survivor"
    done
}

@test "23 grandchildren in a cgroup of their own" {
    [[ -n $(cgroup_root) ]] || lacking 23 "grandchildren" "cgroup v2"
    defended every_way
    weakened kill-tree every_way
    shown "cgroup.kill" kill-tree
}

@test "23 grandchildren without cgroup v2" {
    NO_CGROUP="; no cgroup v2"
    # Where quiesce does not use it; so that even here everything can be ended.
    umount --lazy "$(cgroup_root)"
    mkdir "$WORK/cgroup"
    mount -t cgroup2 cgroup2 "$WORK/cgroup"
    mkdir "$WORK/cgroup/control"
    CALLER=(/bin/sh -c "echo \$\$ >$WORK/cgroup/control/cgroup.procs; exec \"\$0\" \"\$@\"")
    defended every_way
    weakened pid-namespace every_way
    shown "the end of their PID namespace" pid-namespace
    rmdir "$WORK/cgroup/control"
    umount "$WORK/cgroup"
}
