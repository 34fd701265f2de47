#!/usr/bin/env bats
# "quiesce check" shows what a run would freeze, in which order, and who on this machine
# would have to wait meanwhile; and what quiesce(1) says of waiting is so.

load ../lib/common

setup_file() {
    mkdir -p "$WORK"
    new_fs ext4 a
    new_fs xfs b
    new_fs btrfs c
}

setup() {
    fresh_work
    MOUNT=/mnt/m/a
    PIDS=()
}

teardown() {
    local pid
    for pid in "${PIDS[@]}"; do
        kill "$pid" 2>/dev/null
    done
    leave_nothing
}

check() {
    status=0
    "$QUIESCE" check --json --config "$CONFIG" "$@" >"$OUT" 2>"$ERR" </dev/null 3>&- || status=$?
}

# decider WHAT DIRECTORY [FILE]: of fanotify events, until the test is over.
decider() {
    mkfifo -m 0600 "$WORK/deciding" "$WORK/decides"
    exec {DECIDING}<>"$WORK/deciding" {DECIDES}<>"$WORK/decides"
    "$HELPERS/decider" "$@" <"$WORK/decides" >"$WORK/deciding" 3>&- {DECIDING}>&- {DECIDES}>&- &
    PIDS+=($!)
    line_from "$DECIDING"
}

# daemon NAME FILE: a process of that name that has FILE open for writing.
daemon() {
    cp /bin/sleep "$WORK/$1"
    "$WORK/$1" 1000 >>"$2" 3>&- &
    PIDS+=($!)
    timeout 60 sh -c 'until [ "$(cat /proc/$1/comm)" = "$2" ]; do :; done' sh "${PIDS[-1]}" "$1"
}

kinds() {
    json '[.hazards[].kind] | join(" ")'
}

@test "nobody waits: nothing is said" {
    check --mount /mnt/m/a --mount /mnt/m/b --mount /mnt/m/c
    same "$status $(kinds)" "0 "
    expect .hazardsComplete true
}

@test "who decides about opening files is named; who only watches is not" {
    decider ask /mnt/m/b
    check --mount "$MOUNT"
    expect '.hazards[0].process' decider '.hazards[0].pid' "${PIDS[0]}"
    same "$(kinds)" fanotify
    kill "${PIDS[0]}"
    await "${PIDS[0]}" 60
    rm "$WORK/deciding" "$WORK/decides"
    decider watch /mnt/m/b
    check --mount "$MOUNT"
    same "$(kinds)" ""
}

@test "the system log on what is frozen, also on a btrfs; elsewhere it is no matter" {
    daemon rsyslogd "$MOUNT/syslog"
    check --mount "$MOUNT"
    same "$(kinds) $(json '.hazards[0].path')" "systemLog $MOUNT/syslog"
    check --mount /mnt/m/b
    same "$(kinds)" ""
    daemon syslog-ng /mnt/m/c/messages
    check --mount /mnt/m/c
    same "$(kinds) $(json '.hazards[0].process')" "systemLog syslog-ng"
}

@test "the command's own output on what is frozen; with --json not standard output" {
    "$QUIESCE" run --dry-run --config "$CONFIG" --mount "$MOUNT" -- true >"$MOUNT/out" 2>"$ERR" 3>&-
    contains "$(cat "$ERR")" "and that is $MOUNT/out, on $MOUNT"
    "$QUIESCE" run --dry-run --json --config "$CONFIG" --mount "$MOUNT" -- true >"$MOUNT/out" 2>"$ERR" 3>&-
    cp "$MOUNT/out" "$OUT"
    same "$(kinds)" ""
}

@test "an LVM tool whose archive is on what is frozen" {
    mkdir -p "$MOUNT/lvm" /etc/lvm
    mount --bind "$MOUNT/lvm" /etc/lvm
    "$QUIESCE" run --dry-run --json --config "$CONFIG" --mount "$MOUNT" -- /sbin/lvcreate -s >"$OUT" 2>"$ERR" 3>&-
    same "$(kinds)" lvm
    "$QUIESCE" run --dry-run --json --config "$CONFIG" --mount "$MOUNT" -- tar >"$OUT" 2>"$ERR" 3>&-
    umount /etc/lvm
    same "$(kinds)" ""
}

@test "a terminal that is recorded to what is frozen" {
    command script -qec "$QUIESCE run --dry-run --config $CONFIG --mount $MOUNT -- true" "$MOUNT/typescript" >"$OUT" 3>&- </dev/null
    contains "$(cat "$OUT")" "holds this terminal and writes to $MOUNT/typescript"
}

@test "a daemon that decides and logs there: the run ends at its deadline, and says who may be why" {
    decider log "$MOUNT" "$MOUNT/log"
    quiesce_run --freeze-timeout 1 -- cat "$MOUNT/probe"
    outcome none 122 22
    expect '.hazards[0].process' decider
    # A run that goes well looks for nothing.
    quiesce_run -- true
    expect 'has("hazards")' false
}

# ---- what quiesce(1) says ------------------------------------------------------------------

# waits COMMAND...: whether it sleeps on what is frozen, and goes on sleeping there.
waits() {
    local streak=0 text end=$((SECONDS + 30))
    "$@" >/dev/null 2>&1 3>&- &
    PIDS+=($!)
    # It also sleeps for a moment on the disk; the freeze is what lasts.
    while ((streak < 100)); do
        read -r text <"/proc/${PIDS[-1]}/stat" 2>/dev/null || return 1
        text=${text##*) }
        [[ $text != Z* ]] && ((SECONDS < end)) || return 1
        if [[ $text == D* ]]; then streak=$((streak + 1)); else streak=0; fi
    done
}

writers_wait() {
    local at
    for at in /mnt/m/a /mnt/m/b /mnt/m/c; do
        cp /bin/true "$at/program"
        mkdir -p "$at/directory"
        touch -a -d 2000-01-01 "$at/probe"
        sync -f "$at"
        fsfreeze -f "$at"
        # Reading, executing, opening what is there for writing, flushing: at once.
        timeout 60 cat "$at/probe" >/dev/null
        timeout 60 ls -l "$at/directory" "$at" >/dev/null
        timeout 60 "$at/program"
        timeout 60 sh -c 'cd "$0/directory"; exec 9<>"$0/probe"' "$at"
        timeout 60 sync -d "$at/probe"
        timeout 60 sync -f "$at/probe"
        waits dd if=/dev/zero of="$at/probe" bs=1 count=1 conv=notrunc
        waits truncate -s 0 "$at/probe"
        waits mkdir "$at/new"
        waits touch "$at/probe"
        waits chmod 0640 "$at/program"
        waits mv "$at/directory" "$at/moved"
        fsfreeze -u "$at"
    done
}

@test "who reads, executes or flushes goes on; who writes, creates, truncates or renames sleeps" {
    writers_wait
}
