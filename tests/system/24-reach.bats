#!/usr/bin/env bats
# Whom a hook reaches.  (Those that guard it: tests/attacks/28-keepers.bats.)

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

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
