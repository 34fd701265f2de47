#!/usr/bin/env bats
# Held sessions: where they are called from, who may talk to them, and who had better not.

load ../lib/common

setup_file() {
    new_fs ext4 a
    cp "$HELPERS/quiesce-grouped" /mnt/quiesce/
    chmod 0711 /mnt /mnt/quiesce
}

MOUNT=/mnt/m/a
SOCKET=/run/quiesce/session

freeze() {
    quiesce_do freeze --json --config "$CONFIG" --mount "$MOUNT" "$@"
}

thaw() {
    quiesce_do thaw --json
}

# Of a test that leaves its session behind, it ends here.
teardown() {
    local pid
    for pid in $(pgrep -x quiesce-session); do
        kill -TERM "$pid"
        await "$pid" 10 || kill -KILL "$pid"
    done
    [[ -z ${PEST-} ]] || kill -KILL "$PEST" 2>/dev/null || true
    PEST=
    leave_nothing
}

# ---- where it is called from ---------------------------------------------------------------

@test "from a shell with set -e, into a pipe: returns, for the session holds no end of it" {
    local out
    out=$(timeout 60 bash -ec '"$0" freeze --config "$1" --mount "$2" 2>&1 | cat; exit "${PIPESTATUS[0]}"' \
        "$QUIESCE" "$CONFIG" "$MOUNT" 3>&-)
    contains "$out" "frozen since"
    is_frozen "$MOUNT"
    thaw
    outcome applicationConsistent 0 0
}

@test "0, 1 and 2 closed, and nobody to tell: held all the same" {
    "$QUIESCE" freeze --config "$CONFIG" --mount "$MOUNT" <&- >&- 2>&- 3>&-
    is_frozen "$MOUNT"
    thaw
    outcome applicationConsistent 0 0
}

@test "the session has nothing of its caller: descriptors, terminal, directory, environment, session" {
    exec {EXTRA}>"$WORK/extra"
    SECRET=in-the-environment freeze
    exec {EXTRA}>&-
    local pid fd
    pid=$(json .pid)
    same "$(readlink "/proc/$pid/cwd")" /
    same "$(readlink "/proc/$pid/fd/0" "/proc/$pid/fd/1" "/proc/$pid/fd/2" | sort -u)" /dev/null
    same "$(find "/proc/$pid/fd" -lname "$WORK/*" -o -lname '/dev/pts/*' -o -lname '/dev/tty*' | wc -l)" 0
    same "$(ps -o tty=,sid=,comm=,args= -p "$pid" | tr -s ' ')" "? $pid quiesce-session quiesce held"
    not grep -qz SECRET "/proc/$pid/environ"
    # Its memory is locked, ...
    awk '/^[0-9a-f]+-[0-9a-f]+ / {name = $NF} name == "[stack]" && /^VmFlags:/ {locked = / lo( |$)/} END {exit !locked}' \
        "/proc/$pid/smaps"
    # Its own clock is CLOCK_BOOTTIME, time(7), which goes on while the machine is suspended.
    same "$(cat "/proc/$pid/fdinfo/"* 2>/dev/null | awk '$1 == "clockid:" {print $2}')" 7
    # ... and its code is there before it is needed, whatever becomes of the disk that it lies on.
    awk '/^[0-9a-f]+-[0-9a-f]+ / {code = / r-xp .*\/libc[.-]/} code && /^Size:/ {size = $2; seen = 1}
         code && /^Rss:/ && $2 < size {bad = 1} END {exit bad || !seen}' "/proc/$pid/smaps"
    thaw
    same "$status" 0
}

@test "from cron: no environment, no terminal, a session of its own" {
    CALLER=(env -i setsid --wait)
    freeze
    CALLER=()
    same "$status" 0
    same "$(ps -o args= -p "$(json .pid)")" "quiesce held"
    thaw
    outcome applicationConsistent 0 0
}

# What it prints to files on what is frozen, children of freeze write after the thaw.
@test "a working directory on a file system that is then unmounted, while output waits for the thaw" {
    new_fs ext4 b
    local here=$PWD
    : >"$MOUNT/lines"
    cd /mnt/m/b
    "$QUIESCE" freeze --json --config "$CONFIG" --mount "$MOUNT" >>"$MOUNT/lines" 2>>"$MOUNT/lines" </dev/null 3>&-
    cd "$here"
    umount /mnt/m/b
    rmdir /mnt/m/b
    thaw
    outcome applicationConsistent 0 0
    eventually 20 grep -q '"state":"held"' "$MOUNT/lines"
    eventually 20 grep -q 'freeze: done' "$MOUNT/lines"
    rm "$MOUNT/lines"
}

# A terminal that goes away, as with ssh -tt: script(1) ends, and its terminal is hung up.
@test "the terminal is hung up after freeze has returned: the session goes on" {
    timeout 60 script -qec "$QUIESCE freeze --config $CONFIG --mount $MOUNT" "$WORK/typescript" </dev/null >"$OUT" 2>&1 3>&-
    contains "$(<"$OUT")" "frozen since"
    is_frozen "$MOUNT"
    thaw
    outcome applicationConsistent 0 0
}

@test "standard output is a file on what is frozen: freeze returns, and the file is whole after the thaw" {
    local said id
    : >"$MOUNT/session.json"
    # Nor does whoever reads the rest wait for the thaw.
    said=$("$QUIESCE" freeze --json --config "$CONFIG" --mount "$MOUNT" 2>&1 >>"$MOUNT/session.json" </dev/null 3>&-)
    contains "$said" "takes nothing before the thaw"
    quiesce_do status --json
    id=$(json .session)
    thaw
    outcome applicationConsistent 0 0
    # Whoever writes there is nobody's child.
    eventually 20 test -s "$MOUNT/session.json"
    same "$(jq -r .session "$MOUNT/session.json")" "$id"
    rm "$MOUNT/session.json"
}

# ---- who may talk to it ---------------------------------------------------------------------

# as_other [GROUPS...]: the command line of a user who is not root.
other() {
    CALLER=(setpriv --reuid 65534 --regid 65534 "$@" --)
}

@test "another user: 77 and words; one who gets to the socket all the same is refused and counted" {
    freeze
    other --clear-groups
    thaw
    same "$status" 77
    contains "$(<"$ERR")" "only root may talk to a session"
    quiesce_do status
    same "$status" 77
    # What keeps them out is not the mode of the socket alone.
    chmod 0711 /run/quiesce
    chmod 0666 "$SOCKET"
    thaw
    same "$status" 77
    expect .exitStatus 77 .name NotPermitted
    is_frozen "$MOUNT"
    CALLER=()
    thaw
    outcome applicationConsistent 0 0
    expect .held.refusedCallers 1
    same "$(jq -c .held.refusedCallers "$JOURNAL" | tail -n 1)" 1
}

@test "SESSION_GROUP: its members may, by primary or supplementary group; nobody else" {
    local gid
    gid=$(getent group operator | cut -d: -f3)
    QUIESCE=/mnt/quiesce/quiesce-grouped
    freeze
    same "$(stat -c '%a %g' "$SOCKET") $(stat -c '%a %g' /run/quiesce)" "660 $gid 710 $gid"
    other --clear-groups
    thaw
    same "$status" 77
    contains "$(<"$ERR")" "only root and members of the group operator may talk"
    # Not even who gets to the socket in another way.
    chmod 0711 /run/quiesce
    chmod 0666 "$SOCKET"
    thaw
    same "$status" 77
    # Nor a member of other groups, whose numbers are the nearest there are.
    other --groups "1,$((gid - 1)),$((gid + 1))"
    thaw
    same "$status" 77
    is_frozen "$MOUNT"
    other --groups "1,$gid,2"
    quiesce_do status --json
    same "$status" 0
    expect .state held
    CALLER=(setpriv --reuid 65534 --regid "$gid" --clear-groups --)
    thaw
    outcome applicationConsistent 0 0
    expect .held.uid 65534 .held.refusedCallers 2
    # A result that is kept makes room for root only, who alone can take the lock.
    CALLER=()
    freeze --freeze-timeout 1
    until [[ $("$QUIESCE" status --json | jq -r .state) == over ]]; do
        await "$(pgrep -x quiesce-session)" 0.1 || true
    done
    setpriv --reuid 65534 --regid "$gid" --clear-groups -- "$HELPERS/caller" leave
    thaw
    outcome none 122 22
    QUIESCE=/mnt/quiesce/quiesce
}

# ---- who had better not ------------------------------------------------------------------------

@test "whoever says what is no message, or nothing, is cut off; the session goes on" {
    local kind
    freeze
    for kind in silence half long descriptor version type direction wrong-body; do
        "$HELPERS/caller" cut "$kind" || { echo "$kind"; return 1; }
    done
    is_frozen "$MOUNT"
    thaw
    outcome applicationConsistent 0 0
    expect .held.refusedCallers 0
}

# pest KIND [N]: a caller in the background that means no good; returns when it has begun.
pest() {
    rm -f "$WORK/pest"
    mkfifo "$WORK/pest"
    exec {PESTS}<>"$WORK/pest"
    "$HELPERS/caller" "$@" >"$WORK/pest" 2>/dev/null </dev/null 3>&- {PESTS}>&- &
    PEST=$!
}

@test "a thousand connections that say nothing, and a thousand that read nothing: status and thaw are served" {
    local kind
    ulimit -n 4096
    for kind in silent deaf; do
        freeze
        local pid fds
        pid=$(json .pid)
        fds=$(find "/proc/$pid/fd" | wc -l)
        pest "$kind" 1000
        line_from "$PESTS"
        # Sixteen have a place.  One more has just been let in: the queue may still be long.
        (($(find "/proc/$pid/fd" | wc -l) <= fds + 17))
        quiesce_do status --json
        same "$kind $status" "$kind 0"
        thaw
        outcome applicationConsistent 0 0
        kill -KILL "$PEST"
        exec {PESTS}>&-
    done
}

@test "all places taken by callers who keep the result to themselves: the next one gets it" {
    freeze
    pest greedy 40
    line_from "$PESTS"
    not_frozen "$MOUNT"
    until [[ $("$QUIESCE" status --json | jq -r .state) == over ]]; do :; done
    thaw
    outcome applicationConsistent 0 0
    kill -KILL "$PEST"
    exec {PESTS}>&-
}

@test "connections that come and go without end: neither thaw nor the deadline waits for them" {
    freeze
    pest storm
    line_from "$PESTS"
    thaw
    outcome applicationConsistent 0 0
    exec {PESTS}>&-
    freeze --freeze-timeout 1
    pest storm
    line_from "$PESTS"
    not_frozen "$MOUNT"
    thaw
    outcome none 122 22
    exec {PESTS}>&-
}

# fills PID FD...: one of them is open in that process.
fills() {
    local fd
    for fd in "${@:2}"; do
        [[ ! -e /proc/$1/fd/$fd ]] || return 0
    done
    return 1
}

@test "no descriptor is left for callers: they wait for one, the deadline does not" {
    freeze --freeze-timeout 2
    local pid least=0 free=()
    pid=$(json .pid)
    # So low that two more can be opened.
    while ((${#free[@]} < 2)); do
        [[ -e /proc/$pid/fd/$least ]] || free+=("$least")
        least=$((least + 1))
    done
    prlimit --pid "$pid" --nofile="$least:"
    pest silent 30
    line_from "$PESTS"
    # They are in its queue now, and may be before it was awake.
    eventually 20 fills "$pid" "${free[@]}"
    quiesce_do status
    same "$status" 0
    not_frozen "$MOUNT"
    kill -KILL "$PEST"
    exec {PESTS}>&-
    thaw
    outcome none 122 22
}
