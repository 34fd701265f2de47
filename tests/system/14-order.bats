#!/usr/bin/env bats
# What lies on what decides the order, not the mount table: upper layers freeze first.  A
# freeze in the wrong order does not return before the outer file system is thawed.
# shellcheck disable=SC2154  # look: layers.bash

load ../lib/common
load ../lib/layers

teardown() {
    let_go
    leave_nothing
}

@test "five levels, of three types, in whatever order they are named" {
    layer xfs l0 400M /mnt/l0.img
    layer ext4 l1 360M /mnt/m/l0/image
    layer btrfs l2 300M /mnt/m/l1/image
    btrfs -q subvolume create /mnt/m/l2/vol
    layer ext4 l3 100M /mnt/m/l2/vol/image
    layer ext4 l4 16M /mnt/m/l3/image
    ordered /mnt/m/l4 /mnt/m/l3 /mnt/m/l2 /mnt/m/l1 /mnt/m/l0
    LIMIT=30 quiesce_run --mount /mnt/m/l0 --mount /mnt/m/l4 --mount /mnt/m/l2 -- "${look[@]}" /mnt/m/l0 /mnt/m/l4 /mnt/m/l2
    outcome applicationConsistent 0 0
    same "$(levels)" $'0 /mnt/m/l4\n1 /mnt/m/l2\n2 /mnt/m/l0'
    remove /mnt/m/l4 /mnt/m/l3 /mnt/m/l2 /mnt/m/l1 /mnt/m/l0
}

@test "the outer one is mounted once more, later: the order of mounting would be wrong" {
    layer ext4 o 200M /mnt/o.img
    layer ext4 p 64M /mnt/m/o/image
    mkdir /mnt/m/q
    mount --bind /mnt/m/o /mnt/m/q
    LIMIT=30 quiesce_run --mount /mnt/m/p --mount /mnt/m/q -- "${look[@]}" /mnt/m/p /mnt/m/q
    outcome applicationConsistent 0 0
    same "$(levels)" $'0 /mnt/m/p\n1 /mnt/m/o'
    same "$(sort "$WORK/frozen")" $'/mnt/m/p\n/mnt/m/q'
    remove /mnt/m/q
    ordered /mnt/m/p /mnt/m/o
    remove /mnt/m/p /mnt/m/o
}

@test "a loop device whose file is deleted, and whose file is replaced" {
    layer ext4 o 200M /mnt/o.img
    layer ext4 p 64M /mnt/m/o/image
    rm /mnt/m/o/image
    ordered /mnt/m/p /mnt/m/o
    # Another one stands at its path now, and lies on another file system.
    layer ext4 x 200M /mnt/x.img
    ln -s /mnt/m/x/image /mnt/m/o/image
    : >/mnt/m/x/image
    ordered /mnt/m/p /mnt/m/o
    LIMIT=30 quiesce_run --mount /mnt/m/x --mount /mnt/m/p
    same "$(levels)" $'0 /mnt/m/p\n0 /mnt/m/x'
    remove /mnt/m/p /mnt/m/x /mnt/m/o
}

# partition LOOP START SIZE: in 512-byte sectors, as the only one; the kernel is told.
partition() {
    python3 - "$1" "$2" "$3" <<'PYTHON'
import struct, sys
entry = struct.pack('<B3sB3sII', 0, b'\0\0\0', 0x83, b'\0\0\0', int(sys.argv[2]), int(sys.argv[3]))
with open(sys.argv[1], 'r+b') as disk:
    disk.seek(446)
    disk.write(entry + 48 * b'\0' + b'\x55\xaa')
PYTHON
    partx --add "$1"
}

@test "a loop device on a partition of a loop device" {
    layer ext4 o 200M /mnt/o.img
    loop_on /mnt/m/o/disk 160M
    partition "$LOOP" 2048 204800
    mkfs.ext4 -q "${LOOP}p1"
    mkdir /mnt/m/p
    mount "${LOOP}p1" /mnt/m/p
    probe /mnt/m/p
    layer ext4 q 32M /mnt/m/p/image
    ordered /mnt/m/q /mnt/m/p /mnt/m/o
    remove /mnt/m/q /mnt/m/p
    partx --delete "$LOOP"
    let_go
    remove /mnt/m/o
}

@test "the log of an xfs lies on another file system" {
    layer ext4 o 200M /mnt/o.img
    loop_on /mnt/m/o/log 80M
    rm -f /mnt/x.img
    mkfs.xfs -q -l "logdev=$LOOP" -d file,name=/mnt/x.img,size=320m
    mkdir /mnt/m/x
    mount -o "loop,logdev=$LOOP" /mnt/x.img /mnt/m/x
    let_go
    probe /mnt/m/x
    ordered /mnt/m/x /mnt/m/o
    remove /mnt/m/x /mnt/m/o
}

@test "the journal of an ext4 lies on another file system" {
    layer xfs o 320M /mnt/o.img
    loop_on /mnt/m/o/journal 32M
    mke2fs -q -b 4096 -O journal_dev "$LOOP"
    rm -f /mnt/x.img
    truncate -s 64M /mnt/x.img
    mkfs.ext4 -q -b 4096 -J "device=$LOOP" /mnt/x.img
    mkdir /mnt/m/x
    mount -o loop /mnt/x.img /mnt/m/x
    let_go
    probe /mnt/m/x
    ordered /mnt/m/x /mnt/m/o
    remove /mnt/m/x /mnt/m/o
}

@test "a file on an overlay lies where the upper directory is; the overlay itself is not frozen" {
    layer ext4 o 200M /mnt/o.img
    mkdir /mnt/m/o/upper /mnt/m/o/work /mnt/lower /mnt/over
    mount -t overlay -o lowerdir=/mnt/lower,upperdir=/mnt/m/o/upper,workdir=/mnt/m/o/work overlay /mnt/over
    layer ext4 p 64M /mnt/over/image
    ordered /mnt/m/p /mnt/m/o
    quiesce_do check --json --config "$CONFIG" --mount /mnt/m/p --mount /mnt/m/o
    expect '.fileSystems[] | select(.mountPoint == "/mnt/over") | .reason' overlay
    umount /mnt/m/p
    rmdir /mnt/m/p
    umount /mnt/over
    remove /mnt/m/o
}

@test "an overlay whose upper directory cannot be found: an error that names what lies on it, unless it is alone" {
    layer ext4 o 200M /mnt/o.img
    mkdir -p /mnt/m/o/upper /mnt/m/o/work /mnt/lower /mnt/over
    mount -t overlay -o lowerdir=/mnt/lower,upperdir=/mnt/m/o/upper,workdir=/mnt/m/o/work overlay /mnt/over
    layer ext4 p 64M /mnt/over/image
    mv /mnt/m/o/upper /mnt/m/o/elsewhere
    quiesce_run --mount /mnt/m/p --mount /mnt/m/o
    refused "'/mnt/m/p' lies on what cannot be told: on '/mnt/over'"
    LIMIT=30 quiesce_run --mount /mnt/m/p -- "${look[@]}" /mnt/m/p
    outcome applicationConsistent 0 0
    remove /mnt/m/p
    umount /mnt/over
    remove /mnt/m/o
}

@test "a file on FUSE: an error that names what lies on it, unless it is alone" {
    layer ext4 o 64M /mnt/o.img
    truncate -s 128M /mnt/fuse.img
    mkfs.ext4 -q /mnt/fuse.img
    mkdir -p /mnt/fuse
    fuse2fs /mnt/fuse.img /mnt/fuse >/dev/null
    layer ext4 p 32M /mnt/fuse/image
    quiesce_run --mount /mnt/m/p --mount /mnt/m/o --allow-crash-consistent never
    refused "'/mnt/m/p' lies on what cannot be told: on '/mnt/fuse'"
    not_frozen /mnt/m/o
    LIMIT=30 quiesce_run --mount /mnt/m/p -- "${look[@]}" /mnt/m/p
    outcome applicationConsistent 0 0
    same "$(cat "$WORK/frozen")" /mnt/m/p
    remove /mnt/m/p
    umount /mnt/fuse
    remove /mnt/m/o
}

@test "beside each other: one level, and both on one disk if their files are on one" {
    layer ext4 o 200M /mnt/o.img
    layer ext4 p 32M /mnt/m/o/one
    layer ext4 q 32M /mnt/m/o/two
    LIMIT=30 quiesce_run --mount /mnt/m/o --mount /mnt/m/p --mount /mnt/m/q -- "${look[@]}" /mnt/m/o /mnt/m/p /mnt/m/q
    outcome applicationConsistent 0 0
    same "$(levels)" $'0 /mnt/m/p\n0 /mnt/m/q\n1 /mnt/m/o'
    # Frozen by somebody else: all lies on the disk of the outermost, so a snapshot of that will do.
    fsfreeze -f /mnt/m/q
    quiesce_run --mount /mnt/m/p --mount /mnt/m/q
    fsfreeze -u /mnt/m/q
    outcome crashConsistent 1 11
    remove /mnt/m/q /mnt/m/p /mnt/m/o
}
