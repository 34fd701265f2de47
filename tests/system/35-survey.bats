#!/usr/bin/env bats
# Between planning and freezing lie the pre-scripts, and these may take minutes.  What was
# mounted or unmounted meanwhile is noticed right before the freeze.  (A script cannot mount
# where others see it: here the test does, while the script waits.)
# shellcheck disable=SC2154  # look: layers.bash

load ../lib/common
load ../lib/layers

setup() {
    fresh_work
    layer ext4 a 64M /mnt/a.img
}

teardown() {
    let_go
    local mount
    for mount in /mnt/m/z /mnt/m/n /mnt/m/b /mnt/m/a; do
        if mountpoint -q "$mount"; then
            fsfreeze -u "$mount" 2>/dev/null && echo "left frozen: $mount"
            umount "$mount"
        fi
        [[ ! -d $mount ]] || rmdir "$mount"
    done
    leave_nothing
}

# during COMMAND... -- [OPTION...]: a run in whose pre-script COMMAND is run from outside.
during() {
    local command=()
    while [[ $1 != -- ]]; do
        command+=("$1")
        shift
    done
    shift
    mkfifo -m 0600 "$WORK/there" "$WORK/on"
    exec {THERE}<>"$WORK/there" {ON}<>"$WORK/on"
    script pre <<<"echo here >$WORK/there; read -r line <$WORK/on"
    "$QUIESCE" run --json --config "$CONFIG" "$@" -- "${look[@]}" "${LOOK[@]}" >"$OUT" 2>"$ERR" </dev/null 3>&- {THERE}>&- {ON}>&- &
    FRONT=$!
    line_from "$THERE"
    "${command[@]}"
    echo on >&"$ON"
    await_run
    exec {THERE}>&- {ON}>&-
}

warned() {
    contains "$(json '.findings[] | select(.severity == "warning") | .file + ": " + .message')" "$1"
}

# said: whether anything was said of a change.
said() {
    jq -e '[.findings[] | select(.message | test("since the run began"))] | length > 0' "$OUT" >/dev/null
}

@test "nothing has changed: nothing is said" {
    LOOK=(/mnt/m/a)
    during true -- --mount /mnt/m/a
    outcome applicationConsistent 0 0
    same "$(cat "$WORK/frozen")" /mnt/m/a
    not said
}

@test "an inner one appears on what is named: it is left alone, the named one is frozen" {
    LOOK=(/mnt/m/a)
    during layer ext4 b 16M /mnt/b.img -- --mount /mnt/m/a
    outcome applicationConsistent 0 0
    same "$(cat "$WORK/frozen")" /mnt/m/a
    not_frozen /mnt/m/b
}

@test "the named one is mounted elsewhere: it is found there" {
    LOOK=(/mnt/m/n)
    move() {
        umount /mnt/m/a
        mkdir -p /mnt/m/n
        mount -o loop /mnt/a.img /mnt/m/n
        mount --bind /mnt/m/n /mnt/m/a
    }
    during move -- --mount /mnt/m/a
    outcome applicationConsistent 0 0
    same "$(cat "$WORK/frozen")" /mnt/m/n
}

@test "a named one vanishes: an error that names it, and nothing is frozen; post-scripts run" {
    layer ext4 b 16M /mnt/b.img
    script post <<<"touch $WORK/post"
    LOOK=(/mnt/m/a)
    during umount /mnt/m/b -- --mount /mnt/m/a --mount /mnt/m/b --allow-crash-consistent never
    outcome none 123 21
    contains "$(json '.findings[].message')" "'/mnt/m/b' is not in the mount table"
    [[ ! -e $WORK/frozen && -e $WORK/post ]]
    not_frozen /mnt/m/a
}

@test "the same, where a crash-consistent snapshot is allowed" {
    layer ext4 b 16M /mnt/b.img
    LOOK=(/mnt/m/a)
    during umount /mnt/m/b -- --mount /mnt/m/a --mount /mnt/m/b --allow-crash-consistent always
    outcome crashConsistent 1 11
    [[ -e $WORK/frozen && ! -s $WORK/frozen ]]
}

@test "the named one becomes read-only: an error that says so" {
    LOOK=(/mnt/m/a)
    during mount -o remount,ro /mnt/m/a -- --mount /mnt/m/a --allow-crash-consistent never
    outcome none 121 21
    contains "$(json '.findings[].message')" "'/mnt/m/a' cannot be frozen: read-only"
}

@test "the inner one gets another file, on the other named one: ordered anew, and it does not hang" {
    layer ext4 b 32M /mnt/b.img
    swap_under() {
        umount /mnt/m/b
        cp /mnt/b.img /mnt/m/a/b.img
        mount -o loop /mnt/m/a/b.img /mnt/m/b
        probe /mnt/m/b # opening for writing what is not cached would wait for the thaw
    }
    LOOK=(/mnt/m/a /mnt/m/b)
    during swap_under -- --mount /mnt/m/a --mount /mnt/m/b
    outcome applicationConsistent 0 0
    warned "/mnt/m/b: has been"
    same "$(levels)" $'0 /mnt/m/b\n1 /mnt/m/a'
    same "$(sort "$WORK/frozen")" $'/mnt/m/a\n/mnt/m/b'
}

@test "whoever is hidden meanwhile: an error that names it" {
    LOOK=(/mnt/m/a)
    during mount -t tmpfs -o size=64k tmpfs /mnt/m/a -- --mount "$(findmnt -no SOURCE /mnt/m/a)" --allow-crash-consistent never
    umount /mnt/m/a
    outcome none 123 21
    contains "$(json '.findings[].message')" "'/mnt/m/a'"
}

# Killed while it is asked for the second time, before anything is frozen.
@test "the front is killed while the pre-script runs and the table has changed: the run ends, nothing is frozen" {
    LOOK=(/mnt/m/a)
    cut() {
        layer ext4 b 16M /mnt/b.img
        kill -KILL "$FRONT"
    }
    during cut -- --mount /mnt/m/a
    same "$status" 137
    no_roles
    not_frozen /mnt/m/a
    [[ ! -e $WORK/frozen ]]
    script pre <<<'exit 0'
    quiesce_run --mount /mnt/m/a # which tidies up after it
    outcome applicationConsistent 0 0
}

# A post-script, or who waits for it, may want to unmount what was not frozen after all.
@test "one that cannot be opened, being a FIFO: the others are not held open" {
    script post <<<"echo here >$WORK/there; read -r line <$WORK/on"
    layer ext4 b 16M /mnt/b.img
    mkfifo /mnt/m/b/fifo
    touch /mnt/file
    mount --bind /mnt/m/b/fifo /mnt/file
    umount /mnt/m/b
    mkfifo -m 0600 "$WORK/there" "$WORK/on"
    exec {THERE}<>"$WORK/there" {ON}<>"$WORK/on"
    "$QUIESCE" run --json --config "$CONFIG" --mount /mnt/m/a --mount /mnt/file -- true >"$OUT" 2>"$ERR" </dev/null 3>&- {THERE}>&- {ON}>&- &
    FRONT=$!
    line_from "$THERE"
    umount /mnt/m/a
    echo on >&"$ON"
    await_run
    exec {THERE}>&- {ON}>&-
    umount /mnt/file
    outcome none 123 21
}
