#!/usr/bin/env bats
# btrfs: one superblock with many faces.  Each subvolume has a number of its own that is in
# no mount table, and there may be several devices below.
#
# A btrfs never gets a device here whose file lies on itself, directly or by way of others:
# that locks the kernel up for good.
# shellcheck disable=SC2154  # look: layers.bash

load ../lib/common
load ../lib/layers

teardown() {
    let_go
    leave_nothing
}

volumes() {
    local volume
    for volume; do
        btrfs -q subvolume create "$volume"
    done
}

@test "several subvolumes are mounted, the top is not: frozen once, by whichever it is named" {
    layer btrfs o 150M /mnt/o.img
    volumes /mnt/m/o/@a /mnt/m/o/@b /mnt/m/o/@c
    local device mount
    device=$(findmnt -no SOURCE /mnt/m/o)
    for mount in a b c; do
        mkdir -p "/mnt/m/o$mount"
        mount -o "subvol=@$mount" "$device" "/mnt/m/o$mount"
        probe "/mnt/m/o$mount"
    done
    remove /mnt/m/o
    for mount in /mnt/m/oa /mnt/m/ob /mnt/m/oc "$device"; do
        quiesce_run --mount "$mount" -- "${look[@]}" /mnt/m/oa /mnt/m/ob /mnt/m/oc
        outcome applicationConsistent 0 0
        expect '[.fileSystems[] | select(.frozenSeconds > 0)] | length' 1
        same "$(sort "$WORK/frozen")" $'/mnt/m/oa\n/mnt/m/ob\n/mnt/m/oc'
    done
    quiesce_run --mount /mnt/m/oa --exclude /mnt/m/oc
    contains "$(json '.findings[].message')" "'/mnt/m/oc' is to be excluded, and with it all that is on the same file system"
    remove /mnt/m/oa /mnt/m/ob /mnt/m/oc
}

@test "a loop device's file in a subvolume within a subvolume" {
    layer btrfs o 300M /mnt/o.img
    volumes /mnt/m/o/outer /mnt/m/o/outer/inner
    layer ext4 p 64M /mnt/m/o/outer/inner/image
    ordered /mnt/m/p /mnt/m/o
    remove /mnt/m/p /mnt/m/o
}

@test "a file that is deleted, in a subvolume that is mounted, and in one that is not" {
    layer btrfs o 400M /mnt/o.img
    volumes /mnt/m/o/here /mnt/m/o/there
    layer ext4 p 32M /mnt/m/o/here/image
    layer ext4 q 32M /mnt/m/o/there/image
    mkdir /mnt/m/oh
    mount -o subvol=here "$(findmnt -no SOURCE /mnt/m/o)" /mnt/m/oh
    rm /mnt/m/o/here/image /mnt/m/o/there/image
    ordered /mnt/m/p /mnt/m/o
    # There is an overlay in the mount table, on which it might lie as well.
    quiesce_run --mount /mnt/m/q --mount /mnt/m/o --allow-crash-consistent never
    refused "'/mnt/m/q' lies on what cannot be told"
    quiesce_run --mount /mnt/m/q
    outcome applicationConsistent 0 0
    remove /mnt/m/oh /mnt/m/q /mnt/m/p /mnt/m/o
}

@test "a btrfs in a file on a btrfs" {
    layer btrfs o 500M /mnt/o.img
    volumes /mnt/m/o/vol
    layer btrfs p 150M /mnt/m/o/vol/image
    ordered /mnt/m/p /mnt/m/o
    remove /mnt/m/p /mnt/m/o
}

@test "over two devices, of which the second lies on another file system" {
    layer ext4 o 300M /mnt/o.img
    layer btrfs p 150M /mnt/p.img
    loop_on /mnt/m/o/second 150M
    btrfs -q device add "$LOOP" /mnt/m/p
    ordered /mnt/m/p /mnt/m/o
    # Two disks, whatever one of them lies on.
    fsfreeze -f /mnt/m/p
    quiesce_run --mount /mnt/m/p
    fsfreeze -u /mnt/m/p
    outcome none 121 21
    remove /mnt/m/p
    let_go
    remove /mnt/m/o
}

@test "over two devices that both lie on one file system: that is one disk" {
    layer ext4 o 400M /mnt/o.img
    loop_on /mnt/m/o/first 150M
    local first=$LOOP
    loop_on /mnt/m/o/second 150M
    mkfs.btrfs -q -m raid1 -d raid1 "$first" "$LOOP"
    mkdir /mnt/m/p
    mount "$first" /mnt/m/p
    probe /mnt/m/p
    ordered /mnt/m/p /mnt/m/o
    fsfreeze -f /mnt/m/p
    quiesce_run --mount /mnt/m/p
    fsfreeze -u /mnt/m/p
    outcome crashConsistent 1 11
    remove /mnt/m/p
    let_go
    remove /mnt/m/o
}
