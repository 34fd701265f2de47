#!/usr/bin/env bats
# Which file systems there are: one for each superblock, however often and wherever it is
# mounted, and by whatever name.
# shellcheck disable=SC2154  # look: layers.bash

load ../lib/common
load ../lib/layers

setup() {
    fresh_work
    layer ext4 a 64M /mnt/a.img
}

teardown() {
    let_go
    umount --recursive /mnt/side /mnt/m/a/below 2>/dev/null || true
    umount /mnt/side/one 2>/dev/null || true
    rm -f /mnt/side/one 2>/dev/null || true
    fsfreeze -u /mnt/m/a 2>/dev/null && echo "left frozen: /mnt/m/a"
    while mountpoint -q /mnt/m/a; do
        umount /mnt/m/a
    done
    leave_nothing
}

# froze MOUNT...: the last run went well, and a writer saw exactly these frozen.
froze() {
    outcome applicationConsistent 0 0
    same "$(sort "$WORK/frozen")" "$(printf '%s\n' "$@" | sort)"
}

errors() {
    json '.findings[] | select(.severity == "error").message'
}

warnings() {
    json '.findings[] | select(.severity == "warning").message'
}

@test "hidden under another mount, and mounted elsewhere too: frozen by that" {
    mkdir -p /mnt/side
    mount --bind /mnt/m/a /mnt/side
    mount -t tmpfs -o size=64k tmpfs /mnt/m/a
    quiesce_run --mount /mnt/side -- "${look[@]}" /mnt/side
    froze /mnt/side
}

@test "hidden, and its only other mount shows a directory of it that is deleted" {
    mkdir -p /mnt/side /mnt/m/a/gone
    mount --bind /mnt/m/a/gone /mnt/side
    rmdir /mnt/m/a/gone
    mount -t tmpfs -o size=64k tmpfs /mnt/m/a
    grep -q 'gone//deleted /mnt/side' /proc/self/mountinfo
    quiesce_run --mount /mnt/side
    outcome applicationConsistent 0 0
    expect '[.fileSystems[] | select(.frozenSeconds > 0).mountPoint] | join(" ")' /mnt/side
}

# on_a PATH: a mount of it on one like it is the only one left of a.
on_a() {
    mkdir -p /mnt/side
    case $(stat -c %F "$1") in
    fifo) mkfifo /mnt/side/one ;;
    *) touch /mnt/side/one ;;
    esac
    mount --bind "$1" /mnt/side/one
    umount /mnt/m/a
}

@test "mounted on a file alone: frozen by that" {
    echo name >/mnt/m/a/hosts
    on_a /mnt/m/a/hosts
    quiesce_run --mount /mnt/side/one
    outcome applicationConsistent 0 0
    expect '[.fileSystems[] | select(.frozenSeconds > 0).mountPoint] | join(" ")' /mnt/side/one
}

@test "mounted on a FIFO alone: an error that names it; nobody opens it" {
    mkfifo /mnt/m/a/fifo
    on_a /mnt/m/a/fifo
    # Who waits for a reader would get one.
    (echo opened >/mnt/side/one) 3>&- &
    quiesce_run --mount /mnt/side/one --allow-crash-consistent never
    outcome none 123 21
    kill -0 $!
    kill $!
    wait $! || true
}

@test "hidden everywhere: an error that names it, unless it is excluded" {
    local device
    device=$(findmnt -no SOURCE /mnt/m/a)
    mount -t tmpfs -o size=64k tmpfs /mnt/m/a
    quiesce_run --mount "$device" --allow-crash-consistent never
    outcome none 123 21
    contains "$(errors)" "'/mnt/m/a' ($(lsblk -no MAJ:MIN "$device" | tr -d ' ')) cannot be reached"
    quiesce_do check --json --config "$CONFIG" --exclude "$device"
    expect '.fileSystems[] | select(.mountPoint == "/mnt/m/a") | .reason' excluded
}

@test "mount points with every kind of byte" {
    local name
    for name in 'a b' $'tab\there' 'back\slash' $'new\nline' 'ümläut' $'invalid\xff\xfeutf-8' '#hash' '040' '\040'; do
        mkdir -p "/mnt/side/$name"
        mount --bind /mnt/m/a "/mnt/side/$name"
        quiesce_run --mount "/mnt/side/$name" -- "${look[@]}" "/mnt/side/$name"
        umount "/mnt/side/$name"
        outcome applicationConsistent 0 0
        cmp <(printf '%s\n' "/mnt/side/$name") "$WORK/frozen"
    done
}

@test "named by any of its mount points; excluded by any of them, and that it is all is said" {
    mkdir -p /mnt/side/one /mnt/m/a/dir
    mount --bind /mnt/m/a/dir /mnt/side/one
    quiesce_run --mount /mnt/side/one -- "${look[@]}" /mnt/m/a
    froze /mnt/m/a
    quiesce_do check --json --config "$CONFIG" --mount /mnt/m/a --exclude /mnt/side/one
    expect '.fileSystems[] | select(.mountPoint == "/mnt/m/a") | .reason' excluded
    contains "$(warnings)" "'/mnt/side/one' is to be excluded, and with it all that is on the same file system, which is mounted at '/mnt/m/a'"
}

@test "every mount is read-only here, but others can write: frozen" {
    mkfifo "$WORK/there"
    exec {THERE}<>"$WORK/there"
    unshare --mount --propagation private /bin/sh -c "echo >$WORK/there; exec sleep 60" 3>&- {THERE}>&- &
    local other=$!
    line_from "$THERE"
    exec {THERE}>&-
    mount -o remount,bind,ro /mnt/m/a
    not touch /mnt/m/a/file
    quiesce_run --mount /mnt/m/a -- nsenter -t "$other" -m -- "${look[@]}" /mnt/m/a
    kill "$other"
    wait "$other" || true
    froze /mnt/m/a
}

@test "a read-only superblock is left alone, and an error if it is named" {
    mount -o remount,ro /mnt/m/a
    quiesce_run --mount /mnt/m/a --allow-crash-consistent never
    outcome none 121 21
    contains "$(errors)" "'/mnt/m/a' cannot be frozen: read-only"
    quiesce_do check --json --config "$CONFIG" --exclude /
    expect '.fileSystems[] | select(.mountPoint == "/mnt/m/a") | .reason' read-only
}

@test "a swap file on a target: its pages bypass the file system, and nothing waits" {
    dd if=/dev/zero of=/mnt/m/a/swap bs=1M count=8 status=none
    chmod 0600 /mnt/m/a/swap
    mkswap -q /mnt/m/a/swap
    quiesce_run --mount /mnt/m/a -- /bin/sh -c "swapon --priority=0 /mnt/m/a/swap && swapoff /mnt/m/a/swap && swapon --priority=0 /mnt/m/a/swap"
    local result=$status
    swapoff /mnt/m/a/swap || true
    same "$result" 0
    outcome applicationConsistent 0 0
}

@test "without a journal, and ext2" {
    local type
    for type in "ext4 -O ^has_journal" ext2 ext3; do
        # shellcheck disable=SC2086  # a type and its options
        layer ${type%% *} b 32M /mnt/b.img ${type#"${type%% *}"}
        quiesce_run --mount /mnt/m/b -- "${look[@]}" /mnt/m/b
        remove /mnt/m/b
        froze /mnt/m/b
    done
}

# loading [SECONDS]: those of a whole run, the best of five; of more, if none took less than SECONDS.
loading() {
    local i best=
    for i in {1..25}; do
        ((i <= 5)) || jq -en --argjson best "$best" "\$best >= ${1:-100}" >/dev/null || break
        quiesce_run --mount /mnt/m/a || return 1
        outcome applicationConsistent 0 0 || return 1
        best=$(jq --argjson best "${best:-99}" '[.durationSeconds, $best] | min' "$OUT")
    done
    echo "$best"
}

@test "a thousand mounts of few superblocks cost little more than ten" {
    mkdir -p /mnt/side
    mount -t tmpfs -o size=1M tmpfs /mnt/side
    local i few many
    for ((i = 0; i < 1000; i++)); do
        mkdir "/mnt/side/$i"
        ((i >= 10)) || mount --bind /mnt/m/a "/mnt/side/$i"
    done
    few=$(loading)
    for ((i = 10; i < 1000; i++)); do
        echo "mount --bind /mnt/m/a /mnt/side/$i"
    done | bash
    many=$(loading "$(jq -n "$few + 0.2")")
    echo "# ten mounts: $few s, a thousand: $many s" >&3
    jq -en --argjson few "$few" --argjson many "$many" '$many - $few < 0.2'
}

@test "256 file systems are planned; of more the run says so, and freezes none" {
    local i
    mkdir -p /mnt/side
    mount -t tmpfs -o size=100M tmpfs /mnt/side
    mkfs.ext2 -q -b 1024 -N 16 /mnt/side/image 256
    for ((i = 0; i < 257; i++)); do
        mkdir "/mnt/side/$i"
        cp /mnt/side/image "/mnt/side/$i.img"
        mount -o loop "/mnt/side/$i.img" "/mnt/side/$i"
    done
    quiesce_run --mount /mnt/m/a --allow-crash-consistent never
    outcome none 121 21
    contains "$(errors)" "more than 256 file systems, the first without room is"
    # Those of the machine itself are among the 256.
    for ((i = 256; i > 240; i--)); do
        umount "/mnt/side/$i"
    done
    quiesce_run --mount /mnt/m/a --mount /mnt/side/0 --mount /mnt/side/240 -- "${look[@]}" /mnt/m/a
    froze /mnt/m/a
    expect '[.fileSystems[] | select(.frozenSeconds > 0)] | length' 3
}
