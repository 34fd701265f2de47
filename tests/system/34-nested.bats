#!/usr/bin/env bats
# File systems whose images lie on one another, frozen together: the inner one cannot
# be thawed before the outer one, for its thaw writes a superblock.  Whoever thaws
# thaws all of them at once.

load ../lib/common

# nest NAME TYPE...: /mnt/m/NAME0 lies on nothing, /mnt/m/NAME1 on it, and so on.
# The outer ones are larger.
nest() {
    local name=$1 at=/mnt/$1.img i=0 type
    shift
    for type; do
        truncate -s $((1000 - 300 * i))M "$at"
        "mkfs.$type" -q "$at" >/dev/null
        mkdir -p "/mnt/m/$name$i"
        mount -o loop "$at" "/mnt/m/$name$i"
        head -c 4096 /dev/zero >"/mnt/m/$name$i/probe"
        at=/mnt/m/$name$i/inner.img
        i=$((i + 1))
    done
    sync -f "/mnt/m/$name$((i - 1))"
}

setup_file() {
    nest a ext4 ext4 ext4
    nest b xfs ext4
    nest c btrfs xfs
    nest d ext4 btrfs
}

# Whatever rcu_expedited was before, every death leaves it so (leave_nothing).
setup() {
    SWITCH_WAS=$(cat /sys/kernel/rcu_expedited)
    echo 7 >/sys/kernel/rcu_expedited
    fresh_work
}

teardown() {
    local failed=0
    leave_nothing || failed=1
    echo "$SWITCH_WAS" >/sys/kernel/rcu_expedited
    return $failed
}

NESTS=("a 3" "b 2" "c 2" "d 2")

# frozen_nest NAME COUNT [OPTION...]: a run that holds all of them.
frozen_nest() {
    local name=$1 count=$2 i mounts=()
    shift 2
    for ((i = 1; i < count; i++)); do
        mounts+=(--mount "/mnt/m/$name$i")
    done
    MOUNT=/mnt/m/${name}0
    hold "${mounts[@]}" "$@"
}

# thawed NAME COUNT
thawed() {
    local i
    for ((i = 0; i < $2; i++)); do
        not_frozen "/mnt/m/$1$i" || { echo "/mnt/m/$1$i is frozen"; return 1; }
    done
}

# killed ROLE: over every nest; the front has a snapshot command that outlives it.
killed() {
    local nest name count pid
    for nest in "${NESTS[@]}"; do
        read -r name count <<<"$nest"
        echo "nest $name"
        frozen_nest "$name" "$count" || return 1
        if [[ $1 == front ]]; then
            pid=$FRONT
        else
            pid=$(role_pid "$1")
        fi
        kill -KILL "$pid"
        thawed "$name" "$count" || return 1
        if [[ $1 == front ]]; then
            kill "$SNAPSHOT"
            wait "$FRONT" || true
            FRONT=
            no_roles || return 1
            quiesce_run --mount "/mnt/m/${name}0" || return 1 # removes what only the front can
        else
            release
            ((status != 0)) || return 1
        fi
    done
}

@test "kill -9 of the supervisor" {
    killed supervisor
}

@test "kill -9 of the monitor" {
    killed monitor
}

@test "kill -9 of the guardian" {
    killed guardian
}

@test "kill -9 of the launcher" {
    killed launcher
}

@test "kill -9 of the parser" {
    killed parser
}

@test "kill -9 of the front" {
    killed front
}

@test "the deadline, with the monitor stopped: the guardian thaws them, and says when" {
    local nest name count
    for nest in "${NESTS[@]}"; do
        read -r name count <<<"$nest"
        frozen_nest "$name" "$count" --freeze-timeout 1
        kill -STOP "$(role_pid monitor)"
        thawed "$name" "$count" || return 1
        kill -CONT "$(role_pid monitor)"
        release
        expect '[.fileSystems[] | select(.selected) | .state] | unique | join(" ")' thawed \
            '[.fileSystems[] | select(.selected) | .frozenSeconds] | min > 0.4 and max < 10' true || return 1
    done
}

@test "the deadline, with the guardian stopped: the monitor thaws them" {
    local nest name count
    for nest in "${NESTS[@]}"; do
        read -r name count <<<"$nest"
        frozen_nest "$name" "$count" --freeze-timeout 1
        kill -STOP "$(role_pid guardian)"
        thawed "$name" "$count" || return 1
        release
        same "$status" 22
    done
}

@test "in order: each level thawed, nothing left" {
    local nest name count
    for nest in "${NESTS[@]}"; do
        read -r name count <<<"$nest"
        frozen_nest "$name" "$count"
        release
        outcome applicationConsistent 0 0
        thawed "$name" "$count"
    done
}
