#!/usr/bin/env bats
# The campaign itself: it sees what is wrong, goes on where it stopped, leaves nothing.

campaign=$BATS_TEST_DIRNAME/campaign

setup() {
    DIR=$BATS_TEST_TMPDIR/results
    SWITCH_WAS=$(cat /sys/kernel/rcu_expedited)
}

# Of a campaign that is killed in the middle of a run, its record with it, nobody else knows.
teardown() {
    echo "$SWITCH_WAS" >/sys/kernel/rcu_expedited
}

# finds WHAT WEAKENED OPTION...: trials in which a run goes without something fail, and say WHAT.
finds() {
    local what=$1 weakened=$2
    shift 2
    # A single trial on a busy machine may do what it does too late, and then shows nothing.
    for _ in {1..10}; do
        rm -rf "$DIR"
        run "$campaign" "$@" --weaken "$weakened" "$DIR"
        [[ $status == 0 ]] || break
    done
    if [[ $status != 1 || $output != *"$what"* ]]; then
        printf 'status %s\n%s\n' "$status" "$output"
        return 1
    fi
    # What is to be looked at is there.
    local kept=("$DIR"/failed-*/why)
    [[ -s ${kept[0]} ]]
}

@test "a guardian that does not thaw" {
    # The monitor killed while ext4 is frozen.
    finds "left frozen: 0ext4" guardian:thaw --only 8734
}

@test "a monitor that does not put rcu_expedited back" {
    finds "rcu_expedited is 1, and was 0" monitor:expedite --with none --with ext4 --trials 200
}

@test "hooks that nobody kills" {
    finds "processes of the run still live" kill-tree --with kill --with monitor --with post --trials 100
}

@test "a deadline that nobody keeps" {
    # The snapshot command stopped while ext4 is frozen.
    finds "a write to 0ext4 took" deadline --only 2764
}

# plans DIRECTORY: what was done, as far as the plan says it.
plans() {
    jq -c 'select(has("trial")) | [.trial, .action, .victim, .aim, .layout]' "$1/results.jsonl"
}

# at_work PATTERN: until results hold such a line.
at_work() {
    timeout 90 grep -qm1 "$1" < <(timeout 90 tail -n +1 -s 0.05 --retry -f "$DIR/results.jsonl" 2>/dev/null 3>&-)
}

@test "interrupted, it ends in order; called again it goes on where it stopped, with the same trials" {
    local pid status=0 last options=(--with kill --with ext4)
    mkdir "$DIR"
    setsid --wait "$campaign" "${options[@]}" --trials 1000 "$DIR" >"$DIR/log" 2>&1 3>&- &
    pid=$!
    at_work '"trial":'
    pkill -INT -f "campaign-driver.*$DIR"
    wait "$pid" || status=$?
    cat "$DIR/log"
    [[ $status == 130 ]]
    [[ -s $DIR/summary.json && -s $DIR/latency.svg ]]
    last=$(jq -r 'select(has("trial")).trial' "$DIR/results.jsonl" | tail -n 1)
    # A line that was cut off does not count.
    printf '{"trial":%d,"action":"ki' $((last + 1)) >>"$DIR/results.jsonl"
    run "$campaign" "${options[@]}" --trials $((last + 60)) "$DIR"
    [[ $status == 0 && $output == *"goes on with trial $((last + 1))"* ]]
    jq -e '.failed == 0' "$DIR/summary.json"
    "$campaign" "${options[@]}" --trials $((last + 60)) "$DIR/whole"
    diff <(plans "$DIR") <(plans "$DIR/whole")
    run "$campaign" --trials 70 --seed 2 "$DIR"
    [[ $status == 2 && $output == *"another campaign"* ]]
}

@test "isolate: who freezes again and again, and who writes there, end with the command" {
    local script
    # The directories make the thaw of all take its time.
    # shellcheck disable=SC2016  # expanded inside
    script='truncate -s 16M /mnt/a.img; mkfs.ext4 -q /mnt/a.img; mkdir /mnt/m/a /mnt/m/b{1..100}; mount -o loop /mnt/a.img /mnt/m/a
        setsid python3 -c "
import fcntl, os
fd = os.open(\"/mnt/m/a\", os.O_RDONLY)
while True:
    try:
        fcntl.ioctl(fd, 0xC0045877, 0) # FIFREEZE
    except OSError:
        pass
" &
        setsid bash -c "while :; do echo >/mnt/m/a/file; done" &
        until grep -qs percpu_rwsem_wait /proc/*/wchan; do sleep 0.01; done'
    timeout 60 "$BATS_TEST_DIRNAME/../lib/isolate" bash -c "$script" >/dev/null 2>&1 3>&-
}

@test "killed, it leaves nothing running and nothing mounted" {
    local pid status=0
    mkdir "$DIR"
    setsid --wait "$campaign" --trials 1000 --with kill --with ext4 "$DIR" >"$DIR/log" 2>&1 3>&- &
    pid=$!
    at_work '"trial":'
    pkill -KILL -f "campaign-driver.*$DIR"
    wait "$pid" || status=$?
    ((status != 0))
    # Also the writers, which cannot end on a frozen file system.
    for pid in $(pgrep -f "campaign-driver.*$DIR"); do
        timeout 60 tail --pid="$pid" -s 0.05 -f /dev/null
    done
}
