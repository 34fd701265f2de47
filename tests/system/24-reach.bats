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

# A user's own systemd and the engine of his containers listen below /run/user, and start
# for him outside of the sandbox what he asks for.
@test "what listens for a user: no policy of a database reaches it" {
    local policy
    mkfifo "$WORK/listening"
    mkdir -p /run/user/0
    python3 -c 'import socket, sys
with socket.socket(socket.AF_UNIX) as s:
    s.bind("/run/user/0/bus")
    s.listen()
    open(sys.argv[1], "w").close()
    while True:
        s.accept()' "$WORK/listening" </dev/null >/dev/null 2>&1 3>&- &
    SERVICE=$!
    : <"$WORK/listening"
    script pre <<<'exec python3 -c "import socket
s = socket.socket(socket.AF_UNIX)
print(s.connect_ex(\"/run/user/0/bus\"))"'
    for policy in default postgresql mariadb redis mongodb filesystem-tools; do
        configure "{\"quiesce\": {\"policy\": \"$policy\"}}"
        quiesce_run -- true
        said+=("$policy $(hook pre '.attempts[0].stdout.head')")
    done
    kill "$SERVICE"
    same "${said[*]}" 'default 0 postgresql 2 mariadb 2 redis 2 mongodb 2 filesystem-tools 2'
}
