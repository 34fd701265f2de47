#!/usr/bin/env bats
# The suite itself: nothing is recorded that was not shown, and what is installed
# knows nothing of defences that can be taken out.

load attacks

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

# What record says of an attack about which this was seen.
claim() {
    SEEN=()
    [[ -z $1 ]] || SEEN["defended|x"]=$1
    [[ -z $2 ]] || SEEN["groups|x"]=$2
    record 5 x "an attack" "a defence" groups
}

@test "only an attack that was contained, and that succeeds with its defence off, is recorded" {
    local first second
    for first in "" contained succeeded; do
        for second in "" contained succeeded; do
            if [[ $first/$second != contained/succeeded ]]; then
                not claim "$first" "$second"
            fi
        done
    done
    same "${#RECORDS[@]}" 0
    claim contained succeeded
    same "${#RECORDS[@]}" 1
    RECORDS=()
}

@test "what became of an attack is known, or the test fails" {
    not saw x contained
    not defended saw x ""
    not defended saw x perhaps
    not defended saw_lines x <<<"y contained"
    not defended saw_lines x </dev/null
    defended saw_lines x y <<<$'y contained EPERM\nx succeeded'
    defended saw x contained
    same "${SEEN["defended|x"]}" succeeded
    not weakened no-such-defence true
}

@test "the summary wants every row, and no other" {
    local rows=$BATS_TEST_DIRNAME/rows all=$WORK/all.tsv some=$WORK/some.tsv text
    awk -F '\t' -v OFS='\t' '{print $1, "attack", "defence", "control", "contained"}' "$rows" >"$all"
    text=$("$BATS_TEST_DIRNAME/summary" "$all")
    same "$(tail -n 1 <<<"$text")" "33 0"
    grep -v '^7	' "$all" >"$some"
    not "$BATS_TEST_DIRNAME/summary" "$some"
    text=$("$BATS_TEST_DIRNAME/summary" "$some" || true)
    same "$(grep 'NOT SHOWN' <<<"$text" | awk '{print $1}')" 7
    printf '7\tattack\t-\t-\tnot shown: the kernel lacks x\n' >>"$some"
    same "$(env -u CI "$BATS_TEST_DIRNAME/summary" "$some" | tail -n 1)" "32 0"
    not env CI=true "$BATS_TEST_DIRNAME/summary" "$some"
    printf '31\tattack\tdefence\tcontrol\tcontained\n' >>"$all"
    not "$BATS_TEST_DIRNAME/summary" "$all"
}

@test "the weakened programs with nothing taken out are the programs" {
    local QUIESCE=$WEAKENED
    script pre <<<'id -G'
    CALLER=(setpriv --groups 4242 --)
    quiesce_run -- true
    outcome applicationConsistent 0 0
    same "$(hook pre '.attempts[0].stdout.head')" 0
}

@test "a defence is taken out in one role alone if the list says so" {
    local QUIESCE=$WEAKENED
    local -x QUIESCE_WEAKEN=guardian:groups
    CALLER=(setpriv --groups 4242 --)
    hold
    local guardian monitor
    guardian=$(status_of "$(role_pid guardian)" Groups)
    monitor=$(status_of "$(role_pid monitor)" Groups)
    release
    same "${guardian% }" 4242
    same "${monitor% }" ""
}

# tests/install looks for the same in what is installed.
@test "no program holds a switch, every weakened one does" {
    not grep -aqiE 'quiesce_weaken|__wrap_|__real_|weaken:' /mnt/quiesce/quiesce*
    local file
    for file in /mnt/weakened/quiesce*; do
        grep -aqF QUIESCE_WEAKEN "$file"
        grep -aqF __wrap_prctl "$file"
        grep -aqF weaken: "$file"
    done
}

@test "the variable does nothing to the programs: every name at once" {
    local names
    names=$(cat /mnt/weakened/quiesce* | grep -aoE 'weaken:[a-z0-9-]+;' | sed 's/^weaken://; s/;$//' | sort -u | paste -sd,)
    contains ",$names," ,groups,
    # Hook and roles, described without the run's own ids.
    seen() {
        script pre <<<"$HELPERS/self environ | sort; $HELPERS/self; grep -E '^(Cap|Groups|Uid|Gid|NoNew|Seccomp)' /proc/self/status; id -G"
        CALLER=(setpriv --groups 4242 --)
        hold
        local role
        for role in monitor guardian parser supervisor launcher; do
            grep -E '^(Cap|Groups|Uid|Gid|NoNew|Seccomp:|SigCgt)' "/proc/$(role_pid $role)/status"
            cat "/proc/$(role_pid $role)/limits"
            tr '\0' '\n' <"/proc/$(role_pid $role)/environ"
        done
        release
        outcome applicationConsistent 0 0
        hook pre '.attempts[0].stdout.head' | sed -E 's/[0-9a-f]{32}/ID/; s/pipe:.*/pipe/; s/^pid .*//; s/^shell .*//'
    }
    local plain switched
    plain=$(seen)
    export QUIESCE_WEAKEN=$names
    switched=$(seen)
    unset QUIESCE_WEAKEN
    same "$switched" "$plain"
    ((${#plain} > 2000))
}
