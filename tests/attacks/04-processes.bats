#!/usr/bin/env bats
# Roles and hooks as processes: signals, their programs, their memory on a disk.

load attacks

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a
ROLES=(monitor guardian parser supervisor launcher)

role_pids() {
    local role
    for role in "${ROLES[@]}"; do
        role_pid "$role"
    done
}

# ---- signals -------------------------------------------------------------------------

# stormed: signals that end nobody reach every role all the time from the
# pre-script on, through freeze, snapshot and thaw.
stormed() {
    local pid run storm pids
    rm -f "$WORK/up" "$WORK/on"
    mkfifo "$WORK/up" "$WORK/on"
    exec {UP}<>"$WORK/up" {ON}<>"$WORK/on"
    script pre <<<"echo >$WORK/up; read _ <$WORK/on"
    quiesce_run -- true &
    run=$!
    line_from "$UP" || return 1
    mapfile -t pids < <(role_pids)
    ((${#pids[@]} == 5)) || return 1
    for pid in "${pids[@]}"; do
        saw_if handler not same "$(status_of "$pid" SigCgt)" 0000000000000000
    done
    mkfifo "$WORK/calm"
    "$ATTACKS/storm" "${pids[@]}" <"$WORK/calm" >"$WORK/sent" 2>"$WORK/up" 3>&- &
    storm=$!
    exec {CALM}>"$WORK/calm"
    line_from "$UP" || return 1
    echo >&"$ON"
    wait "$run"
    exec {CALM}>&- {UP}<&- {ON}<&-
    rm "$WORK/calm"
    wait "$storm"
    # The run did not so much as notice.
    echo "$(cat "$WORK/sent") signals"
    saw_if storm not test "$(json .consistency) $(($(cat "$WORK/sent") > 500))" = "applicationConsistent 1"
    saw_if handler-work grep -q 'did work' "$ERR"
    not_frozen "$MOUNT"
}

@test "4 a storm of signals during freeze and thaw" {
    defended stormed
    held defended storm
    weakened handlers stormed
    record 4 handler "a signal that a role catches" "no role has a signal handler" handlers
    record 4 handler-work "signals without end, from before the freeze to after the thaw" "no role has a signal handler" handlers
}

# Signals that end a process end it at once, with no code of ours in between; what
# is frozen is thawed by the others.
@test "4 each other signal, to one role after the other, while frozen" {
    local names=(HUP INT QUIT ALRM USR1 USR2 TERM IO PROF VTALRM PWR XCPU BUS RTMIN+5) i=0 role name
    for name in "${names[@]}"; do
        role=${ROLES[i++ % ${#ROLES[@]}]}
        hold
        kill -s "$name" "$(role_pid "$role")"
        if [[ $role == parser ]]; then
            # As init of its PID namespace it does not even get it.
            is_frozen "$MOUNT" || { echo "$name to the parser has thawed"; return 1; }
            release
            outcome applicationConsistent 0 0
            continue
        fi
        not_frozen "$MOUNT" || { echo "frozen after $name to the $role"; return 1; }
        echo 0 >&"$GO"
        await_run
        case $status in
        22 | 70) ;;
        *) echo "$name to the $role: status $status"; return 1 ;;
        esac
        no_roles
    done
}

# ---- programs ----------------------------------------------------------------------------

# overwritten: a hook of root's writes to the programs of those that guard it, its
# keeper and the front among them, by /proc/PID/exe.
overwritten() {
    local run role numbers
    rm -f "$WORK/up" "$WORK/on"
    mkfifo "$WORK/up" "$WORK/on"
    exec {UP}<>"$WORK/up" {ON}<>"$WORK/on"
    script pre <<<"echo >$WORK/up; read -r pids <$WORK/on
        for pid in \$pids; do $ATTACKS/write exe /proc/\$pid/exe; done
        $ATTACKS/write exe /proc/\$PPID/exe"
    quiesce_run -- true &
    run=$!
    line_from "$UP" || return 1
    # By their names: without its own uid a role is not found by it.
    numbers="$(pgrep -f '^quiesce-[a-z]+$' | tr '\n' ' ')$(pgrep -x quiesce)"
    (($(wc -w <<<"$numbers") >= 7)) || return 1 # five roles, the keeper, the front
    echo "$numbers" >&"$ON"
    wait "$run"
    exec {UP}<&- {ON}<&-
    expect .consistency applicationConsistent || return 1
    same "$(hook pre '.attempts[0].stdout.head' | grep -c .)" "$(($(wc -w <<<"$numbers") + 1))" || return 1
    saw_lines exe < <(hook pre '.attempts[0].stdout.head')
}

@test "8 the programs of roles, keeper and front" {
    # One layer after the other is enough.
    local all=parser:ids,parser:dumpable,launcher:landlock
    defended overwritten
    weakened parser:dumpable,launcher:landlock overwritten
    held parser:dumpable,launcher:landlock exe
    weakened parser:ids,parser:dumpable overwritten
    held parser:ids,parser:dumpable exe
    weakened "$all" overwritten
    record 8 exe "/proc/PID/exe opened for writing by a hook of root's" "uid of its own; not dumpable; Landlock" "$all"
}

# ---- core files -----------------------------------------------------------------------------

# dumped: whether the kernel has written, or would have, where it hands cores to a program.
dumped() {
    case $(cat /proc/sys/kernel/core_pattern) in
    '|'* | */*) [[ -n $1 ]] ;;
    *) compgen -G "$WORK/dump/*core*" >/dev/null ;;
    esac
}

# crashed: a hook and the supervisor, which knows the output of every hook, crash
# where anybody can write, with no limit of the caller's.
crashed() {
    local pid limit=
    rm -rf "$WORK/dump"
    mkdir -m 0777 "$WORK/dump"
    chmod 0777 "$WORK/dump"
    CALLER=(env --chdir="$WORK/dump" prlimit --core=unlimited --)
    script pre <<<"cd $WORK/dump; ulimit -c; ulimit -c unlimited; sh -c 'kill -SEGV \$\$'; true"
    hold || return 1
    # `hold` runs the snapshot command there; it does not crash.
    pid=$(role_pid supervisor)
    if dumped ""; then
        saw hook-core succeeded
        rm -f "$WORK"/dump/*
    else
        saw hook-core contained
    fi
    limit=$(awk '/^Max core file size/ && $5 != 0' "/proc/$pid/limits")
    [[ $(stat -c %u "/proc/$pid/fd") != 0 ]] || limit=
    kill -SEGV "$pid"
    echo 0 >&"$GO"
    await_run
    same "$status" 70 || return 1
    saw_if role-core dumped "$limit"
    rm -rf "$WORK/dump"
}

@test "25 core files of a hook and a role" {
    local all=supervisor:core,supervisor:dumpable,supervisor:root
    case $(cat /proc/sys/kernel/core_pattern) in
    '|'* | */*) lacking 25 "core files of a hook and a role" "a core_pattern that names a file (it is read, never set)" ;;
    esac
    defended crashed
    weakened launcher:core crashed
    weakened supervisor:core crashed
    held supervisor:core role-core
    weakened supervisor:dumpable crashed
    held supervisor:dumpable role-core
    weakened "$all" crashed
    record 25 hook-core "a core file of a hook that crashes" "RLIMIT_CORE 0, hard" launcher:core
    record 25 role-core "a core file of a role that crashes" "RLIMIT_CORE 0; not dumpable; empty root" "$all"
}
