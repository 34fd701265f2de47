#!/usr/bin/env bats
# Denied calls in the report: named, decoded, counted; and what a hook cannot do to
# whoever writes them down.

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a
POLICY=/mnt/denials.json

# policy CALL...: `default`, but these calls are refused.
policy() {
    jq --arg calls "$*" '.linux.seccomp.syscalls |= map(.names -= ($calls | split(" ")) | select(.names | length > 0))' \
        /mnt/quiesce/policy/default.json >$POLICY
    chmod 0600 $POLICY
    configure "{\"quiesce\": {\"policy\": \"$POLICY\"}}"
}

# refused FILTER: of the first attempt of the pre-script.
refused() {
    jq -r ".hooks[0].attempts[0].denied[] | $1" "$OUT"
}

# lists LINE...: exactly these, in this order, are the calls of `denied`.
lists() {
    local want
    want=$(printf '%s\n' "$@")
    same "$(refused 'select(.comm == "denied") | "\(.syscall)(\(.arguments)) \(.error) \(.count)"')" "$want"
}

@test "paths: whole, cut, unreadable, made safe for a terminal" {
    policy mkdirat mkdir
    script pre <<<"exec $HELPERS/denied strings"
    quiesce_run
    outcome applicationConsistent 0 0
    # 256 bytes are read of each.
    local huge
    huge="/$(printf 'h%.0s' {1..255})"
    lists 'mkdirat("/no/such \"dir\"\\", 0750) EPERM 1' \
        'mkdirat("", 0750) EPERM 1' \
        'mkdirat(NULL, 0750) EPERM 1' \
        'mkdirat(<bad address>, 0750) EPERM 2' \
        $'mkdirat("/a\ufffd[31m\\nb\ufffd\u00e9", 0750) EPERM 1' \
        "mkdirat(\"$huge\"..., 0750) EPERM 1" \
        'mkdirat("/edge", 0750) EPERM 1' \
        'mkdirat("/edges"..., 0750) EPERM 2' \
        'mkdirat(7, "there", 0700) EPERM 1'
    expect '.hooks[0].attempts[0].deniedTotal' 11 '.hooks[0].attempts[0].deniedComplete' true
    same "$(refused 'select(.arguments == "NULL, 0750") | .args | join(" ")' | cut -d' ' -f 2,3)" "0x0 0x1e8"
}

@test "sockets: families and addresses, not what is sent" {
    policy connect bind sendto socket
    script pre <<<"exec $HELPERS/denied sockets"
    quiesce_run
    outcome applicationConsistent 0 0
    lists 'connect(AF_INET 10.0.0.1:5432) EPERM 3' \
        'connect(AF_INET6 [2001:db8::1]:80) EPERM 1' \
        'connect(AF_UNIX "/run/some.socket") EPERM 1' \
        'connect(AF_UNIX "@abstract") EPERM 1' \
        'bind(AF_UNIX unnamed) EPERM 1' \
        'bind(AF_NETLINK port 0 groups 0x1) EPERM 1' \
        'bind(0x4d) EPERM 2' \
        'bind(...) EPERM 1' \
        'bind(<not readable>) EPERM 1' \
        'sendto(AF_INET 10.0.0.1:5432) EPERM 1' \
        'socket(AF_PACKET, SOCK_RAW|SOCK_CLOEXEC, 0) EPERM 1'
    not grep -q secret "$OUT"
    # The same for people.
    quiesce_do run --config "$CONFIG" --mount "$MOUNT" -- true
    grep -qxF '      connect(AF_INET 10.0.0.1:5432) refused with EPERM, 3 times, by denied' "$ERR"
    # And in the journal.
    jq -se '.[-1] | .. | objects | select(.arguments? == "AF_INET 10.0.0.1:5432" and .syscall == "connect") | .count == 3' "$JOURNAL"
}

@test "requests, flags and options by name" {
    policy prctl personality sched_yield unshare umount2
    script pre <<<"exec $HELPERS/denied scalars"
    quiesce_run
    outcome applicationConsistent 0 0
    lists 'ioctl(TIOCSTI) EPERM 2' \
        'ioctl(TIOCLINUX) EPERM 1' \
        'clone(CLONE_NEWUSER|CLONE_NEWNET|SIGCHLD) EPERM 1' \
        'clone3(CLONE_NEWNS|CLONE_NEWUSER) ENOSYS 1' \
        'unshare(CLONE_NEWNS) EPERM 1' \
        'prctl(PR_SET_MM, 0x3) EPERM 1' \
        'personality(ADDR_NO_RANDOMIZE|PER_LINUX32) EPERM 1' \
        'mount("/dev/sdz", "/mnt/x", "ext4", MS_RDONLY|MS_NOSUID) EPERM 1' \
        'umount2("/mnt/x", MNT_DETACH) EPERM 1' \
        'sched_yield(...) EPERM 1'
}

@test "a hook that changes its user: its calls are read as well, before and after the exec" {
    policy mkdirat
    script pre <<<"exec $HELPERS/denied user 4242"
    quiesce_run
    outcome applicationConsistent 0 0
    # A process that has changed its user and not executed anything cannot be looked into.
    lists 'mkdirat(<not readable>, 0750) EPERM 1' 'mkdirat("/by/user/after", 0750) EPERM 1'
}

@test "a hook without any capability, of another user" {
    jq '.linux.seccomp.syscalls |= map(.names -= ["mkdirat"])' /mnt/quiesce/policy/strict.json >$POLICY
    chmod 0600 $POLICY
    configure "{\"quiesce\": {\"policy\": \"$POLICY\", \"runAs\": \"nobody\"}}"
    script pre <<<"$HELPERS/denied once /by/nobody; exec $HELPERS/denied hidden"
    quiesce_run
    outcome applicationConsistent 0 0
    lists 'mkdirat("/by/nobody", 0750) EPERM 1' 'mkdirat(<not readable>, 0750) EPERM 1'
}

@test "without cgroups: a PID namespace has numbers of its own" {
    local root
    root=$(cgroup_root)
    umount --lazy "$root"
    policy mkdirat
    script pre <<<"$HELPERS/denied once /in/a/namespace"
    quiesce_run
    mount -t cgroup2 cgroup2 "$root"
    outcome applicationConsistent 0 0
    lists 'mkdirat("/in/a/namespace", 0750) EPERM 1'
}

@test "64 processes and 64 threads at once" {
    policy mkdirat
    script pre <<<"exec $HELPERS/denied many"
    quiesce_run
    outcome applicationConsistent 0 0
    same "$(hook pre '.attempts[0].stdout.head')" "many 0"
    same "$(refused 'select(.syscall == "mkdirat") | "\(.arguments) \(.count)"')" '"/from/process", 0750 64
"/from/thread", 0750 64'
}

@test "processes that are killed while they wait, and a path that changes while it is read" {
    policy mkdirat
    script pre <<<"$HELPERS/denied dying; exec $HELPERS/denied changing"
    quiesce_run
    outcome applicationConsistent 0 0
    contains "$(hook pre '.attempts[0].stdout.head')" $'dying done\nchanging done'
    same "$(refused 'select(.syscall == "mkdirat" and .arguments != null) | .arguments' |
        grep -vE '^"/(dying|meanwhile|[ab]{31}c?)", 0750$|^<not readable>, 0750$')" ""
}

@test "what a script leaves running is heard while file systems are frozen" {
    policy mkdirat
    mkfifo -m 0600 "$WORK/in" "$WORK/out"
    script pre <<<"exec $HELPERS/denied later $WORK/in $WORK/out"
    quiesce_run -- /bin/sh -c "echo >$WORK/in; read -r _ <$WORK/out"
    outcome applicationConsistent 0 0
    lists 'mkdirat("/by/survivor", 0750) EPERM 1'
    gone later
}

@test "killed by the filter: the report says so" {
    script pre <<<"exec $HELPERS/denied killed"
    quiesce_run
    outcome fileSystemConsistent 300 10
    expect '.hooks[0].attempts[0].signal' 31
    contains "$(json .message)" "its filter ended it (SIGSYS)"
    # A command of the script: by the status that a shell gives it.
    script pre <<<"$HELPERS/denied killed"
    quiesce_do run --config "$CONFIG" --mount "$MOUNT" -- true
    same "$status" 10
    grep -q 'a command of it was ended by its filter' "$ERR"
}

# ---- a flood --------------------------------------------------------------------------

supervisor_peak() {
    awk '/^VmHWM:/ {print $2}' "/proc/$(role_pid supervisor)/status"
}

@test "a million denied calls: deadlines hold, memory stays, the rest is counted" {
    policy getpriority setpriority mkdirat
    script pre <<<"$HELPERS/denied flood 10"
    hold
    local before=0 after took flood
    before=$(supervisor_peak)
    release
    outcome applicationConsistent 0 0

    configure "{\"timeoutInSeconds\": 180, \"quiesce\": {\"policy\": \"$POLICY\"}}" "$WORK/flood.json"
    script idle <<<'sleep 60'
    configure "{\"preScriptLocation\": \"$WORK/s/idle\", \"timeoutInSeconds\": 1, \"quiesce\": {\"killGraceSeconds\": 0}}" "$WORK/idle.json"
    script pre <<<"$HELPERS/denied flood 1000000; $HELPERS/denied once /after/all"
    host_configure "$WORK/flood.json" "$WORK/idle.json"
    exec {HELD}<>"$WORK/held" {GO}<>"$WORK/go"
    "$QUIESCE" run --json --mount "$MOUNT" -- \
        /bin/sh -c 'echo $$ >"$0/held"; read -r verdict <"$0/go"; exit "$verdict"' "$WORK" \
        >"$OUT" 2>"$ERR" </dev/null 3>&- {HELD}>&- {GO}>&- &
    FRONT=$!
    read -r -t 200 SNAPSHOT <&"$HELD"
    after=$(supervisor_peak)
    release
    # The other script's time was up after one second, flood or not.
    took=$(jq '[.hooks[] | select(.path | endswith("idle")).attempts[0] | select(.timedOut).durationSeconds][0] * 1000 | floor' "$OUT")
    flood=$(jq '.hooks[0].attempts[0].durationSeconds * 1000 | floor' "$OUT")
    echo "# flood: $flood ms; peak $before -> $after KiB; other script's second: $took ms" >&3
    ((took >= 1000 && took < 1300 + flood / 4))
    ((after - before < 512))
    jq -e '.hooks[0].attempts[0] | .deniedTotal == 1000002 and (.deniedComplete | not)' "$OUT"
    same "$(jq -r '.hooks[0].attempts[0].denied[] | "\(.syscall) \(.arguments) \(.count)"' "$OUT")" "getpriority 0, 0 1000
setpriority 0, 0, 0 1
mkdirat \"/after/all\", 0750 1
getpriority null 999000"
}

@test "a flood of what a script left running does not hold up the deadline of the freeze" {
    policy getpriority
    script pre <<<"$HELPERS/denied flood 1000000000 >/dev/null 2>&1 </dev/null &"
    quiesce_run --freeze-timeout 1 -- sleep 1000
    same "$status" 22
    local frozen
    frozen=$(jq '.fileSystems[0].frozenSeconds * 1000 | floor' "$OUT")
    echo "# frozen for $frozen ms of 1000" >&3
    ((frozen >= 900 && frozen < 10000))
    gone flood
}
