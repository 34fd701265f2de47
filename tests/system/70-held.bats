#!/usr/bin/env bats
# Held sessions: freeze, thaw, status, and whoever else comes to the session's socket.

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a
SOCKET=/run/quiesce/session

# freeze [OPTION...]: $status, $OUT, $ERR.
freeze() {
    quiesce_do freeze --json --config "$CONFIG" --mount "$MOUNT" "$@"
}

thaw() {
    quiesce_do thaw --json "$@"
}

session_pid() {
    pgrep -x quiesce-session
}

# Of a test that leaves its session behind, it ends here.
teardown() {
    local pid
    for pid in $(session_pid); do
        kill -CONT "$pid" && kill -TERM "$pid" || true
        await "$pid" 10 || kill -KILL "$pid"
    done
    leave_nothing
}

# A script that says "in" when it runs and then waits for a line.
gate() {
    rm -f "$WORK/in" "$WORK/out"
    mkfifo -m 0600 "$WORK/in" "$WORK/out"
    exec {IN}<>"$WORK/in" {OUT_OF}<>"$WORK/out"
    script "$1" <<<"echo in >$WORK/in; read -r line <$WORK/out; echo ran >>$WORK/$1.ran"
}

freeze_in_background() {
    "${CALLER[@]}" "$QUIESCE" freeze --json --config "$CONFIG" --mount "$MOUNT" >"$OUT" 2>"$ERR" </dev/null 3>&- {IN}>&- {OUT_OF}>&- &
    FRONT=$!
}

# ---- the way it is meant ---------------------------------------------------------------

@test "freeze returns at once, thaw gives the result of the whole run" {
    script pre <<<"echo from the pre-script"
    script post <<<"echo post >$WORK/post"
    freeze
    same "$status" 0
    expect .state held .frozen true '.fileSystems | join(",")' "$MOUNT" .fileSystemsTotal 1 .exitStatus 0
    local id
    id=$(json .session)
    is_frozen "$MOUNT"
    [[ ! -e $WORK/post ]]
    quiesce_do status --json
    same "$status" 0
    expect .state held .session "$id" .frozen true .runGoesOn true '(.secondsLeft > 50 and .secondsLeft <= 60)' true
    thaw --session "$id"
    outcome applicationConsistent 0 0
    expect .runId "$id" .held.releasedBy thaw .held.uid 0 .snapshot.exitCode 0 .held.refusedCallers 0
    contains "$(hook pre '.attempts[0].stdout.head // .attempts[0].stdout')" "from the pre-script"
    [[ -s $WORK/post ]]
    not_frozen "$MOUNT"
    same "$(jq -c '[.runId, .held.releasedBy, .exitStatus]' "$JOURNAL" | tail -n 1)" "[\"$id\",\"thaw\",0]"
    "$QUIESCE" journal verify
    not session_pid
    [[ ! -e $SOCKET ]]
}

@test "in words: what is frozen, since when, until when; the result as run prints it" {
    quiesce_do freeze --config "$CONFIG" --mount "$MOUNT" --freeze-timeout 30
    same "$status" 0
    contains "$(<"$OUT")" "frozen since"
    contains "$(<"$OUT")" "  $MOUNT"
    contains "$(<"$ERR")" "pre-script ScriptRunner: done"
    quiesce_do status
    contains "$(<"$OUT")" "if nobody thaws before"
    quiesce_do thaw
    same "$status" 0
    contains "$(<"$OUT")" "applicationConsistent: "
    contains "$(<"$OUT")" "held session: thawed by pid"
    contains "$(<"$ERR")" "post-script ScriptRunner: done"
}

@test "thaw --failed: 23, and the post-script is told" {
    script post <<<"echo \$QUIESCE_SNAPSHOT_RESULT >$WORK/post; env >>$WORK/post"
    freeze
    thaw --failed
    outcome none 1 23
    expect .name SnapshotCommandFailed .held.releasedBy thaw .snapshot.exitCode 1
    contains "$(json .message)" "quiesce thaw was told so"
    not_frozen "$MOUNT"
}

@test "fsFreezeEnabled false: ready without a freeze; nobody thaws: the deadline ends it all the same" {
    configure '{"fsFreezeEnabled": false}'
    freeze
    same "$status" 0
    expect .state held .frozen false .fileSystemsTotal 0
    not_frozen "$MOUNT"
    thaw
    outcome applicationConsistent 0 0
    freeze --freeze-timeout 1
    same "$status" 0
    thaw --session "$(json .session)" # it may come before the deadline or after it
    quiesce_do freeze --json --config "$CONFIG" --mount "$MOUNT" --freeze-timeout 1
    local pid begin=$SECONDS
    pid=$(json .pid)
    until [[ $("$QUIESCE" status --json | jq -r .state) == over ]]; do
        await "$pid" 0.2 || true
    done
    ((SECONDS - begin < 20))
    thaw
    outcome none 1 23
    expect .held.releasedBy deadline .snapshot null
}

# ---- what is no session, or not any more --------------------------------------------------

@test "nothing is held: 69, in words and as an object" {
    thaw
    same "$status" 69
    expect .exitStatus 69 .name NothingHeld
    contains "$(<"$ERR")" "nothing is held"
    quiesce_do status --json
    same "$status" 69
    expect .state none .frozen false .runGoesOn false .exitStatus 69
}

@test "thaw twice: the second finds nothing held" {
    freeze
    thaw
    same "$status" 0
    thaw
    same "$status" 69
    quiesce_do status
    same "$status" 69
}

@test "two thaws at once: both get the result of the one run" {
    gate post
    freeze
    "$QUIESCE" thaw --json >"$WORK/one" 2>/dev/null 3>&- {IN}>&- {OUT_OF}>&- &
    local first=$!
    line_from "$IN"
    "$QUIESCE" thaw --json --failed >"$WORK/two" 2>"$ERR" 3>&- {IN}>&- {OUT_OF}>&- &
    local second=$!
    until [[ $("$QUIESCE" status --json | jq -r .state) == ending ]]; do :; done
    echo go >&"$OUT_OF"
    wait "$first"
    wait "$second"
    same "$(jq -r .runId "$WORK/one")" "$(jq -r .runId "$WORK/two")"
    same "$(jq -r .exitStatus "$WORK/two")" 0
    contains "$(<"$ERR")" "--failed came too late"
    not session_pid
}

@test "many thaws at once: each gets the result, or finds nothing held any more" {
    local round i ends
    for round in {1..6}; do
        freeze
        for ((i = 0; i < 14; i++)); do
            "$QUIESCE" thaw >/dev/null 2>&1 3>&- &
            ends[i]=$!
        done
        for ((i = 0; i < 14; i++)); do
            status=0
            wait "${ends[i]}" || status=$?
            echo "$status"
        done >"$WORK/ends"
        grep -qx 0 "$WORK/ends"
        same "$(grep -vxE '0|69' "$WORK/ends" | sort -u)" ""
    done
}

@test "the deadline: thawed, the post-script is run, the result is kept for whoever asks" {
    script post <<<"echo post >$WORK/post"
    freeze --freeze-timeout 1
    same "$status" 0
    not_frozen "$MOUNT"
    thaw
    outcome none 122 22
    expect .held.releasedBy late .snapshot null
    [[ -s $WORK/post ]]
    thaw
    same "$status" 69
}

@test "a result that nobody asked for makes room for the next freeze" {
    freeze --freeze-timeout 1
    local first
    first=$(json .pid)
    until [[ $("$QUIESCE" status --json | jq -r .state) == over ]]; do
        await "$first" 0.2 || true
    done
    quiesce_run
    same "$status" 0
    freeze
    same "$status" 0
    await "$first" 30
    thaw --session "$(json .session)"
    outcome applicationConsistent 0 0
}

@test "another session is named: 69, and nothing is done" {
    freeze
    thaw --session 00000000000000000000000000000000
    same "$status" 69
    is_frozen "$MOUNT"
    thaw
    same "$status" 0
}

# ---- one at a time ---------------------------------------------------------------------------

@test "freeze twice, run during a session: 75, the session is named" {
    freeze
    local id
    id=$(json .session)
    freeze
    same "$status" 75
    contains "$(<"$ERR")" "session $id holds"
    contains "$(json .message)" "quiesce thaw"
    quiesce_run
    same "$status" 75
    contains "$(<"$ERR")" "session $id holds"
    thaw
    outcome applicationConsistent 0 0
}

@test "during a run: freeze is refused, status says so, thaw finds nothing held" {
    hold
    local result=$WORK/run.json
    OUT=$WORK/other.json
    freeze
    same "$status" 75
    quiesce_do status --json
    same "$status" 75
    expect .state none .runGoesOn true
    thaw
    same "$status" 69
    contains "$(<"$ERR")" "a run is going on"
    is_frozen "$MOUNT"
    release
    same "$status" 0
}

# ---- it ends before it is held ---------------------------------------------------------------

@test "a failed pre-script, a failed freeze: the whole result, as run gives it" {
    script pre <<<'exit 3'
    script post <<<"echo post >$WORK/post"
    configure '{"continueBackupOnFailure": false}'
    freeze
    outcome none 300 20
    expect .held.releasedBy null .snapshot null
    [[ -s $WORK/post ]]
    not session_pid
    script pre <<<'exit 0'
    configure
    fsfreeze --freeze "$MOUNT"
    freeze --allow-crash-consistent never
    fsfreeze --unfreeze "$MOUNT"
    outcome none 121 21
    not session_pid
    thaw
    same "$status" 69
}

@test "status and thaw while the pre-script runs; INT to freeze ends it in order" {
    gate pre
    script post <<<"echo post >$WORK/post"
    freeze_in_background
    line_from "$IN"
    OUT=$WORK/other.json quiesce_do status --json
    same "$(jq -r '[.state, .step, .frozen] | @csv' "$WORK/other.json")" '"starting","pre",false'
    OUT=$WORK/other.json thaw
    same "$status" 75
    kill -INT "$FRONT"
    echo go >&"$OUT_OF"
    await_run
    same "$status" 23
    outcome none 1 23
    expect .held.releasedBy signal
    contains "$(<"$ERR")" "SIGINT: no snapshot will be taken"
    [[ -s $WORK/post ]]
    not_frozen "$MOUNT"
    not session_pid
}

@test "freeze is killed before it has heard that all is ready: the run ends in order, thaw tells" {
    gate pre
    script post <<<"echo post >$WORK/post"
    freeze_in_background
    line_from "$IN"
    kill -KILL "$FRONT"
    wait "$FRONT" || true
    FRONT=
    echo go >&"$OUT_OF"
    thaw
    outcome none 1 23
    expect .held.releasedBy callerGone
    contains "$(json .message)" "quiesce freeze was gone"
    [[ -s $WORK/post ]]
    not_frozen "$MOUNT"
}

# ---- deaths and stops ---------------------------------------------------------------------------

@test "the session is killed: thawed, the post-script is run, the next thaw says so" {
    script post <<<"echo post >$WORK/post"
    freeze
    kill -KILL "$(json .pid)"
    not_frozen "$MOUNT"
    no_roles
    [[ -s $WORK/post ]]
    thaw
    same "$status" 70
    contains "$(<"$ERR")" "ended without being asked for its result"
    expect .exitStatus 70
    same "$(jq -c '[.held.releasedBy, .exitStatus]' "$JOURNAL" | tail -n 1)" '[null,23]'
    quiesce_do status
    same "$status" 70
    sweep
    freeze
    same "$status" 0
    thaw
    same "$status" 0
}

# What a front that was killed leaves is swept by the next run.
sweep() {
    quiesce_run
    same "$status" 0
}

@test "TERM to the session ends it in order" {
    script post <<<"echo post >$WORK/post"
    freeze
    local pid
    pid=$(json .pid)
    kill -TERM "$pid"
    await "$pid" 60
    not_frozen "$MOUNT"
    [[ -s $WORK/post ]]
    same "$(jq -c '[.held.releasedBy, .exitStatus]' "$JOURNAL" | tail -n 1)" '["signal",23]'
    thaw
    same "$status" 70
}

@test "TERM to the session while the pre-script runs: freeze tells the result, and nothing is kept for thaw" {
    gate pre
    freeze_in_background
    line_from "$IN"
    kill -TERM "$(session_pid)"
    echo go >&"$OUT_OF"
    await_run
    same "$status" 23
    expect .held.releasedBy signal
    thaw
    same "$status" 69
    [[ ! -e $SOCKET ]]
}

@test "the caller of thaw is killed in the middle: the run ends, and the result can be asked for again" {
    gate post
    freeze
    local id
    id=$(json .session)
    "$QUIESCE" thaw >/dev/null 2>&1 3>&- {IN}>&- {OUT_OF}>&- &
    local caller=$!
    line_from "$IN"
    kill -KILL "$caller"
    wait "$caller" || true
    not_frozen "$MOUNT"
    echo go >&"$OUT_OF"
    thaw
    outcome applicationConsistent 0 0
    expect .runId "$id"
    [[ -s $WORK/post.ran ]]
}

@test "a session that is stopped: the deadline holds, status does not wait for ever" {
    freeze --freeze-timeout 1
    kill -STOP "$(json .pid)"
    not_frozen "$MOUNT"
    quiesce_do status
    same "$status" 70
    contains "$(<"$ERR")" "does not answer"
    kill -CONT "$(session_pid)"
    thaw
    outcome none 122 22
}

@test "monitor, guardian, supervisor, launcher killed during a session: thawed, thaw says that it broke" {
    local role
    for role in monitor guardian supervisor launcher; do
        freeze
        same "$status" 0
        kill -KILL "$(role_pid "$role")"
        not_frozen "$MOUNT"
        thaw
        same "$role $status" "$role 70"
    done
}
