#!/usr/bin/env bats
# A supervisor that has been taken over: what it can make launcher, monitor and front do.

load hijack

setup_file() {
    new_fs ext4 a
    new_fs ext4 b
}

MOUNT=/mnt/m/a

mark() {
    echo "hijacked-$BATS_TEST_NUMBER"
}

# ---- the launcher ---------------------------------------------------------------------

# starts: of two plugins one script fails the safe walk; all that can be started is.
starts() {
    local name
    mkdir -m 0755 "$WORK/marks"
    for name in pre0 post0 pre1 post1; do
        script "$name" <<<": >$WORK/marks/$name"
    done
    chmod 0702 "$WORK/s/post1"
    configure "{\"preScriptLocation\": \"$WORK/s/pre0\", \"postScriptLocation\": \"$WORK/s/post0\"}" "$WORK/plugin0.json"
    configure "{\"preScriptLocation\": \"$WORK/s/pre1\", \"postScriptLocation\": \"$WORK/s/post1\"}" "$WORK/plugin1.json"
    host_configure "$WORK/plugin0.json" "$WORK/plugin1.json"
    arguments
    USE_HOST_CONFIG=1 quiesce_run -- true
    same "$(said supervisor | grep -c '^slot')" 96
    # It may run the verified ones, whenever it likes.
    test -e "$WORK/marks/pre0" -a -e "$WORK/marks/post0" -a -e "$WORK/marks/pre1"
    saw_if start test -e "$WORK/marks/post1"
}

@test "H3 it starts every slot: verified scripts run, nothing else" {
    hijacked supervisor:hijack-start starts
    fresh_work
    hijacked_without ownership supervisor:hijack-start starts
    record H3 start "a hijacked supervisor starts all 32 slots, in any order and number" "the launcher runs what the monitor sent before SEAL" ownership
}

# lives: the mark's processes, also when those who were to kill them have had time to do so.
lives() {
    local seconds=20
    [[ $MODE == defended ]] || seconds=0
    not eventually "$seconds" gone "$(mark)" >/dev/null
}

# dies: the supervisor, with a script under way that does not end by itself.
dies() {
    script pre <<<"exec $HELPERS/escape stay $(mark)"
    arguments
    quiesce_run -- true
    ((status != 0))
    contains "$(said supervisor)" "it runs"
    saw_if left lives
    hooks_gone
}

# The mark's processes, and the cgroups that a run without kill-tree leaves.
hooks_gone() {
    local pid
    for pid in $(pgrep -f "$(mark)"); do
        kill -KILL "$pid" 2>/dev/null || true
    done
    eventually 20 gone "$(mark)" >/dev/null
    find "$(cgroup_root)" -mindepth 1 -depth -type d -path '*quiesce*' -exec rmdir {} + 2>/dev/null || true
}

@test "H3 it ends while a script runs" {
    hijacked supervisor:hijack-die dies
    hijacked_without kill-tree,pdeathsig supervisor:hijack-die dies
    record H3 left "a hijacked supervisor ends and leaves a script running" "monitor, launcher and front kill its tree" kill-tree,pdeathsig
}

# in_background VERB OPTION...: FRONT.
in_background() {
    "$QUIESCE" "$@" >"$OUT" 2>"$ERR" </dev/null 3>&- &
    FRONT=$!
}

# kill_roles: what a control leaves behind.
kill_roles() {
    local role
    for role in supervisor parser; do
        kill -KILL "$(role_pid "$role" 2>/dev/null)" 2>/dev/null || true
    done
    await "$FRONT" 60
    FRONT=
    hooks_gone
}

# roles_live: supervisor or parser, as above.
roles_live() {
    local seconds=20
    [[ $MODE == defended ]] || seconds=0
    not eventually "$seconds" not pgrep --uid "$((BASE_UID + 2)),$((BASE_UID + 3))" >/dev/null
}

# hangs SECONDS: it does nothing any more, nor does the parser, which has forked; whoever
# waits for the run has had enough.
hangs() {
    local signal
    script pre <<<"exec $HELPERS/escape stay $(mark)"
    arguments
    in_background run --json --config "$CONFIG" --mount "$MOUNT" -- true
    until said supervisor 2>/dev/null | grep -q 'it runs'; do sleep 0.02; done
    for signal in INT TERM HUP; do
        kill -s "$signal" "$FRONT"
    done
    if await "$FRONT" "$1"; then
        status=0
        wait "$FRONT" || status=$?
        same "$status" 70
        contains "$(cat "$ERR")" "it was to end at once"
    fi
    saw_if hang lives
    saw_if stay roles_live
    kill_roles
}

@test "H3 it does nothing any more, with a script under way; a parser that does not end" {
    local both=supervisor:hijack-hang,parser:hijack-parser-stay
    hijacked $both hangs 60
    hijacked_without end-roles $both hangs 3
    record H3 hang "a hijacked supervisor keeps a run, and its script, for ever" "a third signal, or its time: the front ends it" end-roles
    record H3 stay "hijacked roles, and what a parser has forked, outlive the run" "the front ends them; a PID namespace" end-roles
}

# orphaned SECONDS: the same, and quiesce itself is killed.
orphaned() {
    script pre <<<"exec $HELPERS/escape stay $(mark)"
    arguments
    in_background run --json --config "$CONFIG" --mount "$MOUNT" -- true
    until said supervisor 2>/dev/null | grep -q 'it runs'; do sleep 0.02; done
    kill -KILL "$FRONT"
    await "$(role_pid monitor)" "$1" || true
    saw_if orphaned lives
    kill_roles
}

@test "H3 it does nothing any more, and quiesce is killed" {
    hijacked supervisor:hijack-hang,monitor:alarm-soon orphaned 60
    hijacked_without alarm supervisor:hijack-hang orphaned 1.5
    record H3 orphaned "the same, and quiesce itself was killed" "the monitor ends, two hours later: no hook stays" alarm
}

# ---- the monitor --------------------------------------------------------------------------

# freezes ATTACK MOUNT MS WAIT [FOR]: a freeze that nobody has asked for; looked at after WAIT seconds,
# whether it lasts for FOR milliseconds more.
freezes() {
    arguments "mount=$2" "ms=$3"
    in_background run --json --config "$CONFIG" --mount "$MOUNT" --freeze-timeout 1 -- true
    until said supervisor 2>/dev/null | grep -q answered || ! kill -0 "$FRONT" 2>/dev/null; do sleep 0.02; done
    sleep "$4"
    saw_if "$1" is_frozen "$2" "${5:-100}"
    kill -KILL "$FRONT" 2>/dev/null || true
    kill -KILL "$(role_pid monitor 2>/dev/null)" 2>/dev/null || true
    kill_roles
    not_frozen "$2"
}

@test "H3 a file system that the caller has not named; longer than was asked for" {
    hijacked supervisor:hijack-freeze freezes unnamed /mnt/m/b 1000 0
    hijacked_without wire-bounds supervisor:hijack-freeze freezes unnamed /mnt/m/b 5000 0
    record H3 unnamed "a hijacked supervisor freezes what the caller has not named" "the monitor holds FREEZE to the request" wire-bounds
    hijacked supervisor:hijack-freeze freezes longer /mnt/m/a 1800000 0
    hijacked_without wire-bounds supervisor:hijack-freeze freezes longer /mnt/m/a 1800000 1.5
    record H3 longer "a hijacked supervisor freezes for half an hour" "the monitor holds FREEZE to the request" wire-bounds
}

@test "H3 it freezes, and then does nothing: the deadline" {
    hijacked supervisor:hijack-freeze freezes held /mnt/m/a 300 0 5000
    hijacked_without deadline supervisor:hijack-freeze freezes held /mnt/m/a 300 0.4
    record H3 held "a hijacked supervisor freezes and never thaws" "monitor and guardian each keep the deadline" deadline
}

# ---- the front -------------------------------------------------------------------------------

# forges ATTACK ARGUMENT...: believed if the run is said to have been consistent.
forges() {
    arguments "${@:2}"
    quiesce_run -- true
    if ((status != 0)); then
        same "$status" 70
        expect .consistency none
        grep -E 'the supervisor says|the report cannot be used' "$ERR"
    fi
    saw_if "$1" test "$status" = 0
}

@test "H3 it says that all went well" {
    all_forged() {
        forges never-taken ready=0 frozen=1
        forges never-frozen ready=1 frozen=0
        forges said-frozen ready=1 frozen=1
    }
    hijacked supervisor:hijack-forge all_forged
    hijacked_without witness supervisor:hijack-forge all_forged
    record H3 never-taken "a result without a snapshot" "the front knows how its command ended" witness
    record H3 never-frozen "'application-consistent', and nothing was frozen" "the front reads the monitor's map" witness
    record H3 said-frozen "READY and result say that all was frozen" "the front reads the monitor's map" witness
}

# What it can do, and SECURITY.md says so: only it knows what the scripts did.
@test "H3 it says that scripts ran which did not" {
    claims() {
        script pre <<<": >$WORK/ran"
        arguments "mount=$MOUNT" ready=1 frozen=1
        quiesce_run -- true
        outcome applicationConsistent 0 0
        not test -e "$WORK/ran"
    }
    hijacked supervisor:hijack-forge claims
}

# ---- the journal --------------------------------------------------------------------------------

rewrites() {
    local before
    arguments
    QUIESCE=$REAL QUIESCE_WEAKEN='' quiesce_run -- true
    before=$(sha256sum <"$JOURNAL")
    quiesce_run -- true
    ((status == 70))
    saw_if journal not same "$(head -n 1 "$JOURNAL" | sha256sum)" "$before"
}

@test "H3 the journal's past" {
    hijacked supervisor:hijack-rewrite rewrites
    fresh_work
    hijacked_without supervisor:role-seccomp supervisor:hijack-rewrite rewrites
    record H3 journal "a hijacked supervisor rewrites old records of the journal" "filter: O_APPEND stays" supervisor:role-seccomp
}

# What it can do, and SECURITY.md says so.
@test "H3 it adds a record of its own; those before it hold" {
    adds() {
        arguments
        QUIESCE=$REAL QUIESCE_WEAKEN='' quiesce_run -- true
        quiesce_run -- true
        same "$status" 70
        same "$(tail -n 1 "$JOURNAL")" '{"prev":"forged"}'
        QUIESCE=$REAL quiesce_do journal verify
        contains "$(cat "$OUT")" "line 2: it is not a record of quiesce"
        contains "$(cat "$OUT")" "1 record before it holds"
    }
    hijacked supervisor:hijack-record adds
}

# ---- at random -------------------------------------------------------------------------------------

@test "H3 messages to launcher, monitor and front, spoiled at random" {
    "$BATS_TEST_DIRNAME/campaign" messages "${TRIALS:-50}" "${SEED:-1}"
}

@test "H3 the report, spoiled at random, and printed in every way" {
    "$BATS_TEST_DIRNAME/campaign" reports "${TRIALS:-120}" "${SEED:-1}"
    SEEN["defended|reports"]=contained
    not "$BATS_TEST_DIRNAME/campaign" reports 120 1 report >"$WORK/control"
    hooks_gone # a front that was ended by a fault leaves its cgroup
    SEEN["report|reports"]=succeeded
    record H3 reports "a hijacked supervisor spoils every member of its report" "the front's check of all of it" report
}
