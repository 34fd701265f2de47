#!/usr/bin/env bats
# A hook of uid 0 has no more ways to the processes that guard it than kill(2)
# gives it; what Landlock refuses on a newer kernel is refused on an older one, too.

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

# reaching MODE: every way of that mode, for each role and, of processes, the front.
# POLICY decides; what was tried is in $TRIED.
reaching() {
    local role run numbers=
    mkfifo "$WORK/numbers" "$WORK/up"
    exec {NUMBERS}<>"$WORK/numbers"
    script pre <<<"echo >$WORK/up; read -r numbers <$WORK/numbers; exec $HELPERS/reach $1 \$numbers"
    configure "{\"quiesce\": {\"policy\": \"$POLICY\"}}"
    quiesce_run -- true &
    run=$!
    read -r _ <"$WORK/up"
    if [[ $1 == uid ]]; then
        numbers=$(seq "$BASE_UID" $((BASE_UID + 4)) | tr '\n' ' ')
    else
        for role in monitor guardian parser supervisor launcher; do
            numbers+=" $(role_pid $role)"
        done
        numbers+=" $(pgrep -x quiesce)"
    fi
    echo "$numbers" >&"$NUMBERS"
    wait "$run"
    TRIED=$(hook pre '.attempts[0].stdout.head')
    echo "$TRIED"
}

# refused COUNT WITH: all of them, COUNT times.
refused() {
    same "$(grep -cE " $2\$" <<<"$TRIED")" "$1"
    same "$(wc -l <<<"$TRIED")" "$1"
}

@test "default: CAP_SETUID does not make it one of the roles" {
    POLICY=default reaching uid
    refused 30 EPERM
}

@test "default: it becomes other users" {
    script pre <<<"exec $HELPERS/reach uid 33 65534"
    quiesce_run -- true
    same "$(hook pre '.attempts[0].stdout.head' | grep -c ' allowed$')" 12
}

@test "default: descriptors' owners, limits, the out-of-memory killer" {
    POLICY=default reaching pid
    refused 36 '(EPERM|EROFS)'
}

@test "strict: descriptors' owners, limits, the out-of-memory killer" {
    POLICY=strict reaching pid
    refused 36 '(EPERM|EROFS)'
}

@test "default: nothing of /proc can be written to, its own output can" {
    script pre <<<'for f in /proc/self/oom_score_adj /proc/sys/vm/drop_caches /proc/pressure/cpu; do
            (: >"$f") 2>/dev/null && echo "$f writable"
        done
        echo out >/dev/stdout; echo out >/proc/self/fd/1'
    quiesce_run -- true
    outcome applicationConsistent 0 0
    same "$(hook pre '.attempts[0].stdout.head')" $'out\nout'
}

# What listens for root does for root what it is asked to.
@test "a service of root's: default reaches it, strict does not" {
    local policy
    mkfifo "$WORK/listening"
    python3 -c 'import socket, sys
with socket.socket(socket.AF_UNIX) as s:
    s.bind("/run/service")
    s.listen()
    open(sys.argv[1], "w").close()
    while True:
        s.accept()[0].sendall(b"served")' "$WORK/listening" </dev/null >/dev/null 2>&1 3>&- &
    SERVICE=$!
    : <"$WORK/listening"
    script pre <<<'exec python3 -c "import socket
s = socket.socket(socket.AF_UNIX)
s.connect(\"/run/service\")
print(s.recv(6).decode())"'
    for policy in default strict; do
        configure "{\"quiesce\": {\"policy\": \"$policy\"}}"
        quiesce_run -- true
        said+=("$(hook pre '.attempts[0] | .stdout.head + .stderr.head')")
    done
    kill "$SERVICE"
    same "${said[0]}" served
    contains "${said[1]}" 'Operation not permitted'
    hook pre '.attempts[0].denied[].syscall' | grep -qx socket
}
