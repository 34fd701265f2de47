# attacks.bash - what the tests of the attack suite share, on top of common.bash.
#
# An attack is a shell function that makes a run and says what came of it:
#
#     groups() {
#         quiesce_run -- true
#         saw hook-groups "$(if [[ $(hook pre ...) == 0 ]]; then echo contained; else echo succeeded; fi)"
#     }
#
# It is made twice, and only then can it be recorded:
#
#     defended groups                                       the programs as they are
#     weakened groups groups                                the same with a defence off
#     record 5 hook-groups "what is attempted" "what stands against it" groups
#
# shellcheck shell=bash disable=SC2034,SC2154

source "${BASH_SOURCE[0]%/*}/../lib/common.bash"

ATTACKS=/mnt/attacks
REAL=/mnt/quiesce/quiesce
WEAKENED=/mnt/weakened/quiesce
: "${QUIESCE_ATTACKS:=/mnt/attacks.tsv}"
declare -gA SEEN=()    # "MODE|ATTACK" -> contained, succeeded
declare -ga RECORDS=() # of this test; they count when it has passed
MODE=

if [[ ! -x $WEAKENED ]]; then
    echo "$WEAKENED is not there: make attacks" >&2
    exit 1
fi

# policy NAME FILTER [POLICY]: a shipped policy (default) changed by a filter of jq, at $WORK/NAME.json.
policy() {
    rm -f "$WORK/$1.json"
    jq "$2" "/mnt/quiesce/policy/${3:-default}.json" >"$WORK/$1.json"
    chmod 0600 "$WORK/$1.json"
}

# ---- an attack while a script runs -------------------------------------------------------

# WAIT_HERE, in a script: waits until `go` lets it on, with what that says in $words.
WAIT_HERE="echo >$WORK/up; read -r words <$WORK/down"

# meanwhile [OPTION...]: a run in the background; returns when a script of it waits.
meanwhile() {
    rm -f "$WORK/up" "$WORK/down"
    mkfifo -m 0666 "$WORK/up" "$WORK/down" # whoever the script runs as
    exec {UP}<>"$WORK/up" {DOWN}<>"$WORK/down"
    quiesce_run "$@" -- true {UP}>&- {DOWN}>&- &
    FRONT=$!
    line_from "$UP"
}

# go [WORDS]: lets the script on.  FRONT goes on, see await_run.
go() {
    echo "$*" >&"$DOWN"
}

# ---- two ways to make an attack --------------------------------------------------------

# in_mode MODE COMMAND...
in_mode() {
    local MODE=$1
    shift
    "$@" || { echo "the attack could not be made ($MODE): $*"; return 1; }
}

# defended COMMAND...: on the programs as they are.
defended() {
    local QUIESCE=$REAL
    unset QUIESCE_WEAKEN
    in_mode defended "$@"
}

# weakened NAME[,NAME] COMMAND...: on the weakened programs, without these defences.
weakened() {
    local QUIESCE=$WEAKENED name names
    local -x QUIESCE_WEAKEN=$1
    IFS=, read -ra names <<<"$1"
    for name in "${names[@]}"; do
        if ! grep -qaF "weaken:${name##*:};" /mnt/weakened/quiesce*; then
            echo "no weakened program knows '$name'"
            return 1
        fi
    done
    shift
    in_mode "$QUIESCE_WEAKEN" "$@"
}

# without WHAT COMMAND...: a control for which no program is changed: the policy
# without a rule, the attack made from outside of the sandbox.
without() {
    local QUIESCE=$REAL
    local mode="without $1"
    shift
    in_mode "$mode" "$@"
}

# ---- what came of it ----------------------------------------------------------------------

# saw ATTACK contained|succeeded [EVIDENCE]
saw() {
    case ${MODE:+$2} in
    contained | succeeded) ;;
    *)
        echo "what became of $1 is not known: '$2' ${3-}"
        return 1
        ;;
    esac
    # Of one attack that is made several times all must have been contained.
    [[ ${SEEN["$MODE|$1"]-} == succeeded ]] || SEEN["$MODE|$1"]=$2
    echo "$MODE: $1 $2 ${3-}"
}

# saw_if ATTACK COMMAND...: it succeeded if COMMAND does.
saw_if() {
    local attack=$1 result=contained
    shift
    if "$@"; then
        result=succeeded
    fi
    saw "$attack" "$result"
}

# saw_lines ATTACK...  <what an attack program has printed: "ATTACK contained|succeeded [EVIDENCE]" lines.
# Every attack named must be among them.
saw_lines() {
    local attack result evidence wanted got=" "
    while read -r attack result evidence; do
        [[ -n $attack ]] || continue
        saw "$attack" "$result" "$evidence" || return 1
        got+="$attack "
    done
    for wanted; do
        if [[ $got != *" $wanted "* ]]; then
            echo "nothing is said about the attack $wanted"
            return 1
        fi
    done
}

# held MODE ATTACK: with that defence off another one still stands.
held() {
    same "${SEEN["$1|$2"]-not made}" contained
}

# ---- the table --------------------------------------------------------------------------------

# record ROW ATTACK TEXT DEFENCE CONTROL: ATTACK was contained by the programs as
# they are and succeeded in the mode CONTROL; both must have been seen.
record() {
    local control=$5
    if [[ ${SEEN["defended|$2"]-not made} != contained ]]; then
        echo "row $1: $2 is not contained: ${SEEN["defended|$2"]-not made}"
        return 1
    fi
    if [[ ${SEEN["$control|$2"]-not made} != succeeded ]]; then
        echo "row $1: $2 shows nothing: with its defence off ($control) it is ${SEEN["$control|$2"]-not made}"
        return 1
    fi
    RECORDS+=("$1"$'\t'"$3"$'\t'"$4"$'\t'"$control"$'\t'"contained")
}

# record_all ROW TEXT DEFENCE CONTROL ATTACK...: one line for all of them.
record_all() {
    local row=$1 text=$2 defence=$3 control=$4 before=${#RECORDS[@]} attack
    shift 4
    for attack; do
        record "$row" "$attack" "$text" "$defence" "$control" || return 1
    done
    RECORDS=("${RECORDS[@]:0:before+1}")
}

# lacking ROW TEXT FEATURE: this kernel cannot show it.
lacking() {
    RECORDS+=("$1"$'\t'"$2"$'\t'-$'\t'-$'\t'"not shown: the kernel lacks $3")
    skip "the kernel lacks $3"
}

teardown() {
    leave_nothing || return 1
    if [[ -n ${BATS_TEST_COMPLETED-} ]] && ((${#RECORDS[@]} > 0)); then
        printf '%s\n' "${RECORDS[@]}" >>"$QUIESCE_ATTACKS"
    fi
}
