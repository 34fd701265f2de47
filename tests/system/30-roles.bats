#!/usr/bin/env bats
# While frozen: every role is what the table of the design says, read from /proc.
# Capabilities, groups and environment: tests/attacks.

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

setup() {
    fresh_work
    hold
}

teardown_run() {
    release
    outcome applicationConsistent 0 0
}

each_role() {
    local role failed=0
    for role in monitor guardian parser supervisor launcher; do
        "$1" "$role" "$(role_pid "$role")" || { echo "of $role"; failed=1; }
    done
    teardown_run
    return "$failed"
}

is_field() {
    same "$(status_of "$1" "$2" | xargs)" "$3"
}

@test "uid and gid of its own, four times" {
    check() {
        local -A id=([monitor]=0 [guardian]=1 [parser]=2 [supervisor]=3 [launcher]=4)
        local n=$((BASE_UID + ${id[$1]}))
        is_field "$2" Uid "$n $n $n $n" && is_field "$2" Gid "$n $n $n $n"
    }
    each_role check
}

@test "no_new_privs and a seccomp filter" {
    check() {
        is_field "$2" NoNewPrivs 1 && is_field "$2" Seccomp 2
    }
    each_role check
}

@test "not dumpable: its files in /proc belong to root" {
    check() {
        same "$(stat -c %u:%g "/proc/$2/fd" "/proc/$2/mem" | sort -u)" 0:0
    }
    each_role check
}

@test "an empty root" {
    check() {
        same "$(ls -A "/proc/$2/root/")" ""
    }
    each_role check
}

# What a descriptor is, in a word.
kind_of() {
    case $(readlink "$1") in
    /dev/null) echo null ;;
    socket:*) echo socket ;;
    pipe:*) echo pipe ;;
    */rcu_expedited) echo expedite ;;
    */cgroup.kill) echo cgroup.kill ;;
    *quiesce/lock) echo lock ;;
    /run/quiesce/record) echo record ;;
    *journal.jsonl) echo journal ;;
    *mountinfo) echo mountinfo ;;
    /memfd:*) echo memfd ;;
    anon_inode:*) readlink "$1" | tr -d '[]' | sed 's/anon_inode://' ;;
    "$MOUNT"*) echo mount ;;
    /) echo root ;;
    *) readlink "$1" ;;
    esac
}

@test "descriptors: no more than the design's map, none of a directory but where it says so" {
    check() {
        local fd kinds=
        for fd in /proc/"$2"/fd/*; do
            kinds+="${fd##*/}:$(kind_of "$fd") "
        done
        echo "$1: $kinds"
        contains "$kinds" "0:null 1:null" && contains "$kinds" "2:pipe" || return 1
        local unexpected allowed
        case $1 in
        monitor) allowed='null|pipe|socket|root|expedite|cgroup\.kill|lock|mountinfo|mount|record|memfd|timerfd|eventfd|eventpoll|pidfd|signalfd' ;;
        guardian) allowed='null|pipe|socket|expedite|cgroup\.kill|lock|mount|record|timerfd|eventfd|pidfd|eventpoll' ;;
        parser) allowed='null|pipe|socket' ;;
        supervisor) allowed='null|pipe|socket|memfd|journal|timerfd|eventpoll|pidfd|seccomp notify' ;;
        launcher) allowed='null|pipe|socket|root|memfd|pidfd|eventpoll|/sys/fs/cgroup.*|/' ;;
        esac
        unexpected=$(for fd in /proc/"$2"/fd/*; do kind_of "$fd"; done | grep -vxE "$allowed" || true)
        same "$unexpected" ""
    }
    each_role check
}

@test "no core dumps, no files of any size" {
    check() {
        awk '/^Max core file size/ {exit !($5 == 0 && $6 == 0)}' "/proc/$2/limits" || return 1
        case $1 in
        parser | guardian) awk '/^Max file size/ {exit !($4 == 0 && $5 == 0)}' "/proc/$2/limits" ;;
        esac
    }
    each_role check
}

@test "memory of the roles that must not touch a disk is locked" {
    check() {
        case $1 in
        monitor | guardian | supervisor)
            local locked
            locked=$(status_of "$2" VmLck)
            ((${locked% kB} > 0))
            ;;
        esac
    }
    each_role check
}

@test "the programs cannot be written while they run" {
    check() {
        ! bash -c ": >>/proc/$2/exe" 2>/dev/null
    }
    each_role check
}
