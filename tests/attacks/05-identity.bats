#!/usr/bin/env bats
# Who a hook and a role are: groups, uids as they are written, capabilities.

load attacks

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a
ROLES=(monitor guardian parser supervisor launcher)

# ---- groups ----------------------------------------------------------------------------

# groups_left: the caller has groups that neither hooks nor roles may keep.
groups_left() {
    local role
    CALLER=(setpriv "--groups=4242,4343" --)
    script pre <<<'id -G'
    hold || return 1
    for role in "${ROLES[@]}"; do
        saw_if role-groups grep -q '[0-9]' <<<"$(status_of "$(role_pid "$role")" Groups)"
    done
    release
    outcome applicationConsistent 0 0 || return 1
    saw_if hook-groups grep -qE '4242|4343' <<<"$(hook pre '.attempts[0].stdout.head')"
}

@test "5 supplementary groups of the caller" {
    defended groups_left
    weakened groups groups_left
    record 5 hook-groups "groups of the caller in a hook" "setgroups in the drop of the launcher, again in the hook" groups
    record 5 role-groups "groups of the caller in every role" "setgroups in the drop, and its proof" groups
}

# ---- numeric uids ------------------------------------------------------------------------

# becomes USER: the uid of a hook that runs as USER, or "refused".
becomes() {
    configure "$(jq -n --arg user "$1" '{quiesce: {runAs: $user}}')"
    quiesce_run -- true
    case $(json .code) in
    0) hook pre '.attempts[0].stdout.head' ;;
    # 305: no such user; 301: a configuration that is not usable
    305 | 301) echo refused ;;
    *) echo "code $(json .code)" ;;
    esac
}

# uid_strings: nobody becomes a user that the string does not name.
uid_strings() {
    local user want got
    script pre <<<'id -u'
    printf '%s\n' '77:x:4242:4242::/:/bin/sh' 'minus:x:-1:4242::/:/bin/sh' 'empty:x::4242::/:/bin/sh' \
        'most:x:4294967295:4242::/:/bin/sh' 'blank:x: 0:4242::/:/bin/sh' 'wraps:x:4294967296:4242::/:/bin/sh' >>/etc/passwd
    while IFS='|' read -r user want; do
        got=$(becomes "$user")
        case $got in
        "$want") saw uid-strings contained "'$user' $got" ;;
        [0-9]*) saw uid-strings succeeded "'$user' is $got" ;;
        *) echo "'$user': $got, not $want"; return 1 ;;
        esac
    done <<<$'0|0\n1|1\n77|4242\n-1|refused\n4294967295|refused\n4294967296|refused\n1x|refused\n 1|refused\n1 |refused\n+1|refused
01|refused\n0x0|refused\n99999999999999999999|refused\nminus|refused\nempty|refused\nmost|refused\nblank|refused\nwraps|refused'
}

@test "6 users that are nearly numbers" {
    defended uid_strings
    weakened numbers uid_strings
    record 6 uid-strings "runAs '-1', '1x', ' 1', '01', 2^32, ...; such uids in passwd" \
        "one strict reading of decimals; compared as text" numbers
}

# ---- capabilities --------------------------------------------------------------------------

# bits NAME...: of capability(7), as the kernel prints them.
bits() {
    local name number set=0
    for name; do
        number=$(sed -n "s/^#define[ \t]*${name}[ \t]*\([0-9]*\)\$/\1/p" /usr/include/linux/capability.h)
        set=$((set | 1 << number))
    done
    printf '%016x\n' "$set"
}

# of_policy FILE SET
of_policy() {
    local names
    mapfile -t names < <(jq -r ".process.capabilities.$2 // [] | .[]" "$1")
    bits "${names[@]}"
}

# capable NAME CAPABILITIES: the default policy with these, at $WORK/NAME.json.
capable() {
    policy "$1" ".process.capabilities = $2"
}

# sets_of POLICY: the five sets of a hook and of every role under a policy file.
sets_of() {
    local file=$1 role set pid ambient launcher
    configure "{\"quiesce\": {\"policy\": \"$file\"}}"
    script pre <<<'grep ^Cap /proc/self/status'
    ambient=$(of_policy "$file" ambient)
    local want
    want="CapInh $(of_policy "$file" inheritable) CapPrm $ambient CapEff $ambient CapBnd $(of_policy "$file" bounding) CapAmb $ambient"
    hold || return 1
    launcher=$(bits CAP_KILL CAP_SETUID CAP_SETGID CAP_SETPCAP CAP_SYS_CHROOT CAP_SYS_ADMIN)
    local -A effective=([monitor]=$(bits CAP_DAC_READ_SEARCH CAP_SYS_ADMIN) [guardian]=$(bits CAP_SYS_ADMIN)
        [parser]=$(bits) [supervisor]=$(bits) [launcher]=$launcher)
    local -A permitted
    for role in "${ROLES[@]}"; do
        pid=$(role_pid "$role")
        permitted[$role]=${effective[$role]}
        [[ $role != launcher ]] || permitted[launcher]=$(printf '%016x' $((16#$launcher | 16#$(of_policy "$file" bounding))))
        saw_if role-sets not_sets "$pid" "CapInh $(bits) CapPrm ${permitted[$role]} CapEff ${effective[$role]} CapBnd ${permitted[$role]} CapAmb $(bits)"
    done
    release
    outcome applicationConsistent 0 0 || return 1
    set=$(hook pre '.attempts[0].stdout.head' | tr -s ':\t\n' ' ')
    saw_if hook-sets not same "${set% }" "$want"
}

# not_sets PID WANT
not_sets() {
    not same "$(grep '^Cap' "/proc/$1/status" | tr -s ':\t\n' ' ' | sed 's/ $//')" "$2"
}

capability_sets() {
    local name
    policy default .
    policy strict . strict
    capable bounding '{"bounding": ["CAP_CHOWN", "CAP_SYS_PTRACE"]}'
    capable inheritable '{"bounding": ["CAP_CHOWN", "CAP_SYS_NICE"], "inheritable": ["CAP_SYS_NICE"]}'
    capable all '{"bounding": ["CAP_CHOWN", "CAP_SYS_NICE", "CAP_KILL"], "inheritable": ["CAP_CHOWN", "CAP_SYS_NICE"],
        "ambient": ["CAP_CHOWN"], "permitted": ["CAP_CHOWN"], "effective": ["CAP_CHOWN"]}'
    for name in default strict bounding inheritable all; do
        sets_of "$WORK/$name.json" || return 1
    done
}

@test "20 the five capability sets, under five policies" {
    defended capability_sets
    weakened bounding sets_of "$WORK/default.json"
    weakened inheritable sets_of "$WORK/bounding.json"
    weakened ambient sets_of "$WORK/default.json"
    record 20 hook-sets "more in CapBnd of a hook than its policy says" "bounding set dropped to the policy's" bounding
    record 20 hook-sets "more in CapInh of a hook than its policy says" "one capset with exactly these sets" inheritable
    record 20 hook-sets "more in CapPrm, CapEff, CapAmb of a hook" "ambient raised for the policy's alone" ambient
    record 20 role-sets "more in CapBnd of a role" "bounding set dropped in the role" bounding
    record 20 role-sets "CapInh of a role not empty" "one capset with exactly these sets, proved" inheritable
}

# gaining: programs from which a user without rights would get some.
gaining() {
    install -m 4755 "$ATTACKS/rights" /mnt/m/a/set-uid
    install -m 0755 "$ATTACKS/rights" /mnt/m/a/file-caps
    setcap cap_net_raw=ep /mnt/m/a/file-caps || return 1
    policy gain '.process.user = {uid: 65534, gid: 65534} | .process.capabilities = {bounding: ["CAP_NET_RAW"]}'
    configure "{\"quiesce\": {\"policy\": \"$WORK/gain.json\"}}"
    script pre <<<'/mnt/m/a/set-uid set-uid; /mnt/m/a/file-caps file-caps'
    quiesce_run -- true
    outcome applicationConsistent 0 0 || return 1
    saw_lines set-uid file-caps < <(hook pre '.attempts[0].stdout.head')
}

@test "20 programs with a set-user-id bit or a file capability" {
    local others=seccomp,landlock
    defended gaining
    weakened "$others" gaining
    held "$others" set-uid
    held "$others" file-caps
    weakened "launcher:nnp,$others" gaining
    record 20 set-uid "a set-user-id program of root's, run by a hook of nobody" "no_new_privs" "launcher:nnp,$others"
    record 20 file-caps "a program with a file capability that is in the bounding set" "no_new_privs" "launcher:nnp,$others"
}
