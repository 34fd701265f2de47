#!/usr/bin/env bats
# kill -9 of each process of a run, at each step: what was frozen is thawed, by what a
# writer sees within 100 ms; nothing that a hook has started lives on; the front says so.

load attacks

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a
LIMIT_MS=100
ALIVE=$WORK/alive
HOLDS="exec 9>$ALIVE; flock 9" # in a script: whoever it starts holds the lock as long as he lives

# victim NAME: its pid.
victim() {
    if [[ $1 == front ]]; then
        pgrep --exact quiesce
    else
        role_pid "$1"
    fi
}

# left ATTACK: what of the hooks still lives.  Killing is asynchronous to the rest; it is not slow.
left() {
    local seconds=20
    [[ $MODE == defended ]] || seconds=0.2
    saw_if "$1" not flock --timeout "$seconds" "$ALIVE" true
}

# clean_up: in a control run all of it is still there.
clean_up() {
    local group
    fsfreeze --unfreeze "$MOUNT" 2>/dev/null || true
    for group in "$(cgroup_root)"/{quiesce-*,control}; do
        [[ ! -e $group ]] || echo 1 >"$group/cgroup.kill"
    done
    flock --timeout 10 "$ALIVE" true || return 1
    no_roles || return 1
    find "$(cgroup_root)" -mindepth 1 -depth -type d -path '*quiesce-*' -exec rmdir {} +
}

# said: that the run broke off, and one result, or none; never a good one.
said() {
    ((status != 0)) && [[ -s $ERR ]] || return 1
    [[ ! -s $OUT ]] || jq -se 'length == 1 and .[0].consistency == "none"' "$OUT" >/dev/null
}

# ---- while frozen ------------------------------------------------------------------------

# while_frozen NAME [TRIES]: what a busy machine adds it does not add every time.
while_frozen() {
    local pid ms tries=${2:-10} slow=
    script pre <<<"$HOLDS; $HELPERS/escape daemon survivor"
    script post <<<"echo >$WORK/post"
    rm -f "$WORK/post"
    hold
    pid=$(victim "$1")
    if [[ $MODE == defended ]]; then
        ms=$("$HELPERS/stall" kill "$MOUNT/probe" "$pid") || return 1
        if ((${ms%.*} >= LIMIT_MS && tries > 1)); then
            slow=1
        else
            saw_if "$1-frozen" test "${ms%.*}" -ge "$LIMIT_MS"
        fi
    else
        kill -KILL "$pid"
        saw_if "$1-frozen" is_frozen "$MOUNT" 200
    fi
    if [[ $1 == front ]]; then
        kill "$SNAPSHOT"
        FRONT=
        [[ $MODE != defended ]] || no_roles || return 1
    else
        echo 0 >&"$GO"
        await_run
        said || return 1
    fi
    left "$1-survivor"
    if [[ $MODE == defended ]]; then
        not_frozen "$MOUNT" || return 1
        if [[ $1 == front ]]; then
            # Only root can remove the run's cgroup: the next run does, and finds it empty.
            [[ -s $WORK/post ]] && quiesce_run -- true && outcome applicationConsistent 0 0 && no_cgroups || return 1
        fi
    fi
    clean_up || return 1
    [[ -z $slow ]] || while_frozen "$1" $((tries - 1))
}

# ---- while a script runs ---------------------------------------------------------------------

# while_script PHASE NAME
while_script() {
    script pre <<<'exit 0'
    script post <<<'exit 0'
    script "$1" <<<"trap '' TERM; $HOLDS; $WAIT_HERE"
    configure '{"quiesce": {"killGraceSeconds": 0}}'
    meanwhile
    kill -KILL "$(victim "$2")"
    if [[ $2 == front ]]; then
        wait "$FRONT" || true
        FRONT=
    else
        await_run
        [[ -s $ERR ]] || return 1
    fi
    left "$2-$1"
    if [[ $MODE == defended ]]; then
        no_roles && not_frozen "$MOUNT" || return 1
    fi
    clean_up
}

# Once all is thawed guardian, parser and front are not needed: the post-script goes on.
STEPS=("pre monitor" "pre guardian" "pre parser" "pre supervisor" "pre launcher" "pre front"
    "post monitor" "post supervisor" "post launcher")

while_scripts() {
    local step
    for step in "${STEPS[@]}"; do
        while_script ${step% *} ${step#* } || return 1
    done
}

# ---- the attacks ---------------------------------------------------------------------------------

# thawed ROLE WHO: while frozen; who thaws then is named by the control.
thawed() {
    local control=$2:thaw,kill-tree
    defended while_frozen "$1"
    weakened "$control" while_frozen "$1"
    record 24 "$1-frozen" "kill -9 of the $1 while frozen: thawed in $LIMIT_MS ms" "the $2 thaws" "$control"
    record 24 "$1-survivor" "the same: what a hook has left running" "cgroup.kill, by who is left" "$control"
}

@test "24 kill -9 while frozen" {
    [[ -n $(cgroup_root) ]] || lacking 24 "kill -9 while frozen" "cgroup v2"
    thawed monitor guardian
    local role
    for role in guardian parser supervisor launcher front; do
        thawed $role monitor
    done
}

@test "24 kill -9 while a script runs" {
    [[ -n $(cgroup_root) ]] || lacking 24 "kill -9 while a script runs" "cgroup v2"
    local step phase role
    defended while_scripts
    weakened kill-tree,pdeathsig while_scripts
    for step in "${STEPS[@]}"; do
        read -r phase role <<<"$step"
        record 24 "$role-$phase" "kill -9 of the $role while a $phase-script runs" "cgroup.kill; parent-death signals" \
            kill-tree,pdeathsig
    done
}

@test "24 kill -9 without cgroup v2" {
    local role
    umount --lazy "$(cgroup_root)"
    mkdir "$WORK/cgroup"
    mount -t cgroup2 cgroup2 "$WORK/cgroup"
    mkdir "$WORK/cgroup/control"
    CALLER=(/bin/sh -c "echo \$\$ >$WORK/cgroup/control/cgroup.procs; exec \"\$0\" \"\$@\"")
    for role in monitor supervisor launcher; do
        defended while_frozen $role
        weakened pid-namespace,kill-tree while_frozen $role
        record 24 $role-survivor "kill -9 of the $role while frozen, no cgroup v2: what a hook has left" \
            "the end of their PID namespace" pid-namespace,kill-tree
    done
    rmdir "$WORK/cgroup/control"
    umount "$WORK/cgroup"
}
