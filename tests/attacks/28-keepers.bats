#!/usr/bin/env bats
# A hook of uid 0 turns on the processes that guard it.

# shellcheck disable=SC2046  # names without blanks
load attacks

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a
ROLES=(monitor guardian parser supervisor launcher keeper)
SIGNALS=(kill pidfd sigqueue tgkill)
OWNERS=(setown setown-ex fiosetown siocspgrp)
UIDS=(setuid setreuid-real setreuid setresuid-real setresuid setresuid-saved)

# on WAY...: the names of attacks on the roles and the keeper.
on_roles() {
    local way
    for way; do
        printf "%s-$way\n" "${ROLES[@]}"
    done
}

# pids: LABEL:PID of everybody, while a script runs.
pids() {
    local role
    for role in monitor guardian parser supervisor launcher; do
        echo "$role:$(role_pid $role)"
    done
    echo "keeper:$(pgrep --parent "$(role_pid launcher)")"
    echo "front:$(pgrep --exact quiesce)"
}

# reaching WAYS WHOM [CAPABILITY]: a hook of uid 0, under default and that capability,
# tries them on those of everybody whose names match.
reaching() {
    rm -f "$WORK/tried"
    policy reaching ".process.capabilities |= map_values(. + [${3:+\"$3\"}])"
    configure "{\"quiesce\": {\"policy\": \"$WORK/reaching.json\"}}"
    # Into a file: it may have killed who would have to listen.
    script pre <<<"$WAIT_HERE; exec $ATTACKS/reach $1 \$words >$WORK/tried"
    meanwhile
    go $(pids | grep -E "^($2):")
    await_run
    if [[ $1 == kill ]] && died "$2"; then
        echo "$2-sigkill succeeded died" >"$WORK/tried" # the hook may have died with it, in the middle of its line
    fi
    [[ -s $WORK/tried ]] && saw_lines <"$WORK/tried"
}

# died WHOM: what a run says of a process that was killed.
died() {
    case $1 in
    front) [[ ! -s $OUT ]] ;;
    keeper) grep -q "ended early" "$OUT" ;;
    *) grep -q "quiesce-$1 was killed by SIGKILL" "$ERR" ;;
    esac
}

# reaching_strictly WAYS: the same under strict, on everybody.
reaching_strictly() {
    configure '{"quiesce": {"policy": "strict"}}'
    script pre <<<"$WAIT_HERE; exec $ATTACKS/reach $1 \$words"
    meanwhile
    go $(pids)
    await_run
    hook pre '.attempts[0].stdout.head' >"$WORK/tried"
    [[ -s $WORK/tried ]] && saw_lines <"$WORK/tried"
}

# Whom Landlock alone protects from root: kernels that have its signal scope.
scoped() {
    grep -q "^Landlock.*yes" <("$REAL" check 2>/dev/null) ||
        [[ $(printf '%s\n' 6.12 "$(uname -r)" | sort --version-sort | head -n 1) == 6.12 ]]
}

@test "28 signals to roles and keeper" {
    local role
    defended reaching signal '.*'
    defended reaching kill '.*'
    # Either the uid of its own or Landlock is enough.
    weakened landlock reaching signal "$(paste -sd'|' <(printf '%s\n' "${ROLES[@]}"))"
    defended reaching signal '.*' CAP_KILL
    for role in $(on_roles "${SIGNALS[@]}"); do
        held landlock "$role"
    done
    weakened landlock reaching signal '.*' CAP_KILL
    record_all 28 "SIGSTOP, SIGCONT to each role and the keeper, in ${#SIGNALS[@]} ways" "uid of its own; Landlock's scope" landlock \
        $(on_roles "${SIGNALS[@]}")
    for role in "${ROLES[@]}"; do
        weakened landlock reaching kill "$role" CAP_KILL
        leave_nothing
    done
    record_all 28 "SIGKILL to each role and the keeper" "uid of its own; Landlock's scope" landlock $(on_roles sigkill)
}

@test "28 signals to the front, which has the hook's uid" {
    scoped || lacking 28 "signals to the front" "Landlock's signal scope"
    defended reaching signal front
    defended reaching kill front
    weakened landlock reaching signal front
    weakened landlock reaching kill front
    no_roles
    script pre <<<'exit 0'
    quiesce_run -- true # removes what that one left
    record_all 28 "SIGSTOP, SIGCONT, SIGKILL to the front" "Landlock's scope" landlock front-sigkill $(printf 'front-%s\n' "${SIGNALS[@]}")
}

@test "28 signals by way of a descriptor's owner" {
    defended reaching owner '.*'
    defended reaching_strictly owner
    weakened launcher:role-seccomp reaching owner '.*'
    record_all 28 "F_SETOWN, F_SETOWN_EX, FIOSETOWN, SIOCSPGRP to everybody" "the launcher's filter" launcher:role-seccomp \
        $(on_roles "${OWNERS[@]}") $(printf 'front-%s\n' "${OWNERS[@]}")
}

@test "28 resource limits, and being first when memory is short" {
    defended reaching limits '.*'
    defended reaching_strictly limits
    weakened launcher:role-seccomp reaching limits front
    weakened readonly reaching limits '.*'
    record 28 front-prlimit "prlimit64 of the front" "the launcher's filter" launcher:role-seccomp
    record_all 28 "/proc/PID/oom_score_adj of everybody" "/proc is read-only" readonly front-oom $(on_roles oom)
}

# becoming: CAP_SETUID does not make it one of the roles; somebody else it becomes.
becoming() {
    local uid
    script pre <<<"exec $ATTACKS/reach uid $(for uid in 0 1 2 3 4; do printf 'role%d:%d ' "$uid" $((BASE_UID + uid)); done)"
    quiesce_run -- true
    saw_lines < <(hook pre '.attempts[0].stdout.head')
    script pre <<<"exec $ATTACKS/reach uid other:33"
    quiesce_run -- true
    same "$(hook pre '.attempts[0].stdout.head' | grep -c ' succeeded ')" "${#UIDS[@]}"
}

@test "28 becoming one of the roles, who may signal the others" {
    local way names=()
    defended becoming
    weakened launcher:role-seccomp becoming
    for way in "${UIDS[@]}"; do
        names+=(role{0,1,2,3,4}-"$way")
    done
    record_all 28 "setuid, setreuid, setresuid to the uid of a role" "the launcher's filter" launcher:role-seccomp "${names[@]}"
}
