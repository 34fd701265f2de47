#!/usr/bin/env bats
# quiesce policy learn: what a script is seen to need is what it gets, and the same
# sandbox holds while it is looked at.

load ../lib/common
load ../lib/databases

eval "common_$(declare -f teardown)"

EXAMPLES=$BATS_TEST_DIRNAME/../../integrations/examples
POSTGRES=/run/postgresql
MARIADB=/run/mysqld/mysqld.sock

setup() {
    fresh_work
    POLICY=$WORK/learned.json
    PARAMS='[]'
    SERVER=
}

teardown() {
    [[ -z $SERVER ]] || server_stop "$SERVER" KILL
    common_teardown
}

# learn [OPTION...] -- SCRIPT [ARGUMENT...]: $status, the policy in $POLICY, what was said in $ERR.
learn() {
    rm -f "$POLICY"
    quiesce_do policy learn -o "$POLICY" "$@"
}

said() {
    contains "$(cat "$ERR")" "$1"
}

# calls [FILTER]: of the learned policy, the names of allowed calls.
calls() {
    jq -r '[.linux.seccomp.syscalls[] | select(.action == "SCMP_ACT_ALLOW") | .names[]] | unique | join(" ")' "$POLICY"
}

# entry NAME: of the learned policy, comment and arguments of its entries.
entry() {
    jq -c --arg name "$1" '.linux.seccomp.syscalls[] | select(.action == "SCMP_ACT_ALLOW" and (.names | index($name)))
        | [.comment, .args[]?.value]' "$POLICY"
}

# under POLICY [USER]: the usual scripts run under it, and nothing is frozen.
under() {
    chmod 0600 "$1"
    configure "$(jq -n --arg policy "$1" --arg user "${2-}" --argjson params "$PARAMS" \
        '{fsFreezeEnabled: false, continueBackupOnFailure: false, preScriptParams: $params,
          quiesce: ({policy: $policy} + if $user == "" then {} else {runAs: $user} end)}')"
    quiesce_run -- true
}

# denied PHASE: the names of the calls that were; clone3, for which libc has another, apart.
denied() {
    hook "$1" '[.attempts[].denied[]?.syscall] - ["clone3"] | unique | join(" ")'
}

# passes [USER]: the learned policy compiles, and under its compiled form the scripts do
# what they did, without a call denied.
passes() {
    quiesce_do policy compile "$POLICY"
    same "$status" 0
    [[ -s $POLICY.qpol ]]
    quiesce_do policy lint "$POLICY"
    same "$status" 0
    chmod 0600 "$POLICY.qpol"
    under "$POLICY" "${1-}"
    same "$status" 0
    same "$(denied pre)$(denied post)" ''
}

# needs CALL [USER]: without it a run fails, and names it.
needs() {
    jq --arg call "$1" '.linux.seccomp.syscalls |= map(select(.action != "SCMP_ACT_ALLOW" or .names != [$call]))' \
        "$POLICY" >"$WORK/less.json"
    not cmp -s "$POLICY" "$WORK/less.json"
    under "$WORK/less.json" "${2-}"
    same "$status" 20
    contains " $(denied pre) " " $1 "
}

# variant FILTER: strict, changed.
variant() {
    jq "$1" /mnt/quiesce/policy/strict.json >"$WORK/base.json"
    chmod 0600 "$WORK/base.json"
}

allow_survivors() {
    variant '.annotations["org.quiesce.survivors"] = "allow"'
}

# ---- learn, compile, run ----------------------------------------------------------

@test "a shell script: learned, compiled, run; one call taken out, and the run fails and names it" {
    script pre <<'END'
set -e
mkfifo /tmp/queue
[ "$1" = "two words" ] && [ "$QUIESCE_PHASE" = pre ]
ls "$(dirname "$0")" | sort >/tmp/list
rm /tmp/queue
END
    learn -- "$WORK/s/pre" "two words"
    same "$status" 0
    said 'beyond the base: mknodat (S_IFIFO): once, by mkfifo'
    same "$(entry mknodat)" '["S_IFIFO: once, by mkfifo",61440]'
    contains "$(entry wait4)" ' times, by pre"'
    same "$(jq -r '.root.readonly, .annotations["org.quiesce.survivors"]' "$POLICY")" $'true\nforbid'
    # Of strict: what it denies, as it denies it.
    same "$(jq -c '[.linux.seccomp.syscalls[] | select(.action != "SCMP_ACT_ALLOW")]' "$POLICY")" \
        "$(jq -c '[.linux.seccomp.syscalls[] | select(.action != "SCMP_ACT_ALLOW")]' /mnt/quiesce/policy/strict.json)"
    # Sorted, each call once, each with a comment; far less than strict allows.
    jq -e '[.linux.seccomp.syscalls[] | select(.action == "SCMP_ACT_ALLOW")]
        | (map(.names[0]) | . == sort) and all(.comment != "" and (.names | length) == 1) and length < 60' "$POLICY"
    PARAMS='["two words"]'
    passes
    needs mknodat
    needs wait4
}

@test "learning twice writes the same, but for the counts" {
    script pre <<<'ls / | sort | head -n 3; id -u; date >/dev/null'
    learn -- "$WORK/s/pre"
    mv "$POLICY" "$WORK/first.json"
    learn -- "$WORK/s/pre"
    uncounted() { sed -E 's/(once|[0-9]+ times)/N/' "$1"; }
    diff <(uncounted "$WORK/first.json") <(uncounted "$POLICY")
}

@test "it grants nothing that the base does not, but what it says is beyond" {
    script pre <<<'sleep 9 & kill $!; wait || true; ls / >/dev/null'
    # A base that allows a call by an argument which nobody else would look at.
    variant '.linux.seccomp.syscalls |= map(.names -= ["kill"]) + [{"names": ["kill"], "action": "SCMP_ACT_ALLOW",
        "args": [{"index": 1, "value": 15, "op": "SCMP_CMP_EQ"}]}]'
    learn --base "$WORK/base.json" -- "$WORK/s/pre"
    same "$status" 0
    not said 'beyond the base:'
    same "$(entry kill)" '["SIGTERM: once, by pre",15]'
    quiesce_do policy diff --json "$WORK/base.json" "$POLICY"
    same "$status" 1
    expect '.onlySecond | length' 0
    script pre <<<'sleep 9 & kill -KILL $!; wait || true'
    learn --base "$WORK/base.json" -- "$WORK/s/pre"
    said 'beyond the base: kill (SIGKILL): once, by pre'
    quiesce_do policy diff --json "$WORK/base.json" "$POLICY"
    expect '.onlySecond | map(.what) | join(" ")' kill
}

@test "PostgreSQL: the example's pair of scripts, one session across both" {
    postgres_start /mnt/pg-data
    install -m 0700 "$EXAMPLES/postgresql/pre-script" "$WORK/s/pre"
    install -m 0700 "$EXAMPLES/postgresql/post-script" "$WORK/s/post"
    allow_survivors
    learn --base "$WORK/base.json" --user postgres --post "$WORK/s/post" -- "$WORK/s/pre"
    same "$status" 0
    said 'begun at '
    said 'ended at '
    same "$(entry socket | sed -E 's/[0-9]+ times/N/')" '["AF_UNIX: N, by psql",1,0]'
    contains "$(entry clone)" '"no new namespace: '
    passes postgres
    contains "$(hook post '.attempts[0].stdout.head')" 'ended at '
    needs connect postgres
    needs recvfrom postgres
}

@test "MariaDB: the read lock is held by a session in the background" {
    mariadb_start /mnt/maria-data
    install -m 0700 "$EXAMPLES/mariadb/pre-script" "$WORK/s/pre"
    install -m 0700 "$EXAMPLES/mariadb/post-script" "$WORK/s/post"
    allow_survivors
    learn --base "$WORK/base.json" --user mysql --post "$WORK/s/post" -- "$WORK/s/pre"
    same "$status" 0
    said 'locked by connection'
    passes mysql
    contains "$(hook pre '.attempts[0].stdout.head')" 'locked by connection'
    needs connect mysql
}

@test "what a pre-script leaves running is learned from until the time is up, then killed" {
    script pre <<<"$HELPERS/escape daemon learn-left; echo done"
    allow_survivors
    learn --base "$WORK/base.json" --timeout 1 -- "$WORK/s/pre"
    same "$status" 0
    said 'left running was ended after 1 s'
    gone learn-left
    # The base forbids it: as in a run.
    learn --timeout 1 -- "$WORK/s/pre"
    same "$status" 20
    said 'the pre-script left processes running, which the base forbids'
    [[ ! -e $POLICY ]]
    gone learn-left
}

@test "--add keeps what the base allows; --phase runs a post-script; standard output" {
    script pre <<<'mkfifo /tmp/a'
    learn -- "$WORK/s/pre"
    cp "$POLICY" "$WORK/base.json"
    chmod 0600 "$WORK/base.json"
    script post <<<'[ "$QUIESCE_PHASE $QUIESCE_PRE_RESULT $QUIESCE_SNAPSHOT" = "post success taken" ] && sync'
    learn --base "$WORK/base.json" --add --phase post -- "$WORK/s/post"
    same "$status" 0
    contains " $(calls) " ' mknodat '
    contains " $(calls) " ' sync '
    passes
    needs mknodat
    quiesce_do policy learn --base "$WORK/base.json" --add --phase post -- "$WORK/s/post"
    same "$status" 0
    cmp "$OUT" "$POLICY"
}

@test "what the base says of ids, limits, environment and file systems holds while it learns" {
    script pre <<'END'
id -un; id -Gn; ulimit -n; echo "$HOME $PATH $QUIESCE_PLUGIN ${SECRET-unset}"
touch /etc/x 2>/dev/null || echo read-only
ls /proc/self/fd | wc -l; readlink /proc/self/fd/0
tty; grep -E 'CapEff|NoNewPrivs' /proc/self/status | tr '\t' ' '
END
    SECRET=1 learn --user nobody -- "$WORK/s/pre"
    same "$status" 0
    same "$(head -n 11 "$ERR")" "nobody
nogroup
1024
/nonexistent /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin learn unset
read-only
4
/dev/null
not a tty
CapEff: 0000000000000000
NoNewPrivs: 1
learned: $(sed -n 's/^learned: //p' "$ERR")"
}

# ---- refusals ------------------------------------------------------------------------

@test "only for root; only what passes the safe walk; only from a base that can be learned from" {
    script pre <<<'echo ran >/tmp/ran'
    CALLER=(setpriv --reuid nobody --clear-groups)
    learn -- "$WORK/s/pre"
    same "$status" 77
    CALLER=()
    refused() {
        learn "${@:2}"
        same "$status" 78
        said "$1"
        [[ ! -e $POLICY ]]
        not grep -q '^learned' "$ERR"
    }
    refused 'does not exist' -- "$WORK/s/none"
    script pre 0770 <<<'true'
    refused 'has mode 0770' -- "$WORK/s/pre"
    script pre <<<'true'
    chown nobody "$WORK/s/pre"
    refused 'is owned by uid 65534' -- "$WORK/s/pre"
    chown root "$WORK/s/pre"
    install -d -m 0777 "$WORK/open"
    cp -p "$WORK/s/pre" "$WORK/open/pre"
    refused 'may be written by others than root' -- "$WORK/open/pre"
    refused 'does not exist' --base none -- "$WORK/s/pre"
    refused "no user" --user nosuchuser -- "$WORK/s/pre"
    variant '.linux.seccomp.defaultAction = "SCMP_ACT_ALLOW" | del(.linux.seccomp.defaultErrnoRet)'
    refused 'nothing can be learned' --base "$WORK/base.json" -- "$WORK/s/pre"
    variant '.linux.seccomp.syscalls += [{"names": ["execve"], "action": "SCMP_ACT_ERRNO"}]'
    refused 'refuses execve' --base "$WORK/base.json" -- "$WORK/s/pre"
    learn -o "$WORK/s/pre" -- "$WORK/s/pre"
    same "$status" 64
    contains "$(<"$ERR")" 'the output is the script itself'
    refused 'No such file or directory' -o "$WORK/none/out.json" -- "$WORK/s/pre"
    ln -s nowhere "$WORK/link.json"
    refused 'is no regular file' -o "$WORK/link.json" -- "$WORK/s/pre"
    variant '.surprise = 1'
    refused 'surprise' --base "$WORK/base.json" -- "$WORK/s/pre"
    chmod 0666 "$WORK/base.json"
    refused 'has mode 0666' --base "$WORK/base.json" -- "$WORK/s/pre"
    learn
    same "$status" 64
}

@test "a script that fails: 20 and no policy, unless --keep; one that cannot be started" {
    script pre <<<'mkfifo /tmp/a; exit 3'
    learn -- "$WORK/s/pre"
    same "$status" 20
    said 'the pre-script ended with status 3'
    said 'beyond the base: mknodat'
    [[ ! -e $POLICY ]]
    learn --keep -- "$WORK/s/pre"
    same "$status" 0
    contains " $(calls) " ' mknodat '
    script pre <<<$'#!/no/such/interpreter\n'
    learn -- "$WORK/s/pre"
    same "$status" 20
    said 'the interpreter that its "#!" line names does not exist'
    script pre <<<'kill -TERM $$'
    learn -- "$WORK/s/pre"
    same "$status" 20
    said 'killed by SIGTERM'
}

@test "not while a run goes on, and no run while it goes on" {
    mkfifo "$WORK/learning"
    script pre <<<"echo there >$WORK/learning; sleep 5"
    "$QUIESCE" policy learn --base default -o "$POLICY" -- "$WORK/s/pre" >"$OUT" 2>"$ERR" 3>&- &
    FRONT=$!
    read -r -t 60 <"$WORK/learning"
    quiesce_do run --json --config "$CONFIG" --mount /mnt -- true
    same "$status" 75
    learn -- "$WORK/s/post"
    same "$status" 75
    kill -INT "$FRONT"
    await_run
    same "$status" 20
}

# ---- what must not get away --------------------------------------------------------------

# hostile NAME...: a script that does that is killed, at once and whole.
hostile() {
    script pre <<<"$HELPERS/escape daemon learn-hostile; $HELPERS/attempt $1 >/tmp/out; echo went on"
    learn --base "${2:-strict}" -- "$WORK/s/pre"
    same "$status" 20
    not grep -q 'went on' "$ERR"
    said 'the pre-script called what the base kills'
    said "killed by the base, and everything with it: $1"
    [[ ! -e $POLICY ]]
    gone learn-hostile
}

@test "what the base kills is killed, with all that the script started, and named" {
    hostile ptrace
    hostile ptrace default
}

@test "a call that the base kills is not made, though nobody is there to kill" {
    mkfifo "$WORK/there" "$WORK/on"
    exec {THERE}<>"$WORK/there" {ON}<>"$WORK/on"
    script pre <<<"echo >$WORK/there; read -r go <$WORK/on; $HELPERS/attempt ptrace >$WORK/made; echo on >>$WORK/made"
    variant '.root.readonly = false'
    "$QUIESCE" policy learn --base "$WORK/base.json" -o "$POLICY" -- "$WORK/s/pre" >"$OUT" 2>"$ERR" 3>&- {THERE}>&- {ON}>&- &
    FRONT=$!
    read -r -t 60 -u "$THERE"
    kill -STOP "$FRONT"
    echo go >&"$ON"
    sleep 0.3 # in which the call is made, if anybody lets it
    [[ -e $WORK/made && ! -s $WORK/made ]]
    kill -CONT "$FRONT"
    await_run
    same "$status" 20
    [[ ! -s $WORK/made ]]
}

@test "what no script may is killed by the kernel while it is learned from" {
    local name
    script pre <<<"exec $HELPERS/attempt fifreeze fithaw fifreeze-high int80 x32 kexec_load"
    variant 'del(.linux.seccomp.syscalls[] | select(.action == "SCMP_ACT_KILL_PROCESS"))'
    learn --base "$WORK/base.json" -- "$WORK/s/pre"
    same "$(head -n 6 "$ERR")" "fifreeze killed SYS
fithaw killed SYS
fifreeze-high killed SYS
int80 killed SYS
x32 killed SYS
kexec_load killed SYS"
}

@test "what the base denies is denied with its errno, and reported" {
    script pre <<<"$HELPERS/attempt clone3 newer tiocsti"
    learn --base default -- "$WORK/s/pre"
    same "$status" 0
    same "$(head -n 3 "$ERR")" "clone3 ENOSYS
newer ENOSYS
tiocsti EPERM"
    said 'denied by the base: clone3: once, by attempt, ENOSYS'
    said 'denied by the base: ioctl (TIOCSTI): once, by attempt, EPERM'
    said 'denied by the base: call 511: once, by attempt, ENOSYS'
    not contains "$(entry ioctl)" TIOCSTI
}

@test "a script that does not end: TERM, then KILL; forks on, ignores signals, daemons" {
    local begin=$SECONDS
    script pre <<<"trap '' TERM; $HELPERS/escape forkon learn-on & $HELPERS/escape daemon learn-on; $HELPERS/escape stop learn-on; exec $HELPERS/escape stay learn-on"
    learn --timeout 1 -- "$WORK/s/pre"
    same "$status" 20
    said 'did not end within 1 s'
    gone learn-on
    ((SECONDS - begin < 40))
}

@test "a flood of calls takes time and memory of a fixed size" {
    script pre <<<"exec $HELPERS/flood calls 1000000"
    ( learn --timeout 2 -- "$WORK/s/pre"; echo "$status" >"$WORK/status" ) &
    local pid most=0 now
    until pid=$(pgrep -x quiesce-learn | tail -n 1) && [[ -n $pid ]]; do sleep 0.05; done
    while [[ -d /proc/$pid ]]; do
        now=$(awk '/VmRSS/ {print $2}' "/proc/$pid/status" 2>/dev/null || true)
        ((${now:-0} > most)) && most=$now
        sleep 0.2
    done
    wait
    echo "at most $most KiB"
    ((most < 4096))
    script pre <<<"exec $HELPERS/flood kinds 3000"
    learn -- "$WORK/s/pre"
    same "$status" 20
    said 'more than 2048 kinds of calls'
    [[ ! -e $POLICY ]]
}

@test "killed with -9 in the middle, whoever it is: nothing is left running" {
    local victim pid
    mkfifo "$WORK/learning"
    script pre <<<"$HELPERS/escape daemon learn-killed; echo there >$WORK/learning; exec $HELPERS/escape stay learn-killed"
    for victim in front learn keeper; do
        "$QUIESCE" policy learn --base default -o "$POLICY" -- "$WORK/s/pre" >"$OUT" 2>"$ERR" 3>&- &
        FRONT=$!
        read -r -t 60 <"$WORK/learning"
        case $victim in
        front) pid=$FRONT ;;
        learn) pid=$(pgrep --parent "$FRONT" quiesce-learn) ;;
        keeper) pid=$(pgrep --parent "$(pgrep --parent "$FRONT" quiesce-learn)" quiesce-learn) ;;
        esac
        kill -KILL "$pid"
        await_run
        echo "$victim: status $status, $(tail -n 1 "$ERR")"
        [[ $victim == front ]] || same "$status" 70
        no_roles
        gone learn-killed
        [[ ! -e $POLICY ]]
    done
    quiesce_do policy learn -- "$WORK/s/post" # sweeps what the killed front left
    same "$status" 0
}

@test "nothing of the caller's reaches the script" {
    exec {pipe}<>"$WORK/held"
    script pre <<<"ls -l /proc/self/fd; cat /proc/self/stat | cut -d' ' -f7"
    command script -qec "$QUIESCE policy learn -o $POLICY -- $WORK/s/pre" /dev/null >"$OUT" </dev/null
    not grep -E "held|/dev/pts" "$OUT"
    grep -qx $'0\r' "$OUT" # no terminal
}

@test "the one program that answers with 'continue' is part of no run" {
    cd "$BATS_TEST_DIRNAME/../.."
    same "$(grep -rlE 'NOTIF_FLAG_CONTINUE *:|\.flags *=.*NOTIF' src | sort)" src/learn/denials.c
    not grep -q quiesce-learn src/front/roles.c src/monitor/*.c src/launcher/*.c
}
