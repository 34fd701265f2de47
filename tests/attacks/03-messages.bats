#!/usr/bin/env bats
# Who has taken a process that a role talks to says to it what he likes.  (Front and
# supervisor are receivers of the same kind; their tables are in unit tests.)

load attacks

setup_file() {
    new_fs ext4 a
}

SEQUENCES=1000

# one KIND ROLE: the real program, each in every state.
one() {
    "$ATTACKS/messages" "$1" "$2" "${QUIESCE%/*}/quiesce-$2" /mnt/m/a 2>"$WORK/said" >"$WORK/tried" || { cat "$WORK/said"; return 1; }
    saw_lines "$2-$1" <"$WORK/tried"
    not_frozen /mnt/m/a
}

several() {
    "$ATTACKS/sequences" "$1" "${QUIESCE%/*}/quiesce-$1" "$SEQUENCES" /mnt/m/a 2>"$WORK/said" >"$WORK/tried" ||
        { cat "$WORK/said"; return 1; }
    saw_lines "$1-sequences" <"$WORK/tried" || return 1
    head -c 1000 "$WORK/said"
    not_frozen /mnt/m/a
}

of_role() {
    defended one place "$1"
    weakened wire-table one place "$1"
    record 3 "$1-place" "$1: every state, every sender, every type" "the receiver's table" wire-table
    defended one shape "$1"
    weakened wire-shape one shape "$1"
    record 3 "$1-shape" "$1: too short, too long, with descriptors" "exact length and descriptors" wire-shape
    defended several "$1"
    held defended "$1-sequences"
}

@test "3 messages to the guardian" {
    of_role guardian
}

@test "3 messages to the parser" {
    of_role parser
}

@test "3 messages to the launcher" {
    of_role launcher
    weakened plan several launcher
    record 3 launcher-sequences "launcher: $SEQUENCES sequences of right and wrong records" "the policy's bounds, checked again" plan
}

@test "3 messages to the monitor, with a file system frozen where its state says so" {
    of_role monitor
    weakened wire-bounds several monitor
    record 3 monitor-sequences "monitor: $SEQUENCES sequences of right and wrong records" "bounds of a FREEZE" wire-bounds
}
