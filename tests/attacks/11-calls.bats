#!/usr/bin/env bats
# System calls by which a filter is got round: into a terminal, with bits that the
# kernel does not look at, newer than the filter, by another ABI, by a side door.

# shellcheck disable=SC2046  # names without blanks
load attacks

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

# by_hook PROGRAM-AND-ARGUMENTS ATTACK...: run as the pre-script under $POLICY.
by_hook() {
    local command=$1
    shift
    script pre <<<"exec $ATTACKS/$command"
    configure "{\"quiesce\": {\"policy\": \"${POLICY:-default}\"}}"
    quiesce_run -- true
    saw_lines "$@" < <(hook pre '.attempts[0].stdout.head')
}

# ---- terminals ---------------------------------------------------------------------------

# typing: a hook is given a terminal and types into it.
typing() {
    local says
    rm -f "$WORK/terminal"
    exec {says}< <(exec "$ATTACKS/tty" accomplice "$WORK/terminal" 3>&-)
    line_from "$says"
    by_hook "tty inject $WORK/terminal" tiocsti tiocsti-high tioclinux tioclinux-high || return 1
    line_from "$says" # what was read from the terminal
    exec {says}<&-
    saw_if typed test "$LINE" != typed
}

@test "11 typing into a terminal" {
    defended typing
    policy typing 'del(.linux.seccomp.syscalls[] | select(.names == ["ioctl"] and .action == "SCMP_ACT_ERRNO"))'
    POLICY=$WORK/typing.json without "its rules" typing
    if [[ $(cat /proc/sys/dev/tty/legacy_tiocsti 2>/dev/null) == 0 ]]; then
        lacking 11 "TIOCSTI" "TIOCSTI (dev.tty.legacy_tiocsti is 0)"
    fi
    record_all 11 "TIOCSTI into the session's terminal" "the policy's filter" "without its rules" tiocsti tiocsti-high typed
    record_all 11 "TIOCLINUX" "the policy's filter" "without its rules" tioclinux tioclinux-high
}

# ---- high bits ------------------------------------------------------------------------------

namespaces() {
    by_hook "calls clone clone-high" clone clone-high
}

@test "12 bits 32 to 63 of an argument of which the kernel takes 32" {
    defended typing
    defended namespaces
    # Each is denied as it is; with a bit more it is not.
    weakened compare-64 typing
    held compare-64 tiocsti
    held compare-64 tioclinux
    weakened compare-64 namespaces
    held compare-64 clone
    record_all 12 "ioctl: TIOCSTI and TIOCLINUX with high bits" "32 bits are compared" compare-64 tiocsti-high tioclinux-high typed
    record 12 clone-high "clone: CLONE_NEWUSER with high bits" "32 bits are compared" compare-64
}

# ---- newer calls ------------------------------------------------------------------------------

# What this kernel has of them, seen from outside.
newer() {
    "$ATTACKS/calls" clone3 mount_setattr quotactl_fd memfd_secret process_mrelease open_tree_attr |
        sed -n 's/ succeeded.*//p'
}

newest() {
    local calls
    calls=$(newer)
    by_hook "calls clone $(xargs <<<"$calls")" clone $calls
}

@test "13 calls that are newer than what a policy's author knew" {
    contains "$(newer)" clone3
    contains "$(newer)" mount_setattr
    defended newest
    # As flatpak's was: what was known to be dangerous is denied.
    policy denying '.linux.seccomp |= {architectures, defaultAction: "SCMP_ACT_ALLOW", syscalls: [
        {names: ["mount", "umount2", "unshare", "setns", "pivot_root"], action: "SCMP_ACT_ERRNO"},
        {names: ["clone"], action: "SCMP_ACT_ERRNO",
         args: [{index: 0, value: 268435456, valueTwo: 268435456, op: "SCMP_CMP_MASKED_EQ"}]}]}'
    POLICY=$WORK/denying.json without "a list of what is allowed" newest
    held "without a list of what is allowed" clone
    record 13 clone3 "clone3(CLONE_NEWUSER)" "a list of what is allowed" "without a list of what is allowed"
    record_all 13 "$(newer | grep -v clone3 | paste -sd' ')" "a list of what is allowed" "without a list of what is allowed" \
        $(newer | grep -v clone3)
}

# ---- other ABIs ----------------------------------------------------------------------------------

foreign() {
    by_hook "calls int80 x32" int80 x32
}

@test "14 int 0x80 and x32" {
    [[ $(uname -m) == x86_64 ]] || lacking 14 "int 0x80 and x32" "a second ABI on this machine"
    contains "$("$ATTACKS/calls" int80)" succeeded || lacking 14 "int 0x80" CONFIG_IA32_EMULATION
    defended foreign
    # The policy's filter and the launcher's both look at the architecture.
    weakened seccomp foreign
    held seccomp int80
    held seccomp x32
    weakened seccomp,launcher:role-seccomp foreign
    record 14 int80 "int 0x80" "architecture checked by both filters" seccomp,launcher:role-seccomp
    record 14 x32 "x32 numbers" "numbers checked by both filters" seccomp,launcher:role-seccomp
}

# ---- io_uring ------------------------------------------------------------------------------------

side_door() {
    rm -rf "$WORK/made"
    by_hook "ring $WORK/made" mkdir ring-mkdir || return 1
    saw_if made test -d "$WORK/made"
}

@test "15 a call that the policy denies, by an io_uring" {
    [[ $(cat /proc/sys/kernel/io_uring_disabled 2>/dev/null || echo 0) == 0 ]] || lacking 15 "io_uring" "io_uring (disabled)"
    local no_mkdir='.linux.seccomp.syscalls[].names -= ["mkdir", "mkdirat"]'
    policy closed "$no_mkdir"
    POLICY=$WORK/closed.json defended side_door
    policy open "$no_mkdir"' | .linux.seccomp.syscalls += [{names: ["io_uring_setup", "io_uring_enter"], action: "SCMP_ACT_ALLOW"}]'
    POLICY=$WORK/open.json without "its refusal of io_uring" side_door
    held "without its refusal of io_uring" mkdir
    record_all 15 "mkdirat by way of io_uring_setup" "the policy's filter" "without its refusal of io_uring" ring-mkdir made
}
