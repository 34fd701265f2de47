#!/usr/bin/env bats
# What comes for databases, done as integrations/examples says: a real server whose
# clients write all the time, its scripts, configuration and policy, a copy of the
# frozen disk, and a second server that is started on the copy.

load ../lib/common
load ../lib/databases

eval "common_$(declare -f teardown)"

EXAMPLES=$BATS_TEST_DIRNAME/../../integrations/examples
POSTGRES=/run/postgresql
MARIADB=/run/mysqld/mysqld.sock
REDIS=/run/redis/redis-server.sock
ACKNOWLEDGED=/mnt/acknowledged

setup_file() {
    IMAGE_SIZE+=([ext4]=128M)
    new_fs ext4 postgresql
    new_fs xfs mariadb
    new_fs ext4 redis
    new_fs ext4 mongodb
    postgres_start /mnt/m/postgresql/data
    mariadb_start /mnt/m/mariadb/data
    redis_start /mnt/m/redis/data "$REDIS" --bind 127.0.0.1 --port 6379
    install -o nobody -g nogroup /dev/null /mnt/locks
    server /mnt/mongod.log ready nobody "$BATS_TEST_DIRNAME/../lib/mongod" 27017 /mnt/locks
}

setup() {
    fresh_work
    WRITER=
    SERVER=
}

teardown() {
    local bad=0
    [[ -z $WRITER ]] || kill -- "-$WRITER" 2>/dev/null || true
    [[ -z $SERVER ]] || server_stop "$SERVER"
    if mountpoint -q /mnt/copy; then
        umount /mnt/copy || bad=1
    fi
    common_teardown || bad=1
    return $bad
}

# ---- a run of an example ---------------------------------------------------------

# example NAME [JQ-FILTER]: installed as its page says; the filter changes the configuration.
example() {
    NAME=$1
    MOUNT=/mnt/m/$1
    CONFIG=/etc/azure/VMSnapshotScriptPluginConfig.json
    install -d -m 0755 "/etc/azure/$1"
    install -m 0700 "$EXAMPLES/$1/pre-script" "$EXAMPLES/$1/post-script" "/etc/azure/$1"
    jq "${2:-.}" "$EXAMPLES/$1/plugin.json" >"$CONFIG"
    chmod 0600 "$CONFIG"
}

# under POLICY: the example's configuration, with another policy.
under() {
    jq --arg policy "$1" '.quiesce.policy = $policy' "$CONFIG" >"$WORK/config"
    cat "$WORK/config" >"$CONFIG"
}

# without CALL...: the example's policy, but for these calls.
without() {
    jq '.linux.seccomp.syscalls |= (map(.names -= $ARGS.positional) | map(select(.names != [])))' \
        "/mnt/quiesce/policy/$NAME.json" --args "$@" >"$WORK/policy.json"
    chmod 0600 "$WORK/policy.json"
    under "$WORK/policy.json"
}

# writing STATEMENT USER CLIENT...: a client in the background, to which STATEMENT
# is said with 1, 2, ... for each &, and whose answers are the numbers that it was
# acknowledged.  Returns when it has come to 20.
writing() {
    local user=$2
    : >"$ACKNOWLEDGED"
    detached setsid sh -c 'seq 1000000 | sed "s/.*/$1/" | (shift && exec "$@")' sh "$1" \
        setpriv --reuid "$user" --regid "$user" --init-groups --reset-env "${@:3}" \
        >"$ACKNOWLEDGED" 2>/mnt/writer.log </dev/null &
    WRITER=$!
    reaches 20
}

# reaches NUMBER: it has been acknowledged.
reaches() {
    grep -qxm1 "$1" < <(detached timeout 60 tail -n +1 -s 0.02 -f "$ACKNOWLEDGED" 2>/dev/null </dev/null)
}

# snapshot [COMMAND]: a run whose snapshot command copies the disk, then what has been
# acknowledged until then; COMMAND is a shell's.  AT is the last of it.
snapshot() {
    quiesce_do run --json --mount "$MOUNT" -- /bin/sh -ec \
        'cp --sparse=always "$1" /mnt/copy.img; cp "$2" "$2.then"; eval "$3"' \
        sh "/mnt/$NAME.img" "$ACKNOWLEDGED" "${1-}"
    AT=$(tail -n 1 "$ACKNOWLEDGED.then")
    [[ -n $AT ]]
}

mount_copy() {
    mkdir -p /mnt/copy
    mount -o "loop${1-}" /mnt/copy.img /mnt/copy
}

# said PHASE: what the hook printed.
said() {
    hook "$1" '.attempts[-1] | .stdout.head + .stderr.head'
}

# denied PHASE: the names of the calls that were; clone3, for which libc has another, apart.
denied() {
    hook "$1" '[.attempts[].denied[]?.syscall] - ["clone3"] | unique | join(" ")'
}

# ---- PostgreSQL --------------------------------------------------------------------

@test "postgresql: every transaction acknowledged before the freeze is in the copy" {
    example postgresql
    sql_postgres $POSTGRES 'DROP TABLE IF EXISTS orders; CREATE TABLE orders (n integer PRIMARY KEY)'
    writing 'INSERT INTO orders VALUES (&) RETURNING n;' postgres psql -XAtq -h $POSTGRES
    snapshot
    outcome applicationConsistent 0 0
    contains "$(said pre)" 'begun at '
    contains "$(said post)" 'START WAL LOCATION'
    contains "$(said post)" 'ended at '
    same "$(denied pre)$(denied post)" ''
    mount_copy
    postgres_start /mnt/copy/data /mnt/copy-sockets
    grep -q 'database system was not properly shut down' "$LOG"
    local last
    last=$(sql_postgres /mnt/copy-sockets 'SELECT max(n) FROM orders')
    echo "acknowledged $AT, in the copy $last"
    ((last >= AT))
    same "$(sql_postgres /mnt/copy-sockets 'SELECT count(*) FROM orders')" "$last"
    reaches $((AT + 20))
}

@test "postgresql: one call taken away, and the run fails and names it" {
    example postgresql
    without connect
    quiesce_run -- true
    outcome none 300 20
    same "$(denied pre)" connect
    contains "$(said pre)" 'Operation not permitted'
}

@test "postgresql: not with the policy of another, nor with strict" {
    example postgresql
    under mariadb
    quiesce_run -- true
    outcome none 300 20
    contains "$(said pre)" '/run/postgresql/.s.PGSQL.5432" failed: No such file or directory'
    under strict
    quiesce_run -- true
    outcome none 300 20
    same "$(denied pre)" mknodat
}

@test "postgresql: a session that was cut off is an error, not a backup" {
    example postgresql
    quiesce_run -- /bin/sh -c "kill -KILL \$(pgrep -u postgres -x psql)"
    same "$status" 20
    contains "$(said post)" 'ended too early'
}

# As quiesce-policy(5) says: a copy without the namespace, with redis's families.  And
# as a role that may do nothing else.
@test "postgresql: over TCP with TLS and a password, once a policy of one's own says so" {
    local data=/mnt/m/postgresql/second
    jq -s '.[1].linux.seccomp.syscalls as $redis | .[0]
        | .linux.namespaces |= map(select(.type != "network"))
        | .linux.seccomp.syscalls += [$redis[] | select(.comment | startswith("AF_INET"))]' \
        /mnt/quiesce/policy/postgresql.json /mnt/quiesce/policy/redis.json >"$WORK/policy.json"
    chmod 0600 "$WORK/policy.json"
    cp -a "$TEMPLATES/postgres" $data
    as postgres openssl req -new -x509 -nodes -days 1 -subj /CN=test -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
        -out $data/server.crt -keyout $data/server.key 2>/dev/null
    echo 'hostssl all all 127.0.0.1/32 scram-sha-256' >$data/pg_hba.conf
    echo 'local all all peer' >>$data/pg_hba.conf
    postgres_start $data /mnt/second-sockets ssl=on listen_addresses=127.0.0.1 port=5433
    as postgres psql -Xqh /mnt/second-sockets -p 5433 -c "CREATE ROLE quiesce LOGIN PASSWORD 'secret'" \
        -c 'GRANT EXECUTE ON FUNCTION pg_backup_start, pg_backup_stop TO quiesce'
    install -o postgres -m 0600 /dev/stdin "$WORK/pgpass" <<<'127.0.0.1:5433:*:quiesce:secret'
    example postgresql '.quiesce.environment = {PGHOST: "127.0.0.1", PGPORT: "5433", PGSSLMODE: "require",
        PGUSER: "quiesce", PGDATABASE: "postgres", PGPASSFILE: "/mnt/t/pgpass"}'
    under "$WORK/policy.json"
    quiesce_run -- true
    outcome applicationConsistent 0 0
    contains "$(said post)" 'ended at '
    same "$(denied pre)$(denied post)" ''
    under postgresql
    quiesce_run -- true
    outcome none 300 20
    same "$(denied pre)" socket
}

# ---- MariaDB -------------------------------------------------------------------------

@test "mariadb: the lock is held while the copy is made, and no table needs repair" {
    example mariadb
    # One engine that recovers by itself, and one that only the lock keeps whole.
    sql_mariadb $MARIADB 'DROP DATABASE IF EXISTS shop; CREATE DATABASE shop;
        CREATE TABLE shop.orders (n INTEGER PRIMARY KEY) ENGINE=InnoDB;
        CREATE TABLE shop.trail (n INTEGER, KEY (n)) ENGINE=MyISAM'
    writing 'INSERT INTO shop.orders VALUES (&); INSERT INTO shop.trail VALUES (&); SELECT &;' \
        mysql mariadb --no-defaults -BN --unbuffered --socket=$MARIADB
    snapshot "setpriv --reuid mysql --clear-groups mariadb --no-defaults -BN --socket=$MARIADB -e 'SHOW PROCESSLIST' >/mnt/processes"
    outcome applicationConsistent 0 0
    contains "$(said pre)" 'locked by connection '
    same "$(said post)" unlocked
    same "$(denied pre)$(denied post)" ''
    grep -q 'Waiting for backup lock.INSERT' /mnt/processes || { cat /mnt/processes; false; }
    mount_copy ,nouuid
    mariadb_start /mnt/copy/data /mnt/copy-sockets/mysqld.sock
    same "$(sql_mariadb /mnt/copy-sockets/mysqld.sock 'CHECK TABLE shop.orders, shop.trail')" \
        $'shop.orders\tcheck\tstatus\tOK\nshop.trail\tcheck\tstatus\tOK'
    # What the client had been told, and nothing behind the lock: at most the first of
    # its two statements had been done.
    local orders trail
    orders=$(sql_mariadb /mnt/copy-sockets/mysqld.sock 'SELECT COUNT(*) FROM shop.orders')
    trail=$(sql_mariadb /mnt/copy-sockets/mysqld.sock 'SELECT COUNT(*) FROM shop.trail')
    echo "acknowledged $AT, in the copy $orders and $trail"
    ((orders - trail <= 1 && trail >= AT && orders <= AT + 1))
    reaches $((AT + 20))
}

@test "mariadb: one call taken away, and the run fails and names it" {
    example mariadb
    without recvfrom
    quiesce_run -- true
    outcome none 300 20
    same "$(denied pre)" recvfrom
}

@test "mariadb: not with the policy of another, nor with strict" {
    example mariadb
    under postgresql
    quiesce_run -- true
    outcome none 300 20
    contains "$(said pre)" "Can't connect to local server"
    under strict
    quiesce_run -- true
    outcome none 300 20
    same "$(denied pre)" mknodat
}

@test "mariadb: a lock that was lost too early is an error; as a user who may only lock" {
    sql_mariadb $MARIADB 'CREATE USER nobody@localhost IDENTIFIED VIA unix_socket; GRANT RELOAD ON *.* TO nobody@localhost'
    example mariadb '.quiesce.runAs = "nobody"'
    quiesce_run -- /bin/sh -c "kill -KILL \$(pgrep -u nobody -x mariadb)"
    same "$status" 20
    contains "$(said post)" 'ended too early'
}

# ---- Redis -----------------------------------------------------------------------------

# counting SOCKET: a client that counts; Redis answers with the number it has come to.
counting() {
    redis "$1" FLUSHALL
    writing 'INCR orders' redis stdbuf -oL redis-cli -s "$1"
}

@test "redis: the last key that was acknowledged is in the copy's RDB" {
    example redis
    counting $REDIS
    snapshot
    outcome applicationConsistent 0 0
    same "$(denied pre)$(denied post)" ''
    mount_copy
    redis_start /mnt/copy/data /mnt/copy-sockets/redis.sock
    same "$(redis /mnt/copy-sockets/redis.sock GET orders)" "$AT"
    reaches $((AT + 20))
}

@test "redis: and in the copy's append-only file; over a socket" {
    example redis '.preScriptParams = ["-s", "/run/redis/second.sock"] | .postScriptParams = .preScriptParams'
    redis_start /mnt/m/redis/data-aof /run/redis/second.sock --appendonly yes
    SECOND=$SERVER
    counting /run/redis/second.sock
    snapshot
    outcome applicationConsistent 0 0
    same "$(denied pre)$(denied post)" ''
    mount_copy
    redis_start /mnt/copy/data-aof /mnt/copy-sockets/redis.sock --appendonly yes
    same "$(redis /mnt/copy-sockets/redis.sock GET orders)" "$AT"
    reaches $((AT + 20))
    server_stop "$SECOND"
}

@test "redis: one call taken away, and the run fails and names it" {
    example redis
    without socket
    quiesce_run -- true
    outcome none 300 20
    contains " $(denied pre) " ' socket '
}

@test "redis: not with the policy of another, nor with strict" {
    local policy
    for policy in postgresql strict; do
        example redis
        under $policy
        quiesce_run -- true
        outcome none 300 20
        contains " $(denied pre) " ' socket '
    done
}

# ---- MongoDB -------------------------------------------------------------------------------

# Debian has neither its server nor its shell: here Python's driver, the real one, speaks
# to tests/lib/mongod, which knows no more than these commands and counts locks.
@test "mongodb: locked while the file system is frozen, unlocked afterwards" {
    example mongodb
    quiesce_run -- /bin/sh -c 'cat /mnt/locks >/mnt/locks.then'
    outcome applicationConsistent 0 0
    same "$(denied pre)$(denied post)" ''
    same "$(said pre)" 'locked; locks held: 1'
    same "$(cat /mnt/locks.then)" 1
    same "$(said post)" 'unlocked; locks held: 0'
    same "$(cat /mnt/locks)" 0
}

@test "mongodb: one call taken away, and the run fails and names it" {
    example mongodb '.preScriptNoOfRetries = 0 | .postScriptNoOfRetries = 0
        | .quiesce.environment.MONGODB_URI |= sub("MS=10000"; "MS=100")'
    without sendto
    quiesce_run -- true
    outcome none 300 20
    same "$(denied pre)" sendto
    same "$(cat /mnt/locks)" 0
}

@test "mongodb: not with the policy of another" {
    example mongodb '.preScriptNoOfRetries = 0 | .postScriptNoOfRetries = 0
        | .quiesce.environment.MONGODB_URI |= sub("MS=10000"; "MS=100")'
    under mariadb
    quiesce_run -- true
    outcome none 300 20
    contains " $(denied pre) " ' socket '
}

# ---- file systems ----------------------------------------------------------------------------

# subvolume: of a database's user, as they are: 0700 and not root's.
subvolume() {
    mountpoint -q /mnt/m/volumes || new_fs btrfs volumes
    example filesystem-tools '.preScriptParams = ["btrfs", "/mnt/m/volumes/data", "/mnt/m/volumes/snapshot"]
        | .postScriptParams = .preScriptParams'
    MOUNT=/mnt/m/volumes
    [[ -d $MOUNT/data ]] || btrfs subvolume create $MOUNT/data
    chown postgres $MOUNT/data
    chmod 0700 $MOUNT/data
    echo "$BATS_TEST_NAME" >$MOUNT/data/file
}

@test "filesystem-tools: a btrfs snapshot is there for the copy, and gone afterwards" {
    subvolume
    quiesce_run -- /bin/sh -ec 'cat "$0/snapshot/file"; btrfs property get "$0/snapshot" ro' $MOUNT
    outcome applicationConsistent 0 0
    same "$(denied pre)$(denied post)" ''
    grep -qx "$BATS_TEST_NAME" "$ERR"
    grep -qx 'ro=true' "$ERR"
    [[ ! -e $MOUNT/snapshot ]]
    btrfs subvolume snapshot -r $MOUNT/data $MOUNT/snapshot
    quiesce_run -- true
    outcome applicationConsistent 0 0
    same "$(denied pre)$(denied post)" ''
}

@test "filesystem-tools: sync of btrfs, xfs, ext4" {
    mountpoint -q /mnt/m/volumes || new_fs btrfs volumes
    example filesystem-tools '.preScriptParams = ["sync", "/mnt/m/volumes", "/mnt/m/mariadb", "/mnt/m/postgresql"]
        | .postScriptParams = ["sync"]'
    MOUNT=/mnt/m/volumes
    quiesce_run -- true
    outcome applicationConsistent 0 0
    same "$(denied pre)$(denied post)" ''
    under strict
    quiesce_run -- true
    outcome applicationConsistent 0 0
}

@test "filesystem-tools: one call or capability taken away, and the run fails and says which" {
    subvolume
    jq '.linux.seccomp.syscalls |= map(select(.comment | startswith("BTRFS_IOC_SNAP_CREATE_V2") | not))' \
        /mnt/quiesce/policy/filesystem-tools.json >"$WORK/policy.json"
    chmod 0600 "$WORK/policy.json"
    under "$WORK/policy.json"
    quiesce_run -- true
    outcome none 300 20
    same "$(denied pre)" ioctl
    jq '.process.capabilities |= with_entries(if (.value | type) == "array" then .value -= ["CAP_SYS_ADMIN"] else . end)' \
        /mnt/quiesce/policy/filesystem-tools.json >"$WORK/policy.json"
    quiesce_run -- true
    same "$status" 20
    contains "$(said post)" 'Operation not permitted'
    btrfs subvolume delete $MOUNT/snapshot
}

@test "filesystem-tools: not with a database's policy, nor with strict" {
    local policy
    subvolume
    for policy in postgresql strict; do
        under $policy
        quiesce_run -- true
        outcome none 300 20
        contains "$(said pre)" 'Permission denied'
    done
}

@test "filesystem-tools: it has CAP_SYS_ADMIN, and can freeze nothing all the same" {
    script pre <<<'xfs_freeze -f /mnt/m/postgresql || exit 3'
    configure '{"preScriptNoOfRetries": 0, "continueBackupOnFailure": false, "quiesce": {"policy": "filesystem-tools"}}'
    MOUNT=/mnt/m/mariadb
    quiesce_run -- true
    outcome none 300 20
    same "$(hook pre '.attempts[0].exitCode')" 3
    not_frozen /mnt/m/postgresql
}
