#!/usr/bin/env bats
# What a caller hands on without wanting to, or somebody has made it hand on:
# descriptors, words, environment.

load attacks

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a
ROLES=(monitor guardian parser supervisor launcher)

# ---- descriptors ---------------------------------------------------------------------

# leaking: the caller has a directory open by which everything outside of the
# sandbox can be reached.
leaking() {
    local role pid leak
    mkdir -p "$WORK/outside"
    rm -f "$WORK/outside/reached"
    exec {leak}<"$WORK/outside"
    policy strict . strict
    configure "{\"quiesce\": {\"policy\": \"$WORK/strict.json\"}}"
    script pre <<<"$HELPERS/self
        (cd /proc/self/fd/$leak && : >reached) 2>/dev/null
        true"
    hold || return 1
    for role in "${ROLES[@]}"; do
        pid=$(role_pid "$role")
        saw_if role-fd grep -q outside < <(readlink "/proc/$pid"/fd/* "/proc/$pid/cwd")
    done
    release
    exec {leak}<&-
    outcome applicationConsistent 0 0 || return 1
    saw_if hook-fd not same "$(hook pre '.attempts[0].stdout.head' | grep '^fd ' | sed 's/pipe:.*/pipe/')" \
        $'fd 0 /dev/null\nfd 1 pipe\nfd 2 pipe'
    saw_if hook-directory test -e "$WORK/outside/reached"
    # Wherever the caller stands.
    contains "$(hook pre '.attempts[0].stdout.head')" "cwd /"$'\n'
}

@test "7 descriptors and directories of the caller" {
    cd "$WORK"
    defended leaking
    weakened descriptors leaking
    record 7 hook-fd "descriptors in a hook beyond 0, 1 and 2" "close_range in the front, close on exec after it" descriptors
    record 7 hook-directory "writing outside a read-only sandbox by /proc/self/fd/N" "close_range in the front" descriptors
    record 7 role-fd "a directory of the caller in a role" "fixed map of descriptors" descriptors
}

# ---- words -------------------------------------------------------------------------------

# Empty ones, what is special to a shell, newline, what is no ASCII, what looks like an option.
WORDS='["", "", "a b", "|&<>*?[x]~", "it'"'"'s \"quoted\"", "line\nbreak\ttab", "naïve ☃ 𝄞", "--", "-e", "--exclude",
    "/mnt/m/a", "-", "\\", "%s%n", "$(", "`"]'
COMMANDS='["$(touch /mnt/t/pwned)", "`touch /mnt/t/pwned`", ";touch /mnt/t/pwned"]'

# words ATTACK JSON: of a hook and of the snapshot command; each must arrive as it was written.
words() {
    local want words=() word
    while IFS= read -r -d '' word; do
        words+=("$word")
    done < <(jq -jn "$2"' | .[] + "\u0000"')
    want=$(jq -rn "$2[] | \"\(utf8bytelength):\(.)\"")
    configure "{\"preScriptParams\": $2}"
    script pre <<<"exec $HELPERS/self argv \"\$@\""
    quiesce_run -- "$HELPERS/self" argv "${words[@]}"
    saw_if "hook-$1" not same "$(hook pre '.attempts[0].stdout.head')" "$want"
    # With --json its standard output goes to standard error.
    saw_if "snapshot-$1" not contains "$(cat "$ERR")" "$want"
    # "--exclude MOUNT" behind the "--" was none of ours.
    same "$(json '.fileSystems | map(select(.mountPoint == "/mnt/m/a").selected) | .[0]')" true
}

injection() {
    rm -f "$WORK/pwned"
    words words "$WORDS" && words commands "$COMMANDS" || return 1
    saw_if executed test -e "$WORK/pwned"
}

@test "17 parameters, byte for byte" {
    defended injection
    weakened shell injection
    record 17 hook-words "parameters with quotes, newlines, --, 8 bits" "executed directly, by no shell" shell
    record 17 snapshot-words "the same words behind -- for the snapshot command" "executed directly; options end at --" shell
    record 17 hook-commands "parameters that are commands to a shell" "executed directly, by no shell" shell
    record 17 executed "a command in a parameter: \$(...), \`...\`, ;" "executed directly, by no shell" shell
}

# ---- environment ------------------------------------------------------------------------------

# hostile: what runs code, or changes how code runs, by a variable.
hostile() {
    local role pid names
    rm -f "$WORK"/loader.* "$WORK/evil"
    printf 'echo >%s\n' "$WORK/evil" >"$WORK/evil.sh"
    CALLER=(env "LD_DEBUG=statistics" "LD_DEBUG_OUTPUT=$WORK/loader" "LD_PRELOAD_X=$WORK/evil" "BASH_ENV=$WORK/evil.sh"
        "ENV=$WORK/evil.sh" "IFS=x" "PYTHONPATH=$WORK" "GLIBC_TUNABLES=glibc.malloc.check=3" "PS4=\$(touch $WORK/evil)"
        "BASH_FUNC_sed%%=() { echo >$WORK/evil; }" "SECRET=hunter2")
    script pre <<<"#!/bin/bash
$HELPERS/self environ
exec 2>/dev/null
sed q /dev/null"
    hold || return 1
    for role in "${ROLES[@]}"; do
        pid=$(role_pid "$role")
        saw_if role-environment grep -qzE '^(LD|BASH|ENV|IFS|PY|GLIBC|PS4|SECRET)' "/proc/$pid/environ"
    done
    # The dynamic loader of a role, which begins with the caller's rights.
    saw_if role-loader test -e "$WORK/loader.$(role_pid supervisor)"
    release
    outcome applicationConsistent 0 0 || return 1
    # PWD, OLDPWD, SHLVL and _ are the shell's own.
    names=$(hook pre '.attempts[0].stdout.head' | sed 's/=.*//' | grep -vxE '|PWD|OLDPWD|SHLVL|_|QUIESCE_.*' | sort | tr '\n' ' ')
    saw_if hook-environment not same "$names" "HOME LANG PATH TZ "
    saw_if hook-code test -e "$WORK/evil"
    contains "$names" PATH
}

@test "18 a hostile environment" {
    defended hostile
    weakened environment,hook-environment hostile
    record 18 role-environment "LD_*, GLIBC_TUNABLES, ... in a role" "roles are executed with an empty environment" environment,hook-environment
    record 18 role-loader "the dynamic loader of a role obeys LD_*" "roles are executed with an empty environment" environment,hook-environment
    record 18 hook-environment "BASH_ENV, IFS, PYTHONPATH, a secret in a hook" "built from nothing" environment,hook-environment
    record 18 hook-code "BASH_ENV, an exported function run in a hook" "built from nothing" environment,hook-environment
}

# deaf: the caller ignores what ends a process.
deaf() {
    local role ignored
    CALLER=(env --block-signal=USR1 -- "$ATTACKS/deaf")
    script pre <<<"grep -E '^Sig(Ign|Blk)' /proc/self/status"
    hold || return 1
    for role in "${ROLES[@]}"; do
        ignored=$(status_of "$(role_pid "$role")" SigIgn)
        saw_if role-signals test $((16#$ignored & (3 << 31 | 1 << 14 | 1 << 1 | 1))) != 0
    done
    release
    outcome applicationConsistent 0 0 || return 1
    saw_if hook-signals grep -q '[1-9a-f]' < <(hook pre '.attempts[0].stdout.head' | awk '{print $2}')
}

@test "18 signals that the caller ignores" {
    defended deaf
    weakened front:dispositions deaf
    record 18 role-signals "signals that the caller ignores, in a role" "every signal set to its default" front:dispositions
    record 18 hook-signals "signals that the caller ignores, in a hook" "every signal set to its default" front:dispositions
}

# ---- no words at all -----------------------------------------------------------------------------

# Every program says how it is used, and no variable is taken for a word.
empty_arguments() {
    local program
    for program in "${QUIESCE%/*}"/quiesce*; do
        [[ -f $program ]] || continue
        status=0
        "${CALLER[@]}" timeout 10 "$ATTACKS/noargs" "$program" >"$OUT" 2>"$ERR" </dev/null 3>&- || status=$?
        case $status in
        64 | 70) saw no-arguments contained "${program##*/}: status $status" ;;
        3 | 124) return 1 ;;
        *) saw no-arguments succeeded "${program##*/}: status $status" ;;
        esac
    done
    head -n 1 "$OUT"
}

@test "19 every program without arguments" {
    local programs
    defended empty_arguments
    # The same list as kernels before 5.18 hand it on.
    weakened old-kernel empty_arguments
    held old-kernel no-arguments
    weakened old-kernel,argument-count empty_arguments
    record 19 no-arguments "every program executed with argc 0" "arguments are counted; roles take none" old-kernel,argument-count
}
