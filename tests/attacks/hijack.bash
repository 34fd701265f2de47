# hijack.bash - what the tests of roles that have been taken over share (hijack/hijack.h).
#
#     hijacked parser:hijack-attempts ATTACK                   confined as ever
#     hijacked_without drop parser:hijack-attempts ATTACK      its control
#
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

source "${BASH_SOURCE[0]%/*}/attacks.bash"

HIJACK=/mnt/hijack

# as_hijacked MODE NAMES COMMAND...: not as a condition, so that what fails in COMMAND ends the test.
as_hijacked() {
    local MODE=$1 QUIESCE=$WEAKENED name names
    local -x QUIESCE_WEAKEN=$2
    IFS=, read -ra names <<<"$2"
    for name in "${names[@]}"; do
        if ! grep -qaF "weaken:${name##*:};" /mnt/weakened/quiesce*; then
            echo "no weakened program knows '$name'"
            return 1
        fi
    done
    shift 2
    "$@"
}

# hijacked HIJACK COMMAND...: with all defences.
hijacked() {
    as_hijacked defended "$@"
}

# hijacked_without NAME[,NAME] HIJACK COMMAND...: the control.
hijacked_without() {
    as_hijacked "$1" "$2,$1" "${@:3}"
}

# What an attack is told: NAME=VALUE...
arguments() {
    rm -rf "$HIJACK"
    mkdir -m 0755 "$HIJACK"
    (umask 077; echo "what only root may read" >"$HIJACK/secret")
    printf '%s\n' "$@" >"$HIJACK/arguments"
}

# What the attack in ROLE has said.
said() {
    tr -d '\0' <"$HIJACK/$1"
}

# policy_rules ROLE: its policy as hijack/calls.c reads it.
policy_rules() {
    jq -r '.linux.seccomp.syscalls[] | (.args // [] | map("\(.index) \(.op) \(.value) \(.valueTwo // 0)") | join(" ")) as $args
        | .names[] | "\(.) \($args)"' "$BATS_TEST_DIRNAME/../../policy/roles/$1.json" >"$HIJACK/rules"
}
