#!/usr/bin/env bats
# The file system that is frozen holds everything: the root directory with a whole
# installation, its libraries, the shell, the scripts, the documents, the journal.  Writers
# append records there all the time; each copy that is taken while it is frozen must be
# clean and hold every record that was acknowledged by then.

load ../lib/common
load ../lib/root

WRITERS=2
ROOT=/mnt/m/root
IMAGE=/mnt/root.img

setup() {
    fresh_work
    IMAGE_SIZE=([ext4]=64M [xfs]=300M [btrfs]=128M)
    PIDS=()
}

teardown() {
    stop_writers
    fsfreeze -u "$ROOT" 2>/dev/null && echo "left frozen" && return 1
    no_roles
    # Before the next test makes another: the loop device goes with the last mount.
    umount --recursive --lazy "$ROOT" 2>/dev/null
    rm -rf "$IMAGE" "$WORK"/copy.*
}

# installation TYPE: a system of that type, with quiesce as "make install" leaves it.
installation() {
    new_fs "$1" root "$IMAGE"
    env -u MAKEFLAGS -u MAKELEVEL make -s -C "$BATS_TEST_DIRNAME/../.." BUILD="$QUIESCE_BUILD" DESTDIR="$ROOT" install >/dev/null
    furnish_root "$ROOT"
    into_root "$ROOT" /bin/sh /bin/umount /bin/cat "$QUIESCE" /mnt/quiesce/quiesce-parser /mnt/quiesce/quiesce-supervisor
    mkdir -p "$ROOT/etc/azure" "$ROOT/data"
    echo 'exit 0' >"$ROOT/etc/azure/pre"
    echo 'exit 0' >"$ROOT/etc/azure/post"
    chmod 0700 "$ROOT/etc/azure/pre" "$ROOT/etc/azure/post"
    configure '{"preScriptLocation": "/etc/azure/pre", "postScriptLocation": "/etc/azure/post"}' \
        "$ROOT/etc/azure/VMSnapshotScriptPluginConfig.json"
    # Where the copies go, and what copies, are in memory.
    mount --bind "$WORK" "$ROOT/mnt/t"
    cp "$HELPERS/rootload" "$WORK/"
}

start_writers() {
    local i
    for ((i = 0; i < WRITERS; i++)); do
        "$HELPERS/rootload" write "$ROOT/data/$i" "$WORK/acked.$i" 3>&- &
        PIDS+=($!)
    done
}

stop_writers() {
    local pid
    for pid in "${PIDS[@]}"; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    PIDS=()
}

# runs COUNT EVERY: of quiesce on "/", one after the other, from a shell that itself lies
# there.  Every EVERYth copies the image, through a descriptor, from a program that is in
# memory; the others have the kernel forget, while it is frozen, what it knows of the files
# of the installation: what is not held in memory has to be read from what is frozen.
runs() {
    # shellcheck disable=SC2016
    in_root "$ROOT" /bin/sh -c '
        i=0 lib=$(echo /lib/*/*.so* /lib64/*) programs=$(echo /usr/local/bin/* /usr/local/libexec/quiesce/* /bin/*)
        while [ $i -lt "$0" ]; do
            set -- evict $programs $lib
            [ $((i % '"$2"')) -ne 0 ] || set -- copy 9 "/mnt/t/copy.$i" /mnt/t/acked.0 /mnt/t/acked.1
            /usr/local/bin/quiesce run --json -- /mnt/t/rootload "$@" \
                >"/mnt/t/out.$i" 2>"/mnt/t/err.$i" || { echo "run $i: $?"; cat "/mnt/t/out.$i" "/mnt/t/err.$i"; exit 1; }
            i=$((i + 1))
        done' "$1" </dev/null 9<"$IMAGE" 3>&-
}

# all_consistent COUNT: every run; prints how long it was frozen, and how long the longest.
all_consistent() {
    cat "$WORK"/out.* | jq -se --argjson n "$1" --argjson warning "${WARNING:-[]}" 'length == $n and all(.consistency == "applicationConsistent" and .code == 0
        and ([.fileSystems[].mountPoint] == ["/"]) and (.warnings | length) == ($warning | length) and (.warnings | join(" ") | contains($warning | join(" "))))' >/dev/null || return 1
    cat "$WORK"/out.* | jq -sr 'map(.fileSystems[0].frozenSeconds * 1000) | sort |
        "# frozen: \(.[length / 2 | floor] * 10 | round / 10) ms in the median, \(.[-1] * 10 | round / 10) at the most"' >&3
}

# has_records FILE-OF I COPY: FILE-OF holds all that had been acknowledged for writer I.
has_records() {
    local acked
    read -r -a acked <"$3.acked"
    ((acked[$2] > 0))
    "$HELPERS/rootload" check "$1" "${acked[$2]}"
}

check_ext4() {
    local i
    e2fsck -fn "$1" >"$1.fsck" 2>&1 || { cat "$1.fsck"; return 1; }
    for ((i = 0; i < WRITERS; i++)); do
        debugfs -R "dump /data/$i $1.$i" "$1" 2>/dev/null
        has_records "$1.$i" $i "$1" || return 1
    done
}

# A frozen xfs leaves a record in its log so that mounting a copy looks for orphans.
check_xfs() {
    local i
    mkdir -p /mnt/copy
    mount -o loop,nouuid "$1" /mnt/copy
    for ((i = 0; i < WRITERS; i++)); do
        has_records "/mnt/copy/data/$i" $i "$1" || return 1
    done
    umount /mnt/copy
    xfs_repair -n "$1" >"$1.fsck" 2>&1 || { cat "$1.fsck"; return 1; }
}

# Never mounted: the kernel takes two btrfs of one id for one file system.
check_btrfs() {
    local i
    btrfs check --readonly "$1" >"$1.fsck" 2>&1 || { cat "$1.fsck"; return 1; }
    mkdir -p "$1.files"
    btrfs restore --path-regex '^/(|data(|/.*))$' "$1" "$1.files" >"$1.fsck" 2>&1 || { cat "$1.fsck"; return 1; }
    for ((i = 0; i < WRITERS; i++)); do
        has_records "$1.files/data/$i" $i "$1" || return 1
    done
}

# copies_good TYPE COUNT EVERY
copies_good() {
    local i
    for ((i = 0; i < $2; i += $3)); do
        "check_$1" "$WORK/copy.$i" || { echo "copy $i"; return 1; }
        rm -rf "$WORK/copy.$i" "$WORK/copy.$i".*
    done
}

# whole TYPE COUNT EVERY
whole() {
    installation "$1"
    start_writers
    runs "$2" "$3"
    stop_writers
    all_consistent "$2"
    copies_good "$1" "$2" "$3"
    # The journal that lay there: one record for each, and the chain holds.
    in_root "$ROOT" /usr/local/bin/quiesce journal verify
    same "$(wc -l <"$ROOT/var/log/quiesce/journal.jsonl")" "$2"
}

@test "ext4: a hundred runs" {
    whole ext4 100 10
}

@test "xfs: ten runs" {
    whole xfs 10 2
}

@test "btrfs: ten runs" {
    whole btrfs 10 2
}

@test "/run on the root too" {
    # No record is kept there; that it is missing is said.
    WARNING='["/run/quiesce is not in memory"]' RUN_IN_MEMORY=no whole ext4 10 2
}
