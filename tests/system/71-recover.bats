#!/usr/bin/env bats
# Every process of a run killed at once: what it left frozen, switched or running is
# seen to by "quiesce recover", by one that waits beside it, and by the next run.

load ../lib/common

setup_file() {
    new_fs ext4 a
    new_fs xfs b
    new_fs btrfs c
    truncate -s 30M /mnt/m/b/inner.img
    mkfs.ext4 -q /mnt/m/b/inner.img
    mkdir -p /mnt/m/d
    mount -o loop /mnt/m/b/inner.img /mnt/m/d
    head -c 4096 /dev/zero >/mnt/m/d/probe
    sync -f /mnt/m/d
}

MOUNT=/mnt/m/a
ALL=(--mount /mnt/m/b --mount /mnt/m/c --mount /mnt/m/d)
MOUNTS=(/mnt/m/a /mnt/m/b /mnt/m/c /mnt/m/d)
SWITCH=/sys/kernel/rcu_expedited
RECORD=/run/quiesce/record

# teardown: a recovery that still waits must not live on.
teardown() {
    [[ -z ${WAITING-} ]] || kill "$WAITING" 2>/dev/null || true
    WAITING=
    leave_nothing
}

# kill_all: stopped first, so that nobody sees another one die.
kill_all() {
    local pids
    mapfile -t pids < <(pgrep --uid "$BASE_UID,$((BASE_UID + 1)),$((BASE_UID + 2)),$((BASE_UID + 3)),$((BASE_UID + 4))")
    pids+=("$FRONT")
    kill -STOP "${pids[@]}"
    kill -KILL "${pids[@]}"
    wait "$FRONT" || true
    FRONT=
    [[ -z ${SNAPSHOT-} ]] || kill -KILL "$SNAPSHOT" || true
    SNAPSHOT=
}

recover() {
    quiesce_do recover --json
}

all_frozen() {
    local mount
    for mount in "${MOUNTS[@]}"; do
        is_frozen "$mount" 200 || { echo "$mount is not frozen"; return 1; }
    done
}

all_thawed() {
    local mount
    for mount in "${MOUNTS[@]}"; do
        not_frozen "$mount" || { echo "$mount is frozen"; return 1; }
    done
}

# wait_beside: a recovery that waits, in the background; returns when it does.
wait_beside() {
    "$QUIESCE" recover --wait --json >"$WORK/waited" 2>"$WORK/waited.err" </dev/null 3>&- &
    WAITING=$!
    it_waits
}

# it_waits [FOR]: for a lock (flock), for a run that begins (inotify), or for either.
it_waits() {
    local i
    # No event tells that a process sleeps in flock(2) or read(2).
    for ((i = 0; i < 3000; i++)); do
        grep -qsE "${1:-flock|inotify}" "/proc/$WAITING/stack" && return 0
        sleep 0.01
    done
    echo "it does not wait for ${1:-anything}"
    return 1
}

waited() {
    await "$WAITING" 60
    status=0
    wait "$WAITING" || status=$?
    WAITING=
    cp "$WORK/waited" "$OUT"
}

@test "nothing to recover" {
    recover
    same "$status" 0
    expect .recovered false .runId null .exitStatus 0
}

@test "a run that has ended in order leaves no record" {
    hold
    [[ -f $RECORD ]]
    same "$(stat -c %a:%u "$RECORD")" 600:0
    release
    same "$status" 0
    not test -e "$RECORD"
}

@test "all killed at once, four file systems of three types, one on another: thawed, the switch put back" {
    echo 7 >"$SWITCH" # whatever it was
    hold "${ALL[@]}"
    same "$(cat "$SWITCH")" 1
    kill_all
    all_frozen
    recover
    same "$status" 0
    expect .recovered true '.fileSystems | length' 4 '[.fileSystems[].result] | unique | join(" ")' thawed \
        .expeditedRestored true '[.fileSystems[].mountPoint] | sort | join(" ")' "${MOUNTS[*]}"
    all_thawed
    same "$(cat "$SWITCH")" 7
    echo "$EXPEDITED" >"$SWITCH"
    not test -e "$RECORD"
    no_cgroups
    recover
    same "$status" 0
    expect .recovered false
}

@test "in words" {
    hold
    kill_all
    quiesce_do recover
    same "$status" 0
    contains "$(<"$OUT")" "was killed: 1 file system thawed, rcu_expedited restored"
    contains "$(<"$OUT")" "/mnt/m/a (7:"
}

@test "one that is dying still holds the switch: it is waited for" {
    hold
    kill_all
    mkfifo "$WORK/has" "$WORK/end"
    flock "$SWITCH" sh -c 'echo >"$0/has"; read -r _ <"$0/end"' "$WORK" 3>&- &
    read -r _ <"$WORK/has"
    "$QUIESCE" recover --json >"$OUT" 2>"$ERR" </dev/null 3>&- &
    WAITING=$!
    it_waits
    echo >"$WORK/end"
    wait "$WAITING"
    WAITING=
    expect .recovered true .expeditedRestored true
}

@test "a run lives: 75, and nothing is thawed" {
    hold
    recover
    same "$status" 75
    is_frozen "$MOUNT"
    release
    same "$status" 0
}

@test "monitor and guardian killed, the front lives: it recovers itself" {
    hold "${ALL[@]}"
    local pids
    pids=("$(role_pid monitor)" "$(role_pid guardian)")
    kill -STOP "${pids[@]}"
    kill -KILL "${pids[@]}"
    release
    same "$status" 70
    all_thawed
    not test -e "$RECORD"
}

@test "monitor and guardian killed, the snapshot command writes to what is frozen: no deadlock" {
    local pids
    mkfifo "$WORK/writes"
    exec {WRITES}<>"$WORK/writes"
    "$QUIESCE" run --json --config "$CONFIG" --mount "$MOUNT" -- \
        /bin/sh -c "echo >$WORK/writes; exec dd if=/dev/zero of=$MOUNT/probe bs=4096 count=1 conv=notrunc,fdatasync status=none" \
        >"$OUT" 2>"$ERR" </dev/null 3>&- {WRITES}>&- &
    FRONT=$!
    SNAPSHOT=
    line_from "$WRITES"
    pids=("$(role_pid monitor)" "$(role_pid guardian)")
    kill -STOP "${pids[@]}"
    is_frozen "$MOUNT"
    kill -KILL "${pids[@]}"
    await_run
    same "$status" 70
    not_frozen "$MOUNT"
    not test -e "$RECORD"
}

# killed_beside: all killed, with one that waits; thawed: after how many milliseconds a writer went on.
killed_beside() {
    local pids
    hold "${ALL[@]}"
    wait_beside
    mapfile -t pids < <(pgrep --uid "$BASE_UID,$((BASE_UID + 1)),$((BASE_UID + 2)),$((BASE_UID + 3)),$((BASE_UID + 4))")
    kill -STOP "${pids[@]}" "$FRONT"
    thawed=$("$HELPERS/stall" kill "$MOUNT/probe" "${pids[@]}" "$FRONT")
    echo "a writer went on after $thawed ms"
    wait "$FRONT" || true
    FRONT=
    waited
    same "$status" 0
    expect .recovered true '.fileSystems | length' 4
    kill -KILL "$SNAPSHOT"
    all_thawed
}

@test "one that waits beside the run: a writer goes on within milliseconds" {
    local i thawed
    # What a busy machine adds it does not add ten times.
    for i in {1..10}; do
        killed_beside
        ((${thawed%.*} >= 100)) || break
    done
    ((${thawed%.*} < 100))
}

@test "one that waits for a run that has not begun, and ends in order: nothing is said to be recovered" {
    wait_beside
    hold
    it_waits flock
    release
    outcome applicationConsistent 0 0
    waited
    same "$status" 0
    expect .recovered false .message "the run has ended in order"
}

@test "one that waits, and a run that has come and gone before it looks: it has ended as well" {
    wait_beside
    kill -STOP "$WAITING"
    quiesce_run -- true
    outcome applicationConsistent 0 0
    not test -e "$RECORD"
    kill -CONT "$WAITING"
    waited
    same "$status" 0
    expect .recovered false .message "a run has ended, and left nothing to recover"
}

@test "one that waits, and finds a run that ended in order without its front: it waits for the next" {
    hold
    kill -KILL "$FRONT"
    wait "$FRONT" || true
    FRONT=
    kill -KILL "$SNAPSHOT"
    no_roles
    [[ -f $RECORD ]]
    same "$(od -An -t u4 -j 100 -N 4 "$RECORD" | tr -d ' ')" 1 # over
    wait_beside
    : >/run/quiesce/other # is no run
    it_waits inotify
    hold
    kill_all
    waited
    same "$status" 0
    expect .recovered true '.fileSystems | length' 1
    not_frozen "$MOUNT"
    not test -e "$RECORD"
}

# lock_wanted: somebody waits for the lock of runs, whose holder lives.
lock_wanted() {
    grep -q -- "-> FLOCK .*:$(stat -c %i /run/quiesce/lock) " /proc/locks
}

@test "one that waits for the lock while another run begins and is killed as well: its record is seen to" {
    local holder
    hold "${ALL[@]}"
    kill_all
    mkfifo "$WORK/has" "$WORK/end"
    flock /run/quiesce/lock sh -c 'echo >"$0/has"; read -r _ <"$0/end"' "$WORK" 3>&- &
    holder=$!
    read -r _ <"$WORK/has"
    wait_beside
    # It may have waited for the record's lock until now.
    eventually 30 lock_wanted
    # As the next run puts its own there.
    cp -p "$RECORD" "$RECORD.next"
    mv "$RECORD.next" "$RECORD"
    echo >"$WORK/end"
    wait "$holder"
    waited
    all_thawed
    expect .recovered true .exitStatus 0
    [[ ! -e $RECORD ]]
}

@test "several that wait, and one that does not: one recovers, the others say so" {
    local first second
    hold "${ALL[@]}"
    wait_beside
    first=$WAITING
    wait_beside
    second=$WAITING
    kill_all
    quiesce_do recover
    ((status == 0 || status == 75))
    await "$first" 60
    wait "$first"
    await "$second" 60
    wait "$second"
    WAITING=
    all_thawed
    not test -e "$RECORD"
}

@test "the next run recovers first, and says so" {
    hold "${ALL[@]}"
    kill_all
    quiesce_run -- true
    outcome applicationConsistent 0 0
    contains "$(<"$ERR")" "was killed: 4 file systems thawed"
    all_thawed
}

@test "what scripts have left running ends" {
    script pre <<<"$HELPERS/escape daemon outlives"
    hold
    not gone outlives
    kill_all
    recover
    same "$status" 0
    expect .scriptsEnded true
    gone outlives
    no_cgroups
}

@test "killed while a script runs: nothing was frozen, the script ends" {
    script pre <<<"trap '' TERM; $HELPERS/escape daemon outlives; echo >$WORK/held; exec sleep 60"
    mkfifo "$WORK/held"
    exec {HELD}<>"$WORK/held"
    "$QUIESCE" run --json --config "$CONFIG" --mount "$MOUNT" -- true >"$OUT" 2>"$ERR" </dev/null 3>&- {HELD}>&- &
    FRONT=$!
    line_from "$HELD"
    kill_all
    recover
    same "$status" 0
    expect '.fileSystems | length' 0
    no_cgroups
    gone outlives
}

@test "what somebody else has frozen is left alone" {
    fsfreeze --freeze /mnt/m/c
    hold
    kill_all
    recover
    is_frozen /mnt/m/c 200
    fsfreeze --unfreeze /mnt/m/c
    same "$status" 0
    not_frozen "$MOUNT"
}

@test "somebody else has thawed it meanwhile: said, and no error" {
    hold
    kill_all
    fsfreeze --unfreeze "$MOUNT"
    recover
    same "$status" 0
    expect '.fileSystems[0].result' notFrozen
}

@test "the mount of the run is gone, another of the same file system is there" {
    mkdir -p /mnt/other
    mount --bind "$MOUNT" /mnt/other
    hold
    kill_all
    umount --lazy "$MOUNT"
    recover
    mount --bind /mnt/other "$MOUNT"
    umount /mnt/other
    same "$status" 0
    expect '.fileSystems[0].result' thawed
}

@test "no mount of it can be seen: said, and the record stays for who can" {
    hold
    kill_all
    status=0
    unshare --mount --propagation private -- /bin/sh -c "umount --lazy $MOUNT; exec $QUIESCE recover --json" >"$OUT" 2>"$ERR" || status=$?
    same "$status" 70
    expect '.fileSystems[0].result' notMountedHere .recovered false
    [[ -f $RECORD ]]
    is_frozen "$MOUNT" 200
    recover
    same "$status" 0
    not_frozen "$MOUNT"
}

@test "a record of another boot is removed, and nothing else is done" {
    hold
    kill_all
    # The boot id stands behind magic, version and size.
    printf 'ffffffff-ffff-ffff-ffff-ffffffffffff' | dd of="$RECORD" bs=1 seek=16 conv=notrunc status=none
    recover
    same "$status" 0
    expect .recovered false
    is_frozen "$MOUNT" 200
    not test -e "$RECORD"
    fsfreeze --unfreeze "$MOUNT"
    echo "$EXPEDITED" >"$SWITCH"
    cgroup_sweep
}

# cgroup_sweep: what nobody recovers any more; a run does it.
cgroup_sweep() {
    quiesce_run -- true
    same "$status" 0
}

@test "records that are torn, hostile or not root's: refused with words, and a run refuses too" {
    local break
    for break in "truncate -s 100 $RECORD" "truncate -s +1 $RECORD" "truncate -s 0 $RECORD" \
        "printf x | dd of=$RECORD bs=1 seek=2 conv=notrunc status=none" \
        "printf x | dd of=$RECORD bs=1 seek=8 conv=notrunc status=none" \
        "chmod 0666 $RECORD" "ln $RECORD $RECORD.2" "chown 1 $RECORD" \
        "rm $RECORD; ln -s /etc/passwd $RECORD" "rm $RECORD; mkfifo $RECORD"; do
        echo "$break"
        hold --no-expedite
        kill_all
        /bin/sh -c "$break"
        recover
        same "$status" 65 || return 1
        contains "$(json .message)" "$RECORD" || return 1
        is_frozen "$MOUNT" 100 || return 1
        quiesce_run -- true
        same "$status" 65 || return 1
        fsfreeze --unfreeze "$MOUNT"
        rm -f "$RECORD" "$RECORD.2"
        cgroup_sweep
    done
}

@test "not root: 77; no directory: nothing to do; /run on a disk: 69, check says so and a run warns" {
    CALLER=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    recover
    same "$status" 77
    CALLER=()
    rm -rf /run/quiesce
    recover
    same "$status" 0
    mount --bind /mnt/m/a /run/quiesce
    recover
    same "$status" 69
    quiesce_do check --json --config "$CONFIG" --mount /mnt/m/b
    contains "$(jq -r '.findings[].message' "$OUT")" "/run/quiesce is not in memory"
    quiesce_run --mount /mnt/m/b -- true
    same "$status" 0
    contains "$(jq -r '.findings[].message' "$OUT")" "/run/quiesce is not in memory"
    not test -e "$RECORD"
    umount /run/quiesce
}

@test "all killed but the guardian, which is stopped: 75; it thaws when it goes on" {
    local guardian pids
    hold
    guardian=$(role_pid guardian)
    kill -STOP "$guardian"
    mapfile -t pids < <(pgrep --uid "$BASE_UID,$((BASE_UID + 2)),$((BASE_UID + 3)),$((BASE_UID + 4))")
    kill -STOP "${pids[@]}" "$FRONT"
    kill -KILL "${pids[@]}" "$FRONT"
    wait "$FRONT" || true
    FRONT=
    kill -KILL "$SNAPSHOT"
    recover
    same "$status" 75
    is_frozen "$MOUNT"
    kill -CONT "$guardian"
    not_frozen "$MOUNT"
    no_roles
    recover
    same "$status" 0
    no_cgroups
}

# A monitor says that it ends in order while a freeze that has not returned is left to the guardian.
@test "ended in order, it says, and something is frozen: one that waits thaws it" {
    hold
    printf '\1' | dd of="$RECORD" bs=1 seek=100 conv=notrunc status=none # over
    wait_beside
    kill_all
    waited
    same "$status" 0
    expect .recovered true '.fileSystems[0].result' thawed
    not_frozen "$MOUNT"
}
