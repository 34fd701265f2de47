#!/usr/bin/env bats
# "quiesce policy test": tables in the interpreter and live, calls drawn at random.

load policy

# table ROW...: p.json allows read, refuses all else, and has these rows.
table() {
    small >p.json
    printf '%s\n' "$@" >p.tests
}

native_words() {
    table 'native read -> allow' 'native write 1 2 3 -> errno EPERM' 'native 470 -> errno ENOSYS' \
        'native ioctl 0 0xc0045877 -> kill'
    policy test --seed 3 p.json
    is 0
    says 'p.json: ok: 4 rows in the interpreter; 4 live; 100000 calls of seed 3, 100000 agreed'
    [[ ! -s err ]]
}

@test "a table that is right, as root and as another user" {
    native_words
    rm ./*
    as_nobody native_words
}

@test "a row that is wrong is said with file, line, expectation and answer" {
    table '# one is wrong' 'native read -> allow' 'native write 1 0xfff -> allow'
    policy test --tuples 10 p.json
    is 1
    says 'p.tests:3: native write 0x1 0xfff: expected allow, got errno EPERM in the interpreter and live'
    says 'p.json: FAILED: 2 rows in the interpreter, 1 wrong; 2 live, 1 wrong; 10 calls'
    cp "$PLACE"/policy/hooks/strict.* .
    sed -i 's/^native mount -> errno EPERM/native mount -> errno EACCES/' strict.tests
    policy test --tuples 0 strict.json p.json
    is 1
    says 'native mount: expected errno EACCES, got errno EPERM in the interpreter and live'
}

every_action() {
    printf '{"linux":{"seccomp":{"defaultAction":"SCMP_ACT_KILL","syscalls":[%s,%s,%s,%s,%s]}}}' \
        '{"names":["read"],"action":"SCMP_ACT_ALLOW"}' '{"names":["write"],"action":"SCMP_ACT_LOG"}' \
        '{"names":["close"],"action":"SCMP_ACT_TRAP"}' '{"names":["dup"],"action":"SCMP_ACT_KILL_PROCESS"}' \
        '{"names":["lseek"],"action":"SCMP_ACT_ERRNO","errnoRet":4094}' >p.json
    printf 'native %s\n' 'read -> allow' 'write -> log' 'close -> trap' 'dup -> kill' 'lseek -> errno 4094' \
        'exit_group -> kill_thread' 'rt_sigreturn -> kill_thread' 'exit -> kill_thread' >p.tests
    policy test p.json
    is 0
    says '8 live'
    # Each told apart from each other one.
    sed -i 's/kill_thread/kill/' p.tests
    policy test --tuples 0 p.json
    is 1
    says 'exit_group: expected kill, got kill_thread in the interpreter and live'
}

@test "every action is seen for what it is, as root and as another user" {
    every_action
    rm ./*
    as_nobody every_action
}

@test "calls that would end, replace or stop the process are made, and none is executed" {
    printf '{"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW"}}}' >p.json
    printf 'native %s -> allow\n' exit exit_group rt_sigreturn restart_syscall execve vfork clone3 pause \
        'kill 0xffffffffffffffff 9' 'rt_sigsuspend 0 8' 'reboot 0xfee1dead 0x28121969 0x1234567' gettimeofday time >p.tests
    policy test p.json
    is 0
}

@test "what this machine cannot be asked is counted" {
    table 'native read -> allow' 'arm read -> kill' 'native socketcall -> kill'
    policy test --tuples 0 --verbose p.json
    is 0
    says 'p.tests:1: native read: allow'
    says 'p.tests:2: arm read: kill, in the interpreter only'
    says '2 rows in the interpreter; 1 live, 1 cannot be made on this machine; 1 row of calls that it does not have passed over'
}

@test "the same seed draws the same calls; another one does not" {
    table 'native read -> allow'
    policy test p.json
    is 0
    local one
    one=$(grep -oE 'seed [0-9]+' out)
    policy test p.json
    [[ $(grep -oE 'seed [0-9]+' out) != "$one" ]]
    policy test --seed "${one#seed }" --tuples 1 p.json
    says "1 call of $one, 1 agreed"
}

@test "JSON is one object, and nothing else is on standard output" {
    table 'native read -> allow' 'native write -> kill' 'arm read -> kill'
    policy test --json --seed 9 --tuples 50 p.json
    is 1
    [[ $(jq -r '.passed, .documents[0].status, .documents[0].rows, .documents[0].rowsLive, .documents[0].wrongLive,
        .documents[0].seed, .documents[0].tuplesAgreed, .documents[0].wrongRows[0].line,
        .documents[0].wrongRows[0].live, (.documents | length)' out | tr '\n' ' ') == \
        'false 1 3 2 1 9 50 2 errno EPERM 1 ' ]]
    cp p.json q.json
    echo x >q.tests
    policy test --json --tuples 0 q.json p.json
    is 78
    [[ $(jq -r '.documents[0].status, .documents[1].status' out | tr '\n' ' ') == '78 1 ' ]]
}

@test "documents and tables that cannot be used" {
    small >p.json
    policy test p.json
    is 78
    errs 'p.tests: No such file or directory'
    : >p.tests
    policy test p.json
    is 78
    errs 'p.tests:0:0: the table has no row'
    printf 'native read -> allow\nnative raed -> allow' >p.tests
    policy test p.json
    is 78
    errs 'p.tests:2:8: no system call of this name'
    says 'p.json: FAILED: not tested'
    table 'native read -> allow'
    chmod 0600 p.tests
    as_nobody policy test p.json
    is 78
    errs 'p.tests: Permission denied'
    rm p.tests
    mkdir p.tests
    policy test p.json
    is 78
    errs 'p.tests: cannot be read: Is a directory'
    small '"x":1,' >p.json
    rmdir p.tests
    echo 'native read -> allow' >p.tests
    policy test p.json
    is 78
    errs 'p.json:1:2: x:'
}

hostile_tables() {
    small >p.json
    local what
    for what in binary line rows nul escape numbers twice; do
        case $what in
        binary) head -c 100000 "$PLACE/bin/quiesce" ;;
        line) head -c 1000000 /dev/zero | tr '\0' 'x' ;;
        rows) seq -f 'native read %.0f -> allow' 1000000 ;;
        nul) printf 'native read\0 -> allow\n' ;;
        escape) printf 'native re\x1b[31mad -> allow\n' ;;
        numbers) printf 'native 99999999999999999999 -> allow\nnative read 0x -> errno 5000\n' ;;
        twice) printf 'native read -> allow\nnative read -> kill\n' ;;
        esac >p.tests
        policy test p.json
        is 78
        clean err
        errs 'p.tests:'
        not says ': ok'
    done
    # No line feed at the end is no mistake.
    printf 'native read -> allow\nnative write -> allow' >p.tests
    policy test --tuples 0 p.json
    is 1
    says 'p.tests:2: native write: expected allow'
}

@test "hostile tables, as root and as another user" {
    hostile_tables
    rm ./*
    as_nobody hostile_tables
}

@test "hostile names" {
    local name=$'e\e[31m\xc2\x9b\u202e\xff'
    small >"$name.json"
    echo 'native read -> kill' >"$name.tests"
    policy test --tuples 0 "$name.json"
    is 1
    clean out
    says 'e\x1b[31m\u009b\u202e\xff.tests:1: native read: expected kill'
    policy test --tuples 0 --json "$name.json"
    is 1
    clean out
    jq -e '.documents[0].policy' out
    small >name
    echo 'native read -> allow' >name.tests
    policy test --tuples 0 name
    is 0
}

@test "usage" {
    table 'native read -> allow'
    local arguments
    for arguments in '' '--tuples p.json' '--tuples -1 p.json' '--tuples 1000000001 p.json' '--seed x p.json' \
        '--seed 4294967296 p.json' '--tuples= p.json' '--seed 99999999999999999999 p.json' '--bpf p.json' '-o x p.json'; do
        # shellcheck disable=SC2086  # words
        policy test $arguments
        is 64
    done
    policy test --seed 0 --tuples 0 p.json
    is 0
    policy test --seed 4294967295 --tuples 1 p.json
    is 0
}

@test "nobody reads the output" {
    table 'native read -> allow'
    status=0
    "$PLACE/bin/quiesce" policy test p.json >&- 2>err || status=$?
    is 70
    status=0
    "$PLACE/bin/quiesce" policy test p.json >/dev/full 2>err || status=$?
    is 70
}

limited() {
    local limit
    for limit in '-t 3' '-f 64' '-v 60000' '-s 64'; do
        # shellcheck disable=SC2086  # words
        (ulimit $limit && policy test --tuples 1000 p.json && is 0) || { echo "ulimit $limit"; return 1; }
    done
    (ulimit -n 20 && policy test p.json && is 78 && errs 'p.json: the limit of open files is too low')
}

@test "a caller's lower limits hold" {
    table 'native read -> allow' 'native write -> errno EPERM'
    limited
    as_nobody limited
}

# What a loaded filter is asked is made by a process that has nothing: no right, no
# file, and no way to do what it asks for.
@test "the processes that make the calls have no rights" {
    printf '{"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW"}}}' >p.json
    printf 'native setuid 0 -> allow\n' >p.tests
    strace -f -qq -o trace -e trace=setuid,seccomp,setresuid "$PLACE/bin/quiesce" policy test --tuples 0 p.json
    grep -E 'setuid\(0\) += -1 ' trace
    not grep -E 'setuid\(0\) += 0' trace
    grep -qE "setresuid\\($((${QUIESCE_BASE_UID:-64800} + 5)), .*= 0" trace
}

# The processes that make the calls are the ones with a second thread.
@test "processes that are killed are started again, or the test fails" {
    table 'native read -> allow' 'native write -> errno EPERM'
    "$PLACE/bin/quiesce" policy test --tuples 3000000 p.json >out 2>err &
    local front=$! worker='' child kills=0
    while kill -0 "$front" 2>/dev/null && ((kills < 3)); do
        [[ -n $worker ]] || worker=$(ps -o pid= --ppid "$front" | tr -d ' ')
        child=$(ps -o pid=,nlwp= --ppid "${worker:-0}" 2>/dev/null | awk '$2 == 2 {print $1}')
        if [[ -n $child ]] && kill -9 "$child" 2>/dev/null; then
            kills=$((kills + 1))
        fi
    done
    status=0
    wait "$front" || status=$?
    ((kills == 3))
    is 0
    says '3000000 agreed'
    status=0
    strace -f -qq -o trace -e trace=seccomp -e inject=seccomp:signal=KILL:when=1 \
        "$PLACE/bin/quiesce" policy test p.json >out 2>err || status=$?
    is 70
    not says ': ok'
}

# The filters that the programs carry are those of the documents whose tables are tested.
@test "the tables are of the filters that are in the programs" {
    local build=${QUIESCE_BUILD:-$SOURCE/build} role program filter code jt jf k
    for role in monitor guardian parser supervisor launcher; do
        sed "s/\<64800\>/${QUIESCE_BASE_UID:-64800}/" "$SOURCE/policy/roles/$role.json" | cmp - "$build/gen/$role.json"
        filter=
        while IFS=', ' read -r code jt jf k _; do
            printf -v filter '%s%02x%02x%02x%02x%s' "$filter" $((code & 255)) $((code >> 8)) "$jt" "$jf" \
                "${k:8:2}${k:6:2}${k:4:2}${k:2:2}"
        done < <("$build/tools/filter-table" "$build/gen/$role.json" | tr '{}' '  ')
        ((${#filter} > 400))
        program=$(od -A n -v -t x1 "$build/quiesce-$role" | tr -d ' \n')
        [[ $program == *"$filter"* ]] || { echo "$role"; return 1; }
    done
}

# unnoticed ROLE: in a directory of its own, the document without each call and each condition;
# what its table does not notice is shown.
unnoticed() {
    local role=$1 n=0 line
    local document=$PLACE/policy/roles/$role.json
    mkdir "$role"
    cd "$role" || return 1
    while read -r line; do
        n=$((n + 1))
        echo "$line" >"$role.$n.json"
        ln -s "${document%.json}.tests" "$role.$n.tests"
    done < <(jq -c '["linux", "seccomp", "syscalls"] as $at | getpath($at) as $all | range($all | length) as $i |
        (range($all[$i].names | length) as $k |
            delpaths([$at + [$i] + if $all[$i].names | length == 1 then [] else ["names", $k] end])),
        (range($all[$i].args // [] | length) as $k | delpaths([$at + [$i, "args", $k]]))' "$document")
    ((n > 15))
    policy test --tuples 0 --json "$role".*.json
    is 1
    jq -r '.documents[] | select(.status != 1) | .policy' out >unnoticed
    [[ ! -s unnoticed ]] || { cat "$(head -1 unnoticed)"; return 1; }
    [[ $(jq '.documents | length' out) == "$n" ]]
}

# What a table must notice: each call, and each condition, that is taken out of the document.
# The processes that are asked are waited for most of the time: all roles at once.
@test "no call and no condition of a role's filter is without a row" {
    local document pids=() pid LIMIT=180
    for document in "$PLACE"/policy/roles/*.json; do
        unnoticed "$(basename "$document" .json)" &
        pids+=($!)
    done
    ((${#pids[@]} == 5))
    for pid in "${pids[@]}"; do
        wait "$pid"
    done
}
