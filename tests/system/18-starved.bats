#!/usr/bin/env bats
# Nobody of ours sleeps while something is frozen: not on its own lines, whatever takes
# them or does not; nor for want of descriptors, memory, processor time or disk.  In each
# case nothing stays frozen, the release is in time, and there is a result, or an exit
# status and a sentence that says why not.

load ../lib/common

setup_file() {
    mkdir -p "$WORK"
    new_fs ext4 a
}

setup() {
    fresh_work
    MOUNT=/mnt/m/a
    mkfifo -m 0600 "$WORK/held"
    exec {HELD}<>"$WORK/held"
}

teardown() {
    exec {HELD}>&-
    leave_nothing
}

# frozen_once COMMAND...: COMMAND, which makes a run with the snapshot command $SNAPSHOT,
# in the background; returns when the snapshot command was there, FRONT is its pid.
SNAPSHOT='echo x >/mnt/t/held'
frozen_once() {
    "$@" >"$OUT" 2>"$ERR" 3>&- {HELD}>&- &
    FRONT=$!
    line_from "$HELD"
}

# soon_thawed: within a second or so, and the deadline is a minute away.
soon_thawed() {
    not_frozen "$MOUNT"
}

run_it() {
    exec "$QUIESCE" run --json --config "$CONFIG" --mount "$MOUNT" -- /bin/sh -c "$SNAPSHOT"
}

# ---- lines that nobody takes ----------------------------------------------------------

full_pipe() {
    rm -f "$WORK/pipe"
    mkfifo -m 0600 "$WORK/pipe"
    exec {PIPE}<>"$WORK/pipe"
    head -c 65536 /dev/zero >&"$PIPE" # a pipe's capacity, pipe(7)
}

to_pipe() {
    run_it 2>"$WORK/pipe"
}

@test "standard error is a pipe that is full, and nobody reads" {
    full_pipe
    frozen_once to_pipe
    soon_thawed
    # The end waits, as that of any program; then everything is there.
    cat <"$WORK/pipe" >"$WORK/lines" 3>&- {PIPE}>&- &
    local reader=$!
    exec {PIPE}>&-
    await_run
    wait "$reader"
    outcome applicationConsistent 0 0
    contains "$(tr -d '\0' <"$WORK/lines")" "thaw: done"
}

@test "standard error is a pipe whose reader writes to what is frozen" {
    # It has read so much already that it sleeps, and the pipe behind it is full.
    full_pipe
    SNAPSHOT='
        cat </mnt/t/pipe >>/mnt/m/a/log &
        echo x >/mnt/t/held'
    frozen_once to_pipe
    soon_thawed
    exec {PIPE}>&-
    await_run
    outcome applicationConsistent 0 0
}

@test "standard error is a terminal that was stopped" {
    mkfifo -m 0600 "$WORK/key"
    exec {KEY}<>"$WORK/key"
    on_terminal() {
        exec "$HELPERS/terminal" stopped "$QUIESCE" run --json --config "$CONFIG" --mount "$MOUNT" -- /bin/sh -c "$SNAPSHOT" \
            <"$WORK/key" {KEY}>&-
    }
    frozen_once on_terminal
    soon_thawed
    not contains "$(cat "$ERR")" thaw
    echo >&"$KEY"
    exec {KEY}>&-
    await_run
    outcome applicationConsistent 0 0
    contains "$(cat "$ERR")" "thaw: done"
}

@test "a terminal that stops who writes from the background, and the snapshot command in its foreground" {
    mkfifo -m 0600 "$WORK/go"
    exec {GO}<>"$WORK/go"
    on_terminal() {
        exec "$HELPERS/terminal" tostop "$QUIESCE" run --json --config "$CONFIG" --mount "$MOUNT" -- /bin/sh -c "$SNAPSHOT" \
            </dev/null {GO}>&-
    }
    SNAPSHOT='echo x >/mnt/t/held; read -r x </mnt/t/go'
    frozen_once on_terminal
    # The live line is drawn: whoever could be stopped by that is now.
    timeout 30 sh -c 'until grep -q "snapshot  0" "$1"; do sleep 0.05; done' sh "$ERR"
    echo >&"$GO"
    soon_thawed
    await_run
    outcome applicationConsistent 0 0
}

@test "standard error and output are files on what is frozen" {
    (run_it >"$MOUNT/out" 2>"$MOUNT/err" 3>&- {HELD}>&-)
    cp "$MOUNT/out" "$OUT"
    expect .consistency applicationConsistent
    awk -v s="$(json '.fileSystems[0].frozenSeconds')" 'BEGIN {exit !(s < 30)}' # of the deadline's 60
    contains "$(cat "$MOUNT/err")" "freeze: done"
}

@test "Ctrl-Z does not stop it" {
    hold
    kill -TSTP "$FRONT"
    release 0
    outcome applicationConsistent 0 0
}

# ---- what the caller has closed or limited ----------------------------------------------

@test "descriptors closed: so they stay for the snapshot command, and nothing takes their place" {
    local plain=("$QUIESCE" run --config "$CONFIG" --mount "$MOUNT" -- /bin/sh -c '
        exec 9>/mnt/t/closed; for n in 0 1 2; do [ -e /proc/$$/fd/$n ] || printf "%s " "$n" >&9; done')
    "${plain[@]}" <&- 2>"$ERR"
    same "$(cat "$WORK/closed")" "0 "
    "${plain[@]}" >&- 2>"$ERR"
    same "$(cat "$WORK/closed")" "1 "
    "${plain[@]}" 2>&-
    same "$(cat "$WORK/closed")" "2 "
    "${plain[@]}" <&- >&- 2>&-
    same "$(cat "$WORK/closed")" "0 1 2 "
    "$QUIESCE" journal show | jq -se 'map(.code == 0) == [true, true, true, true]'
}

@test "soft limits of the caller: a run does not have them, the snapshot command does" {
    local limit
    for limit in nofile=40 nproc=1 fsize=1000000 as=60000000 stack=65536 memlock=0 cpu=1; do
        CALLER=(prlimit "--$limit:")
        quiesce_run -- prlimit "--${limit%=*}" --noheadings --output SOFT
        outcome applicationConsistent 0 0
        same "$(head -n 1 <(grep -v ' s  ' "$ERR") | tr -d ' ')" "${limit#*=}"
    done
}

@test "hard limits of the caller, where root may not raise them: 70, and why" {
    local limit
    for limit in nofile=40 nofile=100 nproc=1 as=60000000; do
        CALLER=(setpriv --bounding-set -sys_resource --inh-caps -sys_resource -- prlimit "--$limit:${limit#*=}")
        quiesce_run
        outcome none 1 70
        grep -q '^quiesce: ' "$ERR"
        not_frozen "$MOUNT"
    done
    CALLER=(setpriv --bounding-set -sys_resource --inh-caps -sys_resource -- prlimit --fsize=100000:100000)
    quiesce_run
    same "$status" 70
    contains "$(cat "$ERR")" "File too large"
}

# ---- processor time -----------------------------------------------------------------------

# standing PID: nice value and scheduling policy, proc_pid_stat(5).
standing() {
    sed 's/.*) //' "/proc/$1/stat" | awk '{print $17, $39}'
}

@test "a caller that lets everybody pass: what freezes and thaws does not, scripts and snapshot command do" {
    local role own
    own=$(standing $$)
    script pre <<<'nice >/mnt/t/nice; exit 0'
    CALLER=(nice -n 39) # whatever it was before
    hold
    for role in monitor guardian supervisor; do
        same "$(standing "$(role_pid "$role")")" "0 0"
    done
    same "$(standing "$FRONT")" "0 0"
    same "$(standing "$SNAPSHOT")" "19 0"
    same "$(cat "$WORK/nice")" 19
    release 0
    outcome applicationConsistent 0 0
    CALLER=(chrt --batch 0)
    hold
    same "$(standing "$(role_pid guardian)") $(standing "$SNAPSHOT")" "$own ${own% *} 3"
    release 0
    outcome applicationConsistent 0 0
}

# little_time COMMAND...: in a cgroup that has a twentieth of a processor.
little_time() {
    local at
    at=$(awk '$0 ~ / - cgroup / && ("," $NF ",") ~ /,cpu,/ {print $5; exit}' /proc/self/mountinfo)
    if [[ -n $at ]]; then
        LITTLE=$at/starved-$BASHPID
        mkdir "$LITTLE"
        echo 100000 >"$LITTLE/cpu.cfs_period_us"
        echo 5000 >"$LITTLE/cpu.cfs_quota_us"
    else
        at=$(cgroup_root)
        [[ -n $at ]] && grep -qw cpu "$at/cgroup.controllers" || skip "no controller of processor time"
        echo +cpu >"$at/cgroup.subtree_control"
        LITTLE=$at/starved-$BASHPID
        mkdir "$LITTLE"
        echo 5000 100000 >"$LITTLE/cpu.max"
    fi
    (
        echo "$BASHPID" >"$LITTLE/cgroup.procs"
        exec "$@"
    )
}

@test "a cgroup with a twentieth of a processor: slow, and in order" {
    CALLER=()
    status=0
    little_time "$QUIESCE" run --json --config "$CONFIG" --mount "$MOUNT" -- true >"$OUT" 2>"$ERR" 3>&- {HELD}>&- || status=$?
    rmdir "$LITTLE"
    outcome applicationConsistent 0 0
}

@test "busy processes everywhere, and the caller the last of them" {
    local hogs=() i
    for ((i = 0; i < $(nproc); i++)); do
        sh -c 'while :; do :; done' 3>&- {HELD}>&- &
        hogs+=($!)
    done
    CALLER=(nice -n 19)
    quiesce_run -- true
    kill "${hogs[@]}"
    outcome applicationConsistent 0 0
}

# ---- what cannot be opened or written --------------------------------------------------------

# without COMMANDS: a run in a mount namespace in which they were executed.
without() {
    status=0
    unshare --mount --propagation private sh -ec "$1"'; shift; exec "$@"' sh "$1" \
        "$QUIESCE" run --json --config "$CONFIG" --mount "$MOUNT" -- true >"$OUT" 2>"$ERR" </dev/null 3>&- {HELD}>&- || status=$?
}

@test "no /dev/null: 70, and it is named" {
    without 'mount -t tmpfs none /dev'
    outcome none 1 70
    contains "$(cat "$ERR")" /dev/null
}

@test "/run that cannot be written: 70, and the lock is named" {
    without 'rm -rf /run/quiesce; mount -t tmpfs -o ro none /run'
    outcome none 1 70
    contains "$(cat "$ERR")" /run/quiesce/lock
}

@test "/tmp and /var/tmp that cannot be written are not missed" {
    without 'mount -t tmpfs -o ro none /tmp; mount -t tmpfs -o ro none /var/tmp'
    outcome applicationConsistent 0 0
}

@test "a journal on a full disk: the result is there, and that it was not recorded" {
    without 'mount -t tmpfs -o size=4k,mode=0700 none /var/log/quiesce; head -c 4096 /dev/zero >/var/log/quiesce/journal.jsonl; chmod 600 /var/log/quiesce/journal.jsonl'
    same "$status" 0
    expect .consistency applicationConsistent
    contains "$(json '.warnings[]')" journal
}

# ---- a snapshot command that does not end -------------------------------------------------------

@test "the deadline ends a snapshot command that hangs, and all that it started" {
    quiesce_run --freeze-timeout 1 -- /bin/sh -c 'sleep 1000 & sleep 1000'
    outcome none 122 22
    expect .snapshot.signal 15
    gone "sleep 1000"
    # Nobody holds the lock any more.
    quiesce_run
    outcome applicationConsistent 0 0
}

@test "one that writes to what is frozen sleeps until the deadline, and is ended then" {
    quiesce_run --freeze-timeout 1 -- /bin/sh -c 'echo x >/mnt/m/a/more; exec sleep 1000'
    outcome none 122 22
}

@test "one that does not listen is killed five seconds later; the application does not wait for that" {
    script post <<<'echo >/mnt/t/post'
    quiesce_run --freeze-timeout 1 -- /bin/sh -c 'trap "" TERM; while :; do sleep 1000; done'
    outcome none 122 22
    expect .snapshot.signal 9
    [[ -s $WORK/post ]]
    # One second and five: by the second step the post-script waits for neither.
    expect '.snapshot.durationSeconds > 5 and (.steps[] | select(.step == "post").atSeconds) + 3 < .snapshot.durationSeconds' true
}
