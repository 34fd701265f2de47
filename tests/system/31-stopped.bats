#!/usr/bin/env bats
# Processes that are stopped, or asked to end.  (Killed: tests/attacks/24-deaths.bats.)

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a
@test "monitor and guardian stopped, not killed: the deadline of neither is lost" {
    hold --freeze-timeout 2
    kill -STOP "$(role_pid monitor)"
    # The guardian alone keeps the deadline.
    timeout 4 dd if=/dev/zero of="$MOUNT/probe" bs=4096 count=1 conv=notrunc,fdatasync status=none
    kill -CONT "$(role_pid monitor)"
    release
    ((status != 0))
}

@test "guardian stopped: the monitor alone keeps the deadline" {
    hold --freeze-timeout 1
    kill -STOP "$(role_pid guardian)"
    timeout 3 dd if=/dev/zero of="$MOUNT/probe" bs=4096 count=1 conv=notrunc,fdatasync status=none
    kill -CONT "$(role_pid guardian)"
    release
    same "$status" 22
}

@test "INT to the front while the snapshot command runs: thawed, post-script run" {
    script post <<<"echo post >$WORK/post"
    hold
    kill -INT "$FRONT"
    await_run
    ((status != 0))
    [[ -s $WORK/post ]]
    not_frozen "$MOUNT"
}

@test "monitor stopped for good: the guardian thaws, the run and its post-script do not wait for it" {
    script post <<<"echo post >$WORK/post"
    hold --freeze-timeout 1
    kill -STOP "$(role_pid monitor)"
    await_run
    same "$status" 70
    [[ -s $WORK/post ]]
    expect .consistency none
    no_roles
    not_frozen "$MOUNT"
}
