#!/usr/bin/env bats
# A flush that does not end: it has as much time as the freeze, and nothing is frozen.
# One that fails: the kernel tells it once, so it is the run that must not succeed.

load ../lib/common

setup_file() {
    new_fs ext4 a
    # The image lies on a file system that is frozen by somebody else: what is written
    # to the inner one waits.
    new_fs ext4 outer
    truncate -s 30M /mnt/m/outer/inner.img
    mkfs.ext4 -q /mnt/m/outer/inner.img
    mkdir -p /mnt/m/inner
    mount -o loop /mnt/m/outer/inner.img /mnt/m/inner
    head -c 4096 /dev/zero >/mnt/m/inner/probe
    sync -f /mnt/m/inner
    # The file behind the device lies where there is no room: writing it fails.
    mkdir /mnt/full
    mount -t tmpfs -o size=40m full /mnt/full
    new_fs ext4 full /mnt/full/full.img
}

MOUNT=/mnt/m/a

@test "a flush that hangs: 122 after the freeze timeout, nothing is frozen, the post-script runs" {
    local begin=$EPOCHREALTIME
    script post <<<"echo post >$WORK/post"
    dd if=/dev/urandom of=/mnt/m/inner/data bs=1M count=4 status=none
    fsfreeze --freeze /mnt/m/outer
    "$QUIESCE" run --json --config "$CONFIG" --mount "$MOUNT" --mount /mnt/m/inner --freeze-timeout 2 \
        --allow-crash-consistent never -- true >"$OUT" 2>"$ERR" </dev/null 3>&- &
    FRONT=$!
    not_frozen "$MOUNT"
    # The result does not wait for the flush; the process does, in the kernel.
    eventually 60 jq -se 'length == 1' "$OUT"
    expect .code 122 .consistency none '[.fileSystems[] | select(.selected) | .state] | unique | join(" ")' idle
    [[ -s $WORK/post ]]
    awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN {exit !(b - a > 2)}'
    not_frozen "$MOUNT"
    fsfreeze --unfreeze /mnt/m/outer
    await_run
    ((status != 0))
    no_roles
}

@test "a flush that fails: 121, and nothing is frozen, though the kernel tells it only once" {
    head -c 20M /dev/urandom >/mnt/m/full/data
    # All room is taken before the data is written out.
    head -c 100M /dev/zero >/mnt/full/rest 2>/dev/null || true
    MOUNT=/mnt/m/full quiesce_run --allow-crash-consistent never -- true
    same "$status" 21
    expect .code 121 .consistency none '.fileSystems[] | select(.mountPoint == "/mnt/m/full").state' idle
    contains "$(jq -r '.findings[].message' "$OUT")" "could not be written out, so that data may be lost: "
    rm /mnt/full/rest
}
