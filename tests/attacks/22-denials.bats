#!/usr/bin/env bats
# Denied calls are told to a process that has to answer: no answer lets one through,
# nor does there being none.

load attacks

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

# The call is one that a policy denies and that would have an effect (insist.c).
effects() {
    read -r CALLS EFFECTS < <(od -An -td8 -w16 "$WORK/score")
}

flood() {
    script pre <<<"exec $ATTACKS/insist 2000 $WORK/score"
    quiesce_run -- true
    effects
    same "$CALLS" 4000 || return 1
    saw_if flood test "$EFFECTS" != 0
}

# without_answer ROLE: it is stopped, then killed, while calls wait for their answers.
without_answer() {
    local pid i
    script pre <<<"$WAIT_HERE; exec $ATTACKS/insist 0 $WORK/score"
    meanwhile
    pid=$(if [[ $1 == keeper ]]; then pgrep --parent "$(role_pid launcher)"; else role_pid "$1"; fi)
    go
    for ((i = 0; i < 3000; i++)); do
        [[ -s $WORK/score ]] && effects && ((CALLS > 100)) && break
        sleep 0.01
    done
    kill -STOP "$pid"
    sleep 0.05 # the calls that are made meanwhile find nobody who answers
    kill -KILL "$pid"
    await_run
    gone "$WORK/score" || return 1
    effects
    ((CALLS > 100)) || return 1
    saw_if "without-$1" test "$EFFECTS" != 0
}

every_way() {
    local role
    flood || return 1
    for role in keeper supervisor launcher monitor; do
        without_answer $role || return 1
    done
}

@test "22 a denied call is never let through: a flood, nobody who answers" {
    defended every_way
    weakened continue every_way
    record 22 flood "4,000 denied calls by two processes" "answers are errors, never \"continue\"" continue
    record_all 22 "the same while keeper, supervisor, launcher, monitor are stopped, killed" "answers are errors, never \"continue\"" \
        continue without-keeper without-supervisor without-launcher without-monitor
}
