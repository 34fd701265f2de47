#!/usr/bin/env bats
# Without --mount: every eligible file system, "/" among them.  Never the
# machine's own: each run is made in a root of its own on a loop device.

load ../lib/common
load ../lib/root

# build_root: a small system on /mnt/m/root with another file system in it.
build_root() {
    local root=/mnt/m/root
    new_fs ext4 root
    mkdir -p "$root"/{data,mnt}
    cp -r /mnt/quiesce /mnt/helpers "$root/mnt/"
    furnish_root "$root"
    into_root "$root" /bin/sh /bin/umount /bin/sleep "$QUIESCE" /mnt/quiesce/quiesce-parser "$HELPERS/stall"
    mount -t tmpfs -o mode=0755 tmpfs "$root/var/log"
    mount --bind "$WORK" "$root/mnt/t"
}

setup_file() {
    mkdir -p "$WORK"
    build_root
    # Below the root, so that it is a mount of that namespace.
    truncate -s 300M /mnt/data.img
    mkfs.xfs -q /mnt/data.img
    mount -o loop /mnt/data.img /mnt/m/root/data
    head -c 4096 /dev/zero >/mnt/m/root/data/probe
    umount /mnt/m/root/mnt/t
}

setup() {
    fresh_work
    mount --bind "$WORK" /mnt/m/root/mnt/t
}

teardown() {
    umount /mnt/m/root/mnt/t
    fsfreeze -u /mnt/m/root/data 2>/dev/null || true
    fsfreeze -u /mnt/m/root 2>/dev/null && return 1
    no_roles
}

root_do() {
    status=0
    in_root /mnt/m/root "$QUIESCE" "$@" >"$OUT" 2>"$ERR" </dev/null 3>&- || status=$?
}

look='for d in / /data; do if /mnt/helpers/stall blocked $d/probe 50; then echo $d >>/mnt/t/frozen; fi; done'

@test "all eligible file systems are frozen, / among them" {
    root_do run --json --config "$CONFIG" -- /bin/sh -c "$look"
    outcome applicationConsistent 0 0
    same "$(tr '\n' ' ' <"$WORK/frozen")" "/ /data "
    expect '[.fileSystems[] | select(.selected).mountPoint] | sort | join(" ")' "/ /data"
}

@test "--exclude /" {
    root_do run --json --config "$CONFIG" --exclude / -- /bin/sh -c "$look"
    outcome applicationConsistent 0 0
    same "$(cat "$WORK/frozen")" /data
}

@test "what is not frozen is said with its reason: memory-backed, pseudo" {
    root_do check --json --config "$CONFIG"
    same "$status" 0
    expect '[.fileSystems[] | select(.selected).mountPoint] | sort | join(" ")' "/ /data"
}
