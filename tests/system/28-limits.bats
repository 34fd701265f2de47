#!/usr/bin/env bats
# Limits of a policy: every rlimit, and processes and memory by cgroups.

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a
POLICY=/mnt/limits.json

# policy FILTER [MEMBERS]: `default`, changed by a filter of jq.
policy() {
    jq "$1" /mnt/quiesce/policy/default.json >$POLICY
    chmod 0600 $POLICY
    configure "{\"quiesce\": {\"policy\": \"$POLICY\", \"killGraceSeconds\": 0 ${2:+, $2}}}"
}

# printed: by the first attempt of the pre-script.
printed() {
    hook pre '.attempts[0].stdout.head'
}

# v1 CONTROLLER: its hierarchy here, if it has one.
v1() {
    awk -v c="$1" '$0 ~ / - cgroup / && ("," $NF ",") ~ ("," c ",") {print $5; exit}' /proc/self/mountinfo
}

# can_hold CONTROLLER: the machine has it, in either version.
can_hold() {
    [[ -n $(v1 "$1") ]] || grep -qw "$1" "$(cgroup_root)/cgroup.controllers" || skip "no cgroup controller $1"
}

# ---- processes ----------------------------------------------------------------------

@test "pids.limit holds for root: processes and threads are refused, and the report says so" {
    can_hold pids
    policy '.linux.resources.pids.limit = 20'
    script pre <<<"$HELPERS/limits forks; $HELPERS/limits threads"
    quiesce_run
    outcome applicationConsistent 0 0
    # The script's shell, and the one that counts: 18 more.
    same "$(printed)" $'forks 18 EAGAIN\nthreads 18 EAGAIN'
    expect '.hooks[0].attempts[0].forksRefused' 2 '.hooks[0].attempts[0].layersMissing | length' 0
    # Limits are of a hook, not of a run.
    expect '.hooks[1].attempts[0].forksRefused' 0
    quiesce_do run --config "$CONFIG" --mount "$MOUNT" -- true
    grep -q '2 times refused a new process or thread' "$ERR"
}

@test "without a limit the same forks on" {
    policy '.'
    script pre <<<"$HELPERS/limits forks | sed 's/ .* / n /'"
    quiesce_run
    outcome applicationConsistent 0 0
    same "$(printed)" "forks n unlimited"
}

@test "a fork bomb is bounded, and ended with its tree" {
    can_hold pids
    policy '.linux.resources.pids.limit = 64'
    # Not before the limit has been seen to hold: without one it would be the machine's end.
    script pre <<<"$HELPERS/limits forks | grep -q EAGAIN || exit 3"'
        bomb() { bomb | bomb & }; bomb; sleep 60'
    jq '.timeoutInSeconds = 1' "$CONFIG" >"$WORK/c.json" && mv "$WORK/c.json" "$CONFIG" && chmod 0600 "$CONFIG"
    quiesce_run
    outcome fileSystemConsistent 308 10
    ((REFUSED = $(json '.hooks[0].attempts[0].forksRefused'), REFUSED > 1))
}

@test "each attempt begins at nothing" {
    can_hold pids
    policy '.linux.resources.pids.limit = 20' '"x": 1'
    configure "{\"quiesce\": {\"policy\": \"$POLICY\", \"killGraceSeconds\": 0}, \"preScriptNoOfRetries\": 2}"
    script pre <<<"$HELPERS/limits forks; exit 1"
    quiesce_run
    same "$(json '[.hooks[0].attempts[].forksRefused] | tostring')" '[1,1,1]'
}

# ---- memory --------------------------------------------------------------------------

@test "memory.limit: what takes more is killed, and the report says by whom" {
    can_hold memory
    policy '.linux.resources.memory = {limit: 33554432}'
    script pre <<<"exec $HELPERS/limits hog 200"
    quiesce_run
    outcome fileSystemConsistent 300 10
    expect '.hooks[0].attempts[0].signal' 9 '.hooks[0].attempts[0].memoryKilled' 1
    contains "$(json .message)" "limit of memory"
    # A command of the script; the script itself goes on.
    script pre <<<"$HELPERS/limits hog 200; echo \$?; $HELPERS/limits hog 4"
    quiesce_run
    outcome applicationConsistent 0 0
    same "$(printed)" $'137\nhog has 4 MiB'
    expect '.hooks[0].attempts[0].memoryKilled' 1
    quiesce_do run --config "$CONFIG" --mount "$MOUNT" -- true
    grep -q '1 of its processes killed by the kernel' "$ERR"
}

@test "memory with swap and reservation" {
    can_hold memory
    policy '.linux.resources.memory = {limit: 33554432, swap: 67108864, reservation: 16777216} | .linux.resources.pids.limit = 30'
    local at names want=$'33554432\n16777216\n67108864'
    at=$(v1 memory)
    if [[ -n $at ]]; then
        at="$at/quiesce-*/h00"
        names="memory.limit_in_bytes memory.soft_limit_in_bytes memory.memsw.limit_in_bytes"
    else
        at="$(cgroup_root)/quiesce-*/hook-00"
        names="memory.max memory.low memory.swap.max"
        want=$'33554432\n16777216\n33554432' # of v2 it is swap alone
    fi
    script pre <<<"for f in $names; do cat $at/\$f; done"
    quiesce_run
    outcome applicationConsistent 0 0
    same "$(printed)" "$want"
}

# ---- where there are no controllers -----------------------------------------------------

@test "a limit that the machine cannot hold: check and report say so, and the script runs" {
    local at
    for at in $(v1 pids) $(v1 memory); do
        umount "$at"
    done
    policy '.linux.resources.pids.limit = 20 | .linux.resources.memory = {limit: 33554432}'
    script pre <<<"$HELPERS/limits forks | sed 's/ .* / n /'"
    quiesce_do check --config "$CONFIG" --mount "$MOUNT"
    same "$status" 0
    grep -q 'limits the number of processes (controller pids), which this machine.s cgroups cannot' "$OUT"
    grep -q 'limits memory (controller memory), which' "$OUT"
    grep -q 'limits of a policy .*number of processes no, memory no' "$OUT"
    quiesce_run
    outcome applicationConsistent 0 0
    same "$(printed)" "forks n unlimited"
    expect '.hooks[0].attempts[0].layersMissing | tostring' '["resource limits"]'
    same "$(json '[.warnings[] | select(test("cgroups cannot"))] | length')" 2
    # Nothing is missing that nobody asks for.
    policy '.'
    quiesce_run
    expect '.hooks[0].attempts[0].layersMissing | tostring' '[]' '.warnings | length' 0
    for at in pids memory; do
        mount -t cgroup -o $at cgroup /sys/fs/cgroup/$at
    done
}

@test "directories of dead runs in the v1 hierarchies are swept away" {
    local at
    at=$(v1 pids)
    [[ -n $at ]] || return 0 # nor a place for them
    mkdir -p "$at/quiesce-00000000000000000000000000000000/h03" "$at/quiesce-other"
    quiesce_do check --config "$CONFIG" --mount "$MOUNT"
    [[ -d $at/quiesce-00000000000000000000000000000000 ]] # it may be a living run's
    quiesce_run
    outcome applicationConsistent 0 0
    [[ ! -e $at/quiesce-00000000000000000000000000000000 ]]
    [[ -d $at/quiesce-other ]]
    rmdir "$at/quiesce-other"
    same "$(find "$at" -name 'quiesce-*')" ""
}

@test "limits where hooks have no cgroup v2" {
    [[ -n $(v1 pids) ]] || return 0 # then there is no controller either
    umount --lazy "$(cgroup_root)"
    policy '.linux.resources.pids.limit = 20'
    script pre <<<"$HELPERS/limits forks"
    quiesce_run
    mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
    outcome applicationConsistent 0 0
    same "$(printed)" 'forks 18 EAGAIN'
    expect '.hooks[0].attempts[0].layersMissing | tostring' '["cgroup"]'
    same "$(find "$(v1 pids)" -name 'quiesce-*')" ""
}

# ---- rlimits -------------------------------------------------------------------------------

@test "every rlimit of a policy is in /proc/self/limits" {
    policy '.process.rlimits = [
        {type: "RLIMIT_AS", soft: 2147483648, hard: 3221225472}, {type: "RLIMIT_CORE", soft: 0, hard: 0},
        {type: "RLIMIT_CPU", soft: 11, hard: 12}, {type: "RLIMIT_DATA", soft: 536870912, hard: 636870912},
        {type: "RLIMIT_FSIZE", soft: 1048576, hard: 2097152}, {type: "RLIMIT_LOCKS", soft: 21, hard: 22},
        {type: "RLIMIT_MEMLOCK", soft: 65536, hard: 131072}, {type: "RLIMIT_MSGQUEUE", soft: 1000, hard: 2000},
        {type: "RLIMIT_NICE", soft: 0, hard: 0}, {type: "RLIMIT_NOFILE", soft: 100, hard: 200},
        {type: "RLIMIT_NPROC", soft: 300, hard: 400}, {type: "RLIMIT_RSS", soft: 1073741824, hard: 1173741824},
        {type: "RLIMIT_RTPRIO", soft: 0, hard: 0}, {type: "RLIMIT_RTTIME", soft: 5000, hard: 6000},
        {type: "RLIMIT_SIGPENDING", soft: 30, hard: 40}, {type: "RLIMIT_STACK", soft: 1048576, hard: 4194304}]'
    script pre <<<'cat /proc/self/limits'
    quiesce_run
    outcome applicationConsistent 0 0
    same "$(printed | tail -n +2 | awk '{gsub(/  +/, "|"); print}' | cut -d'|' -f 1-3 | grep . | sort)" "Max address space|2147483648|3221225472
Max core file size|0|0
Max cpu time|11|12
Max data size|536870912|636870912
Max file locks|21|22
Max file size|1048576|2097152
Max locked memory|65536|131072
Max msgqueue size|1000|2000
Max nice priority|0|0
Max open files|100|200
Max pending signals|30|40
Max processes|300|400
Max realtime priority|0|0
Max realtime timeout|5000|6000
Max resident set|1073741824|1173741824
Max stack size|1048576|4194304"
}

@test "rlimits bite" {
    policy '.linux.seccomp.syscalls += [{names: ["sched_setscheduler", "mq_open", "setpriority", "mlock", "rt_sigqueueinfo"], action: "SCMP_ACT_ALLOW"}]
        | .process.rlimits = [
            {type: "RLIMIT_NOFILE", soft: 20, hard: 20}, {type: "RLIMIT_FSIZE", soft: 1048576, hard: 1048576},
            {type: "RLIMIT_MEMLOCK", soft: 0, hard: 0}, {type: "RLIMIT_MSGQUEUE", soft: 1000, hard: 1000},
            {type: "RLIMIT_NICE", soft: 0, hard: 0}, {type: "RLIMIT_RTPRIO", soft: 0, hard: 0},
            {type: "RLIMIT_SIGPENDING", soft: 10, hard: 10}, {type: "RLIMIT_AS", soft: 536870912, hard: 536870912}]'
    script pre <<<"for l in NOFILE FSIZE MEMLOCK MSGQUEUE NICE RTPRIO SIGPENDING AS; do $HELPERS/limits meet \$l; done"
    quiesce_run
    outcome applicationConsistent 0 0
    same "$(printed)" "NOFILE EMFILE
FSIZE EFBIG
MEMLOCK EPERM
MSGQUEUE EMFILE
NICE EACCES
RTPRIO EPERM
SIGPENDING EAGAIN
AS ENOMEM"
}

@test "rlimits end: time of a processor, the stack; and data" {
    policy '.process.rlimits = [{type: "RLIMIT_CPU", soft: 1, hard: 2}, {type: "RLIMIT_STACK", soft: 1048576, hard: 1048576},
        {type: "RLIMIT_DATA", soft: 67108864, hard: 67108864}]'
    script pre <<<"$HELPERS/limits meet DATA; $HELPERS/limits meet STACK; echo \$?; $HELPERS/limits meet CPU; echo \$?"
    quiesce_run
    outcome applicationConsistent 0 0
    same "$(printed)" $'DATA ENOMEM\n139\n152'
}

@test "RLIMIT_NPROC binds a user, not root" {
    useradd -M -u 4243 limited
    local limit='.process.rlimits = [{type: "RLIMIT_NPROC", soft: 1, hard: 1}]'
    policy "$limit" '"runAs": "limited"'
    script pre <<<"exec $HELPERS/limits meet NPROC"
    quiesce_run
    outcome applicationConsistent 0 0
    same "$(printed)" "NPROC EAGAIN"
    policy "$limit"
    quiesce_run
    same "$(printed)" "NPROC allowed"
}
