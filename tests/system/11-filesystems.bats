#!/usr/bin/env bats
# Freeze and thaw of real file systems, alone and together.

load ../lib/common

setup_file() {
    new_fs ext4 ext
    new_fs xfs xfs
    new_fs btrfs btr
}

# The snapshot command says which of the mounts a writer cannot write to.
look=(/bin/sh -c 'work=$1; stall=$2; shift 2
    for mount; do if "$stall" blocked "$mount/probe" 50; then echo "$mount"; fi; done >"$work/frozen"'
    sh "$WORK" "$HELPERS/stall")

# froze MOUNT...: exactly these of the ones looked at were frozen, and none is now.
froze() {
    same "$(cat "$WORK/frozen")" "$(printf '%s\n' "$@")"
    local mount
    for mount; do
        not_frozen "$mount"
    done
}

one_type() {
    quiesce_run --mount "/mnt/m/$1" -- "${look[@]}" "/mnt/m/$1"
    outcome applicationConsistent 0 0
    froze "/mnt/m/$1"
    expect '.fileSystems | map(select(.frozenSeconds != null and .frozenSeconds > 0)) | length' 1 \
        '[.fileSystems[] | select(.frozenSeconds > 0)][0].mountPoint' "/mnt/m/$1" \
        '[.fileSystems[] | select(.frozenSeconds > 0)][0].type' "$2" \
        '[.fileSystems[] | select(.frozenSeconds > 0)][0] | (.flushSeconds >= 0 and .freezeSeconds > 0 and .frozenSeconds > 0.05 and .thawSeconds > 0)' true
}

@test "ext4" {
    one_type ext ext4
}

@test "xfs" {
    one_type xfs xfs
}

@test "btrfs" {
    one_type btr btrfs
}

@test "all three at once" {
    quiesce_run --mount /mnt/m/ext --mount /mnt/m/xfs --mount /mnt/m/btr \
        -- "${look[@]}" /mnt/m/ext /mnt/m/xfs /mnt/m/btr
    outcome applicationConsistent 0 0
    froze /mnt/m/ext /mnt/m/xfs /mnt/m/btr
    expect '[.fileSystems[] | select(.frozenSeconds > 0)] | length' 3
}

@test "what is not named with --mount is not frozen" {
    quiesce_run --mount /mnt/m/xfs -- "${look[@]}" /mnt/m/ext /mnt/m/xfs /mnt/m/btr
    outcome applicationConsistent 0 0
    froze /mnt/m/xfs
}

@test "--exclude wins over --mount" {
    quiesce_run --mount /mnt/m/xfs --mount /mnt/m/ext --exclude /mnt/m/xfs -- "${look[@]}" /mnt/m/ext /mnt/m/xfs
    froze /mnt/m/ext
}

@test "a bind mount and a btrfs subvolume share one superblock: frozen once" {
    mkdir -p /mnt/m/btr/dir /mnt/bind /mnt/sub
    [[ -d /mnt/m/btr/vol ]] || btrfs -q subvolume create /mnt/m/btr/vol
    mount --bind /mnt/m/btr/dir /mnt/bind
    mount -o subvol=vol "$(findmnt -no SOURCE /mnt/m/btr)" /mnt/sub
    quiesce_run --mount /mnt/m/btr -- "${look[@]}" /mnt/m/btr
    umount /mnt/bind /mnt/sub
    outcome applicationConsistent 0 0
    froze /mnt/m/btr
    expect '[.fileSystems[] | select(.frozenSeconds > 0)] | length' 1
}

@test "a mount point with blanks, a newline and UTF-8 in its name" {
    local odd=$'/mnt/m/a b\tc\nd\\é'
    new_fs ext4 "${odd##*/}" /mnt/odd.img
    quiesce_run --mount "$odd" -- "${look[@]}" "$odd"
    local result=$status
    writers_gone
    umount "$odd"
    rmdir "$odd"
    same "$result" 0
    same "$(cat "$WORK/frozen")" "$odd"
}

@test "a file system in a file on another one: the upper one first, and nothing hangs" {
    mkdir -p /mnt/m/xfs/images
    new_fs ext4 inner /mnt/m/xfs/images/inner.img
    local order
    for order in "--mount /mnt/m/xfs --mount /mnt/m/inner" "--mount /mnt/m/inner --mount /mnt/m/xfs"; do
        # shellcheck disable=SC2086  # words
        LIMIT=20 quiesce_run $order -- "${look[@]}" /mnt/m/inner /mnt/m/xfs
        outcome applicationConsistent 0 0
        froze /mnt/m/inner /mnt/m/xfs
    done
    writers_gone
    umount /mnt/m/inner
    rmdir /mnt/m/inner
    rm -r /mnt/m/xfs/images
}

@test "one of two is frozen by somebody else: the other is thawed, his is not" {
    fsfreeze -f /mnt/m/xfs
    quiesce_run --allow-crash-consistent never --mount /mnt/m/ext --mount /mnt/m/xfs -- true
    outcome none 121 21
    is_frozen /mnt/m/xfs
    not_frozen /mnt/m/ext
    fsfreeze -u /mnt/m/xfs
    contains "$(jq -c . "$OUT")$(cat "$ERR")" /mnt/m/xfs
}

@test "crash-consistent auto does not hold for two disks" {
    fsfreeze -f /mnt/m/xfs
    quiesce_run --mount /mnt/m/ext --mount /mnt/m/xfs -- true
    fsfreeze -u /mnt/m/xfs
    outcome none 121 21
}

@test "a mount that is named but is none: said, and nothing is frozen under another name" {
    quiesce_run --mount /mnt/no-such-mount -- true
    ((status != 0))
    contains "$(jq -c . "$OUT")$(cat "$ERR")" /mnt/no-such-mount
}

@test "dirty data is flushed before the freeze, and the data is in a copy" {
    dd if=/dev/urandom of=/mnt/m/ext/data bs=1M count=20 status=none
    quiesce_run --mount /mnt/m/ext -- cp --sparse=always /mnt/ext.img "$WORK/copy.img"
    outcome applicationConsistent 0 0
    e2fsck -fn "$WORK/copy.img"
    debugfs -R 'cat /data' "$WORK/copy.img" 2>/dev/null | cmp - /mnt/m/ext/data
}

@test "freeze without expediting works too, and says how long it took" {
    quiesce_run --no-expedite --mount /mnt/m/ext -- true
    outcome applicationConsistent 0 0
}

@test "forty other loop devices are no obstacle" {
    local i
    # What lies on what is sorted: it is more than a C library sorts without asking for memory.
    mkdir /mnt/others
    truncate -s 1M /mnt/others/image
    mkfs.ext4 -q -O ^has_journal /mnt/others/image
    for ((i = 0; i < 40; i++)); do
        mkdir "/mnt/others/$i"
        cp --sparse=always /mnt/others/image "/mnt/others/$i.img"
        mount -o loop "/mnt/others/$i.img" "/mnt/others/$i"
    done
    quiesce_run --mount /mnt/m/ext -- true
    for ((i = 0; i < 40; i++)); do
        umount "/mnt/others/$i"
    done
    rm -r /mnt/others
    outcome applicationConsistent 0 0
}
