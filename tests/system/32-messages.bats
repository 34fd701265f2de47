#!/usr/bin/env bats
# The real programs, each in every state, sent every message from every peer:
# what their table does not hold ends them.  (Front and supervisor: unit tests.)

load ../lib/common

setup_file() {
    new_fs ext4 a
}

@test "guardian" {
    "$HELPERS/messages" guardian /mnt/quiesce/quiesce-guardian
}

@test "parser" {
    "$HELPERS/messages" parser /mnt/quiesce/quiesce-parser
}

@test "launcher" {
    "$HELPERS/messages" launcher /mnt/quiesce/quiesce-launcher
}

@test "monitor, with a file system frozen where its state says so" {
    "$HELPERS/messages" monitor /mnt/quiesce/quiesce-monitor /mnt/m/a
    not_frozen /mnt/m/a
}
