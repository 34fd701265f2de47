#!/usr/bin/env bats
# A hook of uid 0 makes the kernel work for it: release_agent, FIFREEZE, FITHAW.

load attacks

setup_file() {
    new_fs ext4 a
    new_fs ext4 b
}

MOUNT=/mnt/m/a

# under [CAPABILITY]: the policy of these hooks: default, and that capability.
under() {
    policy under ".process.capabilities |= map_values(. + [${1:+\"$1\"}])"
    configure "{\"quiesce\": {\"policy\": \"$WORK/under.json\"}}"
}

# ---- release_agent ---------------------------------------------------------------------

releasing() {
    under "${1-}"
    script pre <<<"exec $ATTACKS/agent $AGENT"
    quiesce_run -- true
    saw_lines release-agent < <(hook pre '.attempts[0].stdout.head')
}

@test "21 release_agent of a cgroup v1 hierarchy" {
    local agents=(/sys/fs/cgroup/*/release_agent)
    AGENT=${agents[0]}
    [[ -e $AGENT ]] || lacking 21 "writing release_agent" "a cgroup v1 hierarchy"
    defended releasing
    defended releasing CAP_SYS_ADMIN # a policy that grants everything does not open it
    # Newer kernels want CAP_SYS_ADMIN themselves.
    weakened readonly releasing CAP_SYS_ADMIN
    record 21 release-agent "writing release_agent, with CAP_SYS_ADMIN too" "cgroups are mounted read-only" readonly
}

# ---- freezing -----------------------------------------------------------------------------

ATTEMPTS=(freeze freeze-high thaw thaw-high)
[[ $(uname -m) != x86_64 ]] || ATTEMPTS+=(freeze-int80 thaw-int80 freeze-x32)

freezing() {
    under "${1-}"
    script pre <<<"exec $ATTACKS/freeze /mnt/m/b ${ATTEMPTS[*]}"
    quiesce_run -- true
    not_frozen /mnt/m/b || return 1
    saw_lines "${ATTEMPTS[@]}" < <(hook pre '.attempts[0].stdout.head')
}

# thawing [CAPABILITY]: while frozen, by what a pre-script has left running.
thawing() {
    under "${1-}"
    script pre <<<"($WAIT_HERE; $ATTACKS/freeze $MOUNT thaw >$WORK/thawed; echo >$WORK/up) >/dev/null 2>&1 & exit 0"
    mkfifo -m 0600 "$WORK/up" "$WORK/down"
    exec {UP}<>"$WORK/up" {DOWN}<>"$WORK/down"
    hold
    line_from "$UP"
    go
    line_from "$UP"
    cat "$WORK/thawed"
    saw_if thawed not is_frozen "$MOUNT"
    rm "$WORK/up" "$WORK/down"
    release
}

@test "30 FIFREEZE and FITHAW by a hook" {
    local attempt mode
    local filters=seccomp,launcher:role-seccomp
    defended freezing
    defended freezing CAP_SYS_ADMIN # no policy allows it
    defended thawing CAP_SYS_ADMIN
    # Each of the three is enough: the policy's filter, the launcher's, the capability that is not there.
    weakened seccomp freezing CAP_SYS_ADMIN
    weakened launcher:role-seccomp freezing CAP_SYS_ADMIN
    for attempt in "${ATTEMPTS[@]}"; do
        held seccomp "$attempt"
        held launcher:role-seccomp "$attempt"
    done
    weakened $filters freezing
    held $filters freeze
    weakened $filters freezing CAP_SYS_ADMIN
    weakened $filters thawing CAP_SYS_ADMIN
    # shellcheck disable=SC2046  # names without blanks
    record_all 30 "FIFREEZE: plain, with high bits, by other ABIs" "either filter; no CAP_SYS_ADMIN" $filters \
        $(printf '%s\n' "${ATTEMPTS[@]}" | grep freeze)
    # shellcheck disable=SC2046
    record_all 30 "FITHAW: the same" "either filter; no CAP_SYS_ADMIN" $filters $(printf '%s\n' "${ATTEMPTS[@]}" | grep thaw)
    record 30 thawed "thawing what is frozen for the snapshot" "either filter; no CAP_SYS_ADMIN" $filters
}
