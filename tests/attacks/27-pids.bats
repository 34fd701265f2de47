#!/usr/bin/env bats
# A process of a hook ends, and somebody else gets its number, in the middle of the
# launcher's killing it.

load attacks

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

# reused STEP: programs/reuse.c says what a step is.
reused() {
    local victim says ask
    script pre <<<"victim=\$($ATTACKS/reuse victim); echo \$victim >$WORK/up; read -r words <$WORK/down; exit 1"
    configure '{"quiesce": {"killGraceSeconds": 1}}'
    meanwhile
    victim=$LINE
    rm -f "$WORK/ask"
    mkfifo "$WORK/ask"
    exec {ask}<>"$WORK/ask" {says}< <(exec "$ATTACKS/reuse" swap "$(role_pid launcher)" "$victim" "$1" <"$WORK/ask" 3>&-)
    line_from "$says"
    go
    line_from "$says"
    same "$LINE" swapped || return 1
    await_run
    echo >&"$ask"
    line_from "$says"
    exec {ask}>&- {says}<&-
    saw_lines "$1" <<<"$LINE"
}

every_step() {
    local step
    for step in open check send; do
        reused $step || return 1
    done
}

@test "27 a stranger gets the pid of a process that is being killed" {
    [[ -n $(cgroup_root) ]] || lacking 27 "a pid that is used again" "cgroup v2"
    defended every_step
    # Landlock lets the launcher signal nobody but hooks; pidfds are enough without it.
    weakened landlock every_step
    held landlock open
    held landlock check
    held landlock send
    weakened pidfd reused send
    held pidfd send
    weakened pidfd,landlock reused send
    record 27 send "a stranger gets the pid before it is opened, looked up, signalled" "pidfds; Landlock's scope" pidfd,landlock
}
