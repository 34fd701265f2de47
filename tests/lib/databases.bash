# databases.bash - throw-away database servers for tests.  Runs under tests/lib/isolate.
#
# Each server runs as its own user, on data that the test names, with its socket
# where Debian has it unless told otherwise:
#
#   postgres_start DATA [SOCKETS [SETTING=VALUE]...]    SOCKETS: a directory, /run/postgresql
#   mariadb_start  DATA [SOCKET [OPTION]...]            SOCKET: a file, /run/mysqld/mysqld.sock
#   redis_start    DATA [SOCKET [OPTION]...]            SOCKET: a file, /run/redis/redis-server.sock
#
# DATA that is not there is made, PostgreSQL's and MariaDB's from a template that
# is prepared once for a test file; what is there is used as it is, a copy for
# example, and recovers.  They return when the server answers, and set SERVER to
# its pid.  None listens on TCP unless an option says so.
#
#   server_stop PID [SIGNAL]      ends it and waits
#   sql_postgres SOCKETS QUERY    as the database's own superuser: bare values
#   sql_mariadb SOCKET QUERY
#   redis SOCKET COMMAND...
#
# Servers end with the isolation they were started in, if not before.
# shellcheck shell=bash disable=SC2034  # used by the tests

TEMPLATES=/mnt/templates
POSTGRES_BIN=$(find /usr/lib/postgresql /usr/bin -name initdb -printf '%h\n' 2>/dev/null | sort -V | tail -n 1)

# as USER COMMAND...: with the user's groups, nothing of root's environment.
as() {
    local user=$1
    shift
    setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups --reset-env -- env PATH="$PATH" "$@"
}

# place USER DIRECTORY [MODE]: a directory of that user, with what lies above it.
place() {
    mkdir -p "$(dirname "$2")"
    install -d -o "$1" -g "$1" -m "${3:-0755}" "$2"
}

# detached COMMAND...: executes it with nothing of ours open but 0, 1 and 2: bats
# waits for whoever holds one of its descriptors.
detached() {
    local fd
    for fd in "/proc/$BASHPID/fd"/*; do
        fd=${fd##*/}
        ((fd < 3)) || eval "exec $fd>&-"
    done
    exec "$@"
}

# server LOG READY USER COMMAND...: starts it; returns when its log says READY.  Sets LOG and SERVER.
server() {
    local log=$1 ready=$2 user=$3
    shift 3
    : >"$log"
    LOG=$log
    detached setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups --reset-env -- \
        env PATH="$PATH" "$@" >>"$log" 2>&1 </dev/null &
    SERVER=$!
    # tail ends with the server, with the time, or when it next has something to say.
    if ! grep -qm1 "$ready" < <(detached timeout 120 tail -n +1 -s 0.05 --pid="$SERVER" -f "$log" 2>/dev/null </dev/null); then
        echo "$1 did not start:"
        tail -n 20 "$log"
        return 1
    fi
}

# server_stop PID [SIGNAL]
server_stop() {
    kill "-${2:-TERM}" "$1"
    timeout 90 tail --pid="$1" -s 0.05 -f /dev/null
}

# ---- PostgreSQL --------------------------------------------------------------------

postgres_template() {
    [[ ! -d $TEMPLATES/postgres ]] || return 0
    place postgres "$TEMPLATES/postgres" 0700
    # Small segments: the whole cluster must fit into a small image.
    as postgres "$POSTGRES_BIN/initdb" --no-sync --no-instructions --auth=peer --encoding=UTF8 --locale=C \
        --wal-segsize=1 "$TEMPLATES/postgres" >"$TEMPLATES/postgres.log" 2>&1 3>&- ||
        { cat "$TEMPLATES/postgres.log"; return 1; }
}

postgres_start() {
    local data=$1 sockets=${2:-/run/postgresql} settings=() setting
    for setting in "${@:3}"; do
        settings+=(-c "$setting")
    done
    if [[ ! -d $data ]]; then
        postgres_template
        cp -a "$TEMPLATES/postgres" "$data"
    fi
    rm -f "$data/postmaster.pid" # of the server that a copy was made from
    place postgres "$sockets" 2775
    server "/mnt/postgres-${data//\//-}.log" "database system is ready to accept connections" postgres \
        "$POSTGRES_BIN/postgres" -D "$data" -k "$sockets" -c listen_addresses= -c shared_buffers=8MB \
        -c dynamic_shared_memory_type=mmap -c max_wal_size=8MB -c min_wal_size=2MB -c max_connections=20 "${settings[@]}"
}

# sql_postgres SOCKETS QUERY [DATABASE]
sql_postgres() {
    as postgres "$POSTGRES_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -h "$1" -c "$2" "${3:-postgres}"
}

# ---- MariaDB -------------------------------------------------------------------------

# What keeps it small: an image of 128 MiB is large enough.
MARIADB_OPTIONS=(--no-defaults --innodb-log-file-size=4M --innodb-buffer-pool-size=8M
    --innodb-data-file-path=ibdata1:10M:autoextend --innodb-doublewrite=ON --aria-log-file-size=8M
    --aria-pagecache-buffer-size=8M --key-buffer-size=1M --performance-schema=OFF --skip-name-resolve)

mariadb_template() {
    [[ ! -d $TEMPLATES/mariadb ]] || return 0
    place mysql "$TEMPLATES/mariadb" 0700
    # --auth-root-socket-user: root@localhost and mysql@localhost are who the socket says.
    as mysql mariadb-install-db "${MARIADB_OPTIONS[@]}" --datadir="$TEMPLATES/mariadb" --skip-test-db \
        --auth-root-authentication-method=socket --auth-root-socket-user=mysql \
        --innodb-flush-log-at-trx-commit=0 >"$TEMPLATES/mariadb.log" 2>&1 3>&- ||
        { cat "$TEMPLATES/mariadb.log"; return 1; }
}

mariadb_start() {
    local data=$1 socket=${2:-/run/mysqld/mysqld.sock}
    if [[ ! -d $data ]]; then
        mariadb_template
        cp -a "$TEMPLATES/mariadb" "$data"
    fi
    place mysql "$(dirname "$socket")"
    server "/mnt/mariadb-${data//\//-}.log" "ready for connections" mysql \
        mariadbd "${MARIADB_OPTIONS[@]}" --datadir="$data" --socket="$socket" --pid-file="$data/mariadbd.pid" \
        --tmpdir="$data" --skip-networking "${@:3}"
}

# sql_mariadb SOCKET QUERY [DATABASE]
sql_mariadb() {
    as mysql mariadb --no-defaults --socket="$1" -BN -e "$2" "${3:-mysql}"
}

# ---- Redis ---------------------------------------------------------------------------

redis_start() {
    local data=$1 socket=${2:-/run/redis/redis-server.sock}
    [[ -d $data ]] || place redis "$data" 0750
    place redis "$(dirname "$socket")" 2755
    server "/mnt/redis-${data//\//-}.log" "eady to accept connections" redis \
        redis-server --dir "$data" --port 0 --unixsocket "$socket" --unixsocketperm 700 --daemonize no --save '' "${@:3}"
}

# redis SOCKET COMMAND...
redis() {
    local socket=$1
    shift
    as redis redis-cli -s "$socket" "$@"
}
