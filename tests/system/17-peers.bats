#!/usr/bin/env bats
# Nested file systems in an order of mounting that makes another agent hang for ever: shown
# with that agent, and then with quiesce, which takes no longer than without nesting.
#
# qemu-ga freezes in the reverse order of its mount table.  It runs behind a root of its own
# that holds the test's mounts and nothing else, as its thaw goes through every mount.  Names
# sort so that isolate, which thaws /mnt/m/* in order when all of this is killed, begins with
# the outer one, for which the agent waits.

load ../lib/common
load ../lib/layers

setup() {
    fresh_work
    AGENT=
    CLIENT=
    layer xfs o 400M /mnt/o.img
    layer ext4 p 64M /mnt/m/o/image
    layer ext4 q 64M /mnt/q.img
    layer xfs r 400M /mnt/r.img
    mkdir -p /mnt/agent
}

teardown() {
    free_agent
    remove /mnt/m/p /mnt/m/o /mnt/m/q /mnt/m/r
    leave_nothing
}

# start_agent TARGET=SOURCE...: behind a root in which these are mounted in this order.
start_agent() {
    mkdir -p "$WORK/agent"
    unshare --mount --propagation private -- /bin/bash -euc '
        mount -t tmpfs agent /mnt/agent
        cd /mnt/agent
        program=$(command -v qemu-ga)
        run=$1
        shift
        mkdir -p proc run tmp old
        for file in "$program" /bin/umount $(ldd "$program" /bin/umount | grep -oE "/[^ :]+( |$)"); do
            mkdir -p "./${file%/*}"
            cp -L "$file" "./$file"
        done
        mount --bind "$run" run
        for pair; do
            mkdir -p "./${pair%%=*}"
            mount --bind "${pair#*=}" "./${pair%%=*}"
        done
        mount -t proc proc proc
        pivot_root . old
        cd /
        /bin/umount -l /old
        while read -r id parent device rest; do
            case $device in 0:* | 7:*) ;; *) echo "$device is mounted"; exit 99 ;; esac
        done </proc/self/mountinfo
        exec "$program" -m unix-listen -p /run/socket -t /tmp' bash "$WORK/agent" "$@" >"$WORK/agent.log" 2>&1 3>&- &
    AGENT=$!
    local i
    for ((i = 0; i < 3000; i++)); do
        [[ ! -S $WORK/agent/socket ]] || return 0
        kill -0 "$AGENT" || break
        sleep 0.02
    done
    cat "$WORK/agent.log"
    return 1
}

# ask_agent MOUNT...: to freeze these, in the background.
ask_agent() {
    "$HELPERS/stalls" agent "$WORK/agent/socket" "$@" >"$WORK/client.log" 2>&1 3>&- &
    CLIENT=$!
}

# hangs: the agent is in FIFREEZE and sleeps uninterruptibly, and still is a second later,
# in one and the same call.
hangs() {
    local i call
    for ((i = 0; i < 3000; i++)); do
        call=$(cat "/proc/$AGENT/syscall")
        [[ $call != *" 0xc0045877 "* || $(status_of "$AGENT" State) != D* ]] || break
        sleep 0.02
    done
    ((i < 3000)) || { echo "the agent does: $call"; cat "$WORK/client.log" "$WORK/agent.log"; return 1; }
    ! timeout 1 tail --pid="$CLIENT" -s 0.05 -f /dev/null || return 1
    same "$(cat "/proc/$AGENT/syscall")" "$call"
}

# free_agent: from the outside to the inside; then it can end.
free_agent() {
    fsfreeze --unfreeze /mnt/m/o 2>/dev/null || true
    if [[ -n $CLIENT ]]; then
        await "$CLIENT" 10 || kill "$CLIENT"
        wait "$CLIENT" || true
        CLIENT=
    fi
    if [[ -n $AGENT ]]; then
        kill "$AGENT" 2>/dev/null || true
        await "$AGENT" 10 || kill -KILL "$AGENT"
        wait "$AGENT" || true
        AGENT=
    fi
    thaw_all
}

# took MOUNT...: seconds that quiesce needs for these, the best of three.
took() {
    local mounts=() mount i best=
    for mount; do
        mounts+=(--mount "$mount")
    done
    for i in 1 2 3; do
        LIMIT=20 quiesce_run "${mounts[@]}" || return 1
        outcome applicationConsistent 0 0 || return 1
        best=$(jq --argjson best "${best:-99}" '[.durationSeconds, $best] | min' "$OUT")
    done
    echo "$best"
}

# as_fast MOUNT...: as the same number that do not lie on each other, but for what a second
# level costs; what a busy machine adds it does not add five times.
as_fast() {
    local nested flat i
    for i in 1 2 3 4 5; do
        nested=$(took "$@") && flat=$(took /mnt/m/q /mnt/m/r) || return 1
        echo "# nested $nested s, side by side $flat s" >&3
        jq -en --argjson nested "$nested" --argjson flat "$flat" '$nested < 3 * $flat + 0.1' && return 0
    done
    return 1
}

@test "beside each other: the agent freezes and thaws" {
    start_agent m/q=/mnt/m/q m/r=/mnt/m/r
    ask_agent /m/q /m/r
    await "$CLIENT" 60
    wait "$CLIENT"
    CLIENT=
}

@test "loop on loop, the inner one mounted before: the agent hangs, quiesce does not" {
    start_agent m/p=/mnt/m/p m/o=/mnt/m/o
    ask_agent /m/p /m/o
    hangs
    is_frozen /mnt/m/o
    free_agent
    as_fast /mnt/m/p /mnt/m/o
}

@test "the outer one is bind-mounted later: the agent hangs, quiesce does not" {
    start_agent m/o=/mnt/m/o m/p=/mnt/m/p later=/mnt/m/o
    ask_agent /m/o /m/p /later
    hangs
    is_frozen /mnt/m/o
    free_agent
    mkdir -p /mnt/later
    mount --bind /mnt/m/o /mnt/later
    as_fast /mnt/m/p /mnt/later
    umount /mnt/later
}
