#!/usr/bin/env bats
# A parser that has been taken over: what it can make the monitor, and with it the
# launcher, do by its answers.

load hijack

setup_file() {
    new_fs ext4 a
}

# ---- scripts that must not run ----------------------------------------------------------

# bad NAME MODE [DIRECTORY]: a script that leaves a mark if it is run.
bad() {
    printf '#!/bin/sh\n: >%s/marks/%s\n' "$WORK" "$1" >"${3:-$WORK/b}/$1"
    chmod "$2" "${3:-$WORK/b}/$1"
}

make_bad() {
    mkdir -m 0755 "$WORK/b" "$WORK/b/foreign-directory" "$WORK/marks"
    mkdir -m 1777 "$WORK/b/sticky-directory"
    bad group-writable 0720
    bad world-writable 0702
    bad readable 0755
    bad set-uid 4700
    bad set-gid 2700
    bad foreign 0700
    bad linked 0700
    bad in-sticky 0700 "$WORK/b/sticky-directory"
    bad in-foreign 0700 "$WORK/b/foreign-directory"
    chown nobody "$WORK/b/foreign" "$WORK/b/foreign-directory"
    ln -s linked "$WORK/b/link"
    chown -h nobody "$WORK/b/link"
    ln -s loop "$WORK/b/loop"
    mkfifo -m 0700 "$WORK/b/fifo"
    mknod -m 0700 "$WORK/b/device" c 1 3
    configure '{"fsFreezeEnabled": false, "quiesce": {"killGraceSeconds": 0}}'
}

# WALKED run once the walk does not look; the others cannot even then.
WALKED=(group-writable world-writable readable set-uid set-gid foreign link sticky-directory/in-sticky
    foreign-directory/in-foreign ../b/group-writable)
NEVER=(loop fifo device sticky-directory readable/ nothing)

# run_named PATH: what a plugin's answer calls the pre-script.
run_named() {
    rm -f "$WORK"/marks/*
    arguments "script=$1"
    quiesce_run -- true
    not grep -E 'killed by SIG(SEGV|ABRT|BUS|ILL|FPE|SYS)' "$ERR"
    ((status == 10 || status == 20)) || [[ -n $(ls "$WORK/marks") ]]
}

named() {
    local name
    make_bad
    for name in "${WALKED[@]}"; do
        run_named "$WORK/b/$name"
        saw_if "script-${name##*/}" test -n "$(ls "$WORK/marks")"
    done
}

@test "H2 a plan that names a script which fails the safe walk" {
    local name
    hijacked parser:hijack-names named
    fresh_work
    hijacked_without ownership,links parser:hijack-names named
    for name in "${WALKED[@]}"; do
        record H2 "script-${name##*/}" "a hijacked parser names a script: ${name/..*/by ..}" "the safe walk" ownership,links
    done
}

@test "H2 paths that are none, and what is no file" {
    local name
    paths() {
        make_bad
        for name in "${NEVER[@]}" "$WORK/b/../../../../../../$WORK/b/foreign"; do
            run_named "$WORK/b/$name"
            same "$(ls "$WORK/marks")" ""
        done
        # Not an absolute path, no path, one without an end: no answer at all.
        for name in b/foreign ../b/foreign . ENDLESS LONG /etc/shadow /dev/null / "/$HIJACK/secret"; do
            run_named "$name"
            same "$(ls "$WORK/marks")" ""
            same "$(json '[.hooks[]? | .attemptsTotal] | add // 0')" 0
        done
    }
    hijacked parser:hijack-names paths
}

# ---- what it says besides paths ---------------------------------------------------------------

variable() {
    mkdir -p "$WORK/marks"
    echo ": >$WORK/marks/variable" >"$WORK/s/evil"
    script pre <<<$'#!/bin/bash\ntrue'
    configure '{"fsFreezeEnabled": false}'
    arguments "variable=BASH_ENV=$WORK/s/evil"
    quiesce_run -- true
    saw_if variable test -e "$WORK/marks/variable"
}

@test "H2 a variable by which a shell runs another file" {
    hijacked parser:hijack-names variable
    hijacked_without plan parser:hijack-names variable
    record H2 variable "a hijacked parser gives a hook BASH_ENV" "the monitor's check of every plan" plan
}

# Named as a policy or a configuration, what root alone may read is read by the master of
# all parsers, as SECURITY.md says; not by others, and it is told to nobody.
@test "H2 a secret that it names does not come out" {
    secret() {
        local what
        for what in "policy=$HIJACK/secret" "config=$HIJACK/secret"; do
            host_configure "$CONFIG"
            arguments "$what" tell=1
            USE_HOST_CONFIG=1 quiesce_run -- true
            ((status != 0))
            contains "$(said parser)" "what only root may read"
            not grep -rF 'what only root may read' "$OUT" "$ERR" "$JOURNAL"
        done
    }
    hijacked parser:hijack-names secret
}

# ---- more than its protocol ----------------------------------------------------------------------

MOUNT=/mnt/m/a

leak() {
    local open
    arguments
    hold || return 1
    open=$(ls "/proc/$(role_pid monitor)/fd" | wc -l)
    release
    said parser | grep -q 'sent all'
    saw_if descriptors test "$open" -gt 60
}

@test "H2 descriptors that the monitor has not asked for" {
    hijacked parser:hijack-descriptors leak
    hijacked_without leak parser:hijack-descriptors leak
    record H2 descriptors "a hijacked parser sends 64 descriptors with an answer of another type" "what is not wanted is closed" leak
}

@test "H2 it speaks as the supervisor" {
    freezes() {
        arguments
        quiesce_run -- true
        same "$status" 70
        contains "$(cat "$ERR")" "a message out of place: MSG_FREEZE"
        not_frozen "$MOUNT"
    }
    hijacked parser:hijack-parser-freeze freezes
}

@test "H2 the log, flooded" {
    floods() {
        arguments
        quiesce_run -- true
        outcome applicationConsistent 0 0
        (($(wc -l <"$ERR") < 1100))
    }
    hijacked parser:hijack-flood floods
}

# ---- the child of one document -----------------------------------------------------------------------

@test "H2 a document that takes over its own parser" {
    child() {
        arguments
        configure '{"quiesce": {"runAs": "nobody"}}'
        script pre 0700 <<<'true'
        quiesce_run -- true
        outcome applicationConsistent 0 0
        saw_lines child-descriptors child-process child-socket < <(said parser)
    }
    hijacked parser:hijack-child child
    hijacked_without drop parser:hijack-child child
    record H2 child-process "a document that took over its parser makes a process" "RLIMIT_NPROC 0" drop
    record H2 child-descriptors "it holds more than its document, its answer's socket and the log" "closed in the drop and after the fork" drop
    held drop child-socket # closed whatever else is off
}

# ---- at random --------------------------------------------------------------------------------------------

@test "H2 plans spoiled at random: refused, or data; nothing unverified runs" {
    "$BATS_TEST_DIRNAME/campaign" plans "${TRIALS:-60}" "${SEED:-1}"
    SEEN["defended|plans"]=contained
    not "$BATS_TEST_DIRNAME/campaign" plans 60 1 plan
    SEEN["plan|plans"]=succeeded
    record H2 plans "a hijacked parser spoils every member of every plan at random" "the monitor's check of every plan" plan
}

@test "H2 it does not read, and says nothing" {
    deaf() {
        arguments
        LIMIT=20 quiesce_do check --json --config "$CONFIG"
        same "$status" 78
        expect '.findings[0].message' "its parser ended without an answer that could be used"
    }
    hijacked parser:hijack-deaf deaf
}
