#!/usr/bin/env bats
# Every row of the contract's decision table: real scripts, a real ext4.
# C is continueBackupOnFailure, F is fsFreezeEnabled.

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

# Each script notes that it ran; the snapshot command notes what a writer sees.
setup() {
    fresh_work
    script pre <<<"echo pre >>$WORK/log"
    script post <<<"echo post >>$WORK/log"
    : >"$WORK/log"
}

snapshot=(/bin/sh -c 'if "$0/stall" blocked /mnt/m/a/probe 50; then echo frozen; else echo writable; fi >>"$1/log"'
    "$HELPERS" "$WORK")

# went "pre frozen post": what happened, in this order.
went() {
    local expected=${1:+$1 }
    same "$(tr '\n' ' ' <"$WORK/log")" "$expected"
    not_frozen "$MOUNT"
}

# ---- all well ------------------------------------------------------------------------

@test "all well, F: frozen, application-consistent" {
    quiesce_run -- "${snapshot[@]}"
    outcome applicationConsistent 0 0
    went "pre frozen post"
}

@test "all well, not F: not frozen, application-consistent" {
    configure '{"fsFreezeEnabled": false}'
    quiesce_run -- "${snapshot[@]}"
    outcome applicationConsistent 0 0
    went "pre writable post"
}

@test "vmbackup.conf says fsfreeze False: not frozen" {
    printf '[SnapshotThread]\nfsfreeze: False\n' >/etc/azure/vmbackup.conf
    chmod 0600 /etc/azure/vmbackup.conf
    quiesce_run -- "${snapshot[@]}"
    outcome applicationConsistent 0 0
    went "pre writable post"
}

@test "MountsToSkip leaves a mount unfrozen, and a run of that alone has nothing to freeze" {
    printf '[SnapshotThread]\nMountsToSkip: %s\n' "$MOUNT" >/etc/azure/vmbackup.conf
    chmod 0600 /etc/azure/vmbackup.conf
    quiesce_run -- "${snapshot[@]}"
    [[ $(cat "$WORK/log") != *frozen* ]]
    not_frozen "$MOUNT"
}

# ---- documents wrong: no script runs, snapshot frozen ------------------------------------

document_wrong() {
    outcome fileSystemConsistent "$1" 10
    went "frozen"
}

@test "304: host configuration cannot be parsed" {
    printf '[pre_post\n' >"$HOST_CONFIG"
    USE_HOST_CONFIG=1 quiesce_run -- "${snapshot[@]}"
    document_wrong 304
}

@test "305: plugin configuration cannot be parsed" {
    echo '{"preScriptLocation": }' >"$CONFIG"
    quiesce_run -- "${snapshot[@]}"
    document_wrong 305
}

@test "305: a value of the plugin configuration is wrong" {
    configure '{"timeoutInSeconds": "thirty"}'
    quiesce_run -- "${snapshot[@]}"
    document_wrong 305
}

@test "313: a host configuration that was named is missing" {
    USE_HOST_CONFIG=1 quiesce_run --host-config "$WORK/no-such.conf" -- "${snapshot[@]}"
    document_wrong 313
}

@test "314: host configuration writable by others" {
    host_configure "$CONFIG"
    chmod 0666 "$HOST_CONFIG"
    USE_HOST_CONFIG=1 quiesce_run -- "${snapshot[@]}"
    document_wrong 314
}

@test "315: host configuration not owned by root" {
    host_configure "$CONFIG"
    chown nobody "$HOST_CONFIG"
    USE_HOST_CONFIG=1 quiesce_run -- "${snapshot[@]}"
    document_wrong 315
}

@test "316: plugin configuration missing" {
    rm "$CONFIG"
    quiesce_run -- "${snapshot[@]}"
    document_wrong 316
}

@test "317: plugin configuration readable by others" {
    chmod 0640 "$CONFIG"
    quiesce_run -- "${snapshot[@]}"
    document_wrong 317
}

@test "317: a directory above it writable by others, sticky or not" {
    mkdir -m 1777 "$WORK/open"
    configure '{}' "$WORK/open/plugin.json"
    quiesce_run --config "$WORK/open/plugin.json" -- "${snapshot[@]}"
    document_wrong 317
}

@test "318: plugin configuration not owned by root" {
    chown nobody "$CONFIG"
    quiesce_run -- "${snapshot[@]}"
    document_wrong 318
}

@test "no host configuration at the default place: the default plugin alone is looked for" {
    configure '{}' /etc/azure/VMSnapshotScriptPluginConfig.json
    USE_HOST_CONFIG=1 quiesce_run -- "${snapshot[@]}"
    outcome applicationConsistent 0 0
    expect '.hooks[0].plugin' ScriptRunner
    went "pre frozen post"
}

# ---- a script refused: neither runs; the snapshot only with C -------------------------------

script_refused() {
    if [[ $2 == C ]]; then
        outcome fileSystemConsistent "$1" 10
        went "frozen"
    else
        outcome none "$1" 20
        went ""
    fi
}

# refuse CODE PHASE COMMAND...: both with and without C, COMMAND having spoilt the script.
refuse() {
    local code=$1
    shift
    "$@"
    configure '{"continueBackupOnFailure": true}'
    quiesce_run -- "${snapshot[@]}"
    script_refused "$code" C
    configure '{"continueBackupOnFailure": false}'
    : >"$WORK/log"
    quiesce_run -- "${snapshot[@]}"
    script_refused "$code" ''
}

@test "302: pre-script missing" {
    refuse 302 rm "$WORK/s/pre"
}

@test "303: post-script missing" {
    refuse 303 rm "$WORK/s/post"
}

@test "303: the template's empty locations are missing scripts; of two codes the weightier counts" {
    configure '{"preScriptLocation": "", "postScriptLocation": ""}'
    quiesce_run -- "${snapshot[@]}"
    outcome fileSystemConsistent 303 10
    went "frozen"
}

@test "306: pre-script open to the group" {
    refuse 306 chmod 0750 "$WORK/s/pre"
}

@test "306: pre-script not owned by root" {
    refuse 306 chown nobody "$WORK/s/pre"
}

@test "306: pre-script set-user-id" {
    refuse 306 chmod 4700 "$WORK/s/pre"
}

@test "306: pre-script not executable" {
    refuse 306 chmod 0600 "$WORK/s/pre"
}

@test "307: post-script open to others" {
    refuse 307 chmod 0701 "$WORK/s/post"
}

@test "307 over 306: a directory above both belongs to somebody else" {
    refuse 307 chown nobody "$WORK/s"
    chown root "$WORK/s"
}

@test "312: a pinned digest that does not match" {
    local extra
    for extra in true false; do
        : >"$WORK/log"
        configure "{\"continueBackupOnFailure\": $extra, \"quiesce\": {\"preScriptSha256\": \"$(printf '%064d' 0)\"}}"
        quiesce_run -- "${snapshot[@]}"
        script_refused 312 "$([[ $extra == true ]] && echo C)"
    done
}

@test "a pinned digest that matches" {
    configure "{\"quiesce\": {\"preScriptSha256\": \"$(sha256sum <"$WORK/s/pre" | cut -d' ' -f1)\",
        \"postScriptSha256\": \"$(sha256sum <"$WORK/s/post" | cut -d' ' -f1)\"}}"
    quiesce_run -- "${snapshot[@]}"
    outcome applicationConsistent 0 0
    same "$(hook pre .sha256)" "$(sha256sum <"$WORK/s/pre" | cut -d' ' -f1)"
}

# ---- the pre-script failed or timed out ---------------------------------------------------------

@test "300, C and F: post runs, frozen, file-system-consistent" {
    script pre <<<"echo pre >>$WORK/log; exit 3"
    quiesce_run -- "${snapshot[@]}"
    outcome fileSystemConsistent 300 10
    went "pre frozen post"
    same "$(hook pre '.attempts[0].exitCode')" 3
}

@test "300 by a signal, C and F" {
    script pre <<<"echo pre >>$WORK/log; kill -USR1 \$\$"
    quiesce_run -- "${snapshot[@]}"
    outcome fileSystemConsistent 300 10
    went "pre frozen post"
    same "$(hook pre '.attempts[0].signal')" 10
}

@test "308, C and F: post runs, frozen, file-system-consistent" {
    script pre <<<"echo pre >>$WORK/log; exec sleep 1000"
    configure '{"timeoutInSeconds": 1, "quiesce": {"killGraceSeconds": 0}}'
    quiesce_run -- "${snapshot[@]}"
    outcome fileSystemConsistent 308 10
    went "pre frozen post"
    same "$(hook pre '.attempts[0].timedOut')" true
}

@test "300, not C: post runs, no snapshot" {
    script pre <<<"echo pre >>$WORK/log; exit 3"
    configure '{"continueBackupOnFailure": false}'
    quiesce_run -- "${snapshot[@]}"
    outcome none 300 20
    went "pre post"
}

@test "308, not C: post runs, no snapshot" {
    script pre <<<"echo pre >>$WORK/log; exec sleep 1000"
    configure '{"continueBackupOnFailure": false, "timeoutInSeconds": 1, "quiesce": {"killGraceSeconds": 0}}'
    quiesce_run -- "${snapshot[@]}"
    outcome none 308 20
    went "pre post"
}

@test "300, C but not F: post runs, no snapshot" {
    script pre <<<"echo pre >>$WORK/log; exit 3"
    configure '{"fsFreezeEnabled": false}'
    quiesce_run -- "${snapshot[@]}"
    outcome none 300 20
    went "pre post"
}

@test "310: the host's time for the pre-phase is up" {
    script pre <<<"echo pre >>$WORK/log; exec sleep 1000"
    configure '{"quiesce": {"killGraceSeconds": 0}}'
    HOST_TIMEOUT=1 host_configure "$CONFIG"
    USE_HOST_CONFIG=1 quiesce_run -- "${snapshot[@]}"
    outcome fileSystemConsistent 310 10
    went "pre frozen post"
}

# ---- the freeze failed ----------------------------------------------------------------------------

@test "121, crash-consistent not allowed: post runs, no snapshot, not thawed by us" {
    fsfreeze -f "$MOUNT"
    quiesce_run --allow-crash-consistent never -- "${snapshot[@]}"
    outcome none 121 21
    is_frozen "$MOUNT"
    fsfreeze -u "$MOUNT"
    went "pre post"
}

@test "freeze failed, crash-consistent always: snapshot taken, not thawed by us" {
    fsfreeze -f "$MOUNT"
    quiesce_run --allow-crash-consistent always -- /bin/sh -c "echo taken >>$WORK/log"
    outcome crashConsistent 1 11
    is_frozen "$MOUNT"
    fsfreeze -u "$MOUNT"
    went "pre taken post"
}

@test "freeze failed on the only disk, crash-consistent auto: snapshot taken" {
    fsfreeze -f "$MOUNT"
    quiesce_run -- /bin/sh -c "echo taken >>$WORK/log"
    outcome crashConsistent 1 11
    fsfreeze -u "$MOUNT"
    went "pre taken post"
}

# ---- deadline, snapshot command, front ---------------------------------------------------------------

@test "122: the deadline thaws while the snapshot command goes on" {
    script pre <<<'exit 0'
    hold --freeze-timeout 1
    # The deadline ends the freeze, the snapshot command is not over: what a writer sees.
    not_frozen "$MOUNT"
    release 0
    outcome none 122 22
    expect '.fileSystems[0].frozenSeconds | . > 0.9 and . < 10' true
    went "post"
}

@test "snapshot command failed: post runs" {
    quiesce_run -- /bin/sh -c "echo snapshot >>$WORK/log; exit 9"
    outcome none 1 23
    expect .name SnapshotCommandFailed .snapshot.exitCode 9
    went "pre snapshot post"
}

@test "snapshot command ended by a signal: post runs" {
    quiesce_run -- /bin/sh -c "echo snapshot >>$WORK/log; kill -KILL \$\$"
    outcome none 1 23
    expect .snapshot.signal 9
    went "pre snapshot post"
}

@test "snapshot command that does not exist" {
    quiesce_run -- /no/such/command
    outcome none 1 23
    went "pre post"
}

# ---- the post-script failed ----------------------------------------------------------------------------

@test "301, C: file-system-consistent" {
    script post <<<"echo post >>$WORK/log; exit 4"
    quiesce_run -- "${snapshot[@]}"
    outcome fileSystemConsistent 301 10
    went "pre frozen post"
}

@test "301, not C: none" {
    script post <<<"echo post >>$WORK/log; exit 4"
    configure '{"continueBackupOnFailure": false}'
    quiesce_run -- "${snapshot[@]}"
    outcome none 301 20
    went "pre frozen post"
}

@test "309: with and without C" {
    script post <<<"echo post >>$WORK/log; exec sleep 1000"
    configure '{"timeoutInSeconds": 1, "quiesce": {"killGraceSeconds": 0}}'
    quiesce_run -- "${snapshot[@]}"
    outcome fileSystemConsistent 309 10
    configure '{"timeoutInSeconds": 1, "quiesce": {"killGraceSeconds": 0}, "continueBackupOnFailure": false}'
    quiesce_run -- "${snapshot[@]}"
    outcome none 309 20
    went "pre frozen post pre frozen post"
}

@test "311: the host's time for the post-phase is up" {
    script post <<<"echo post >>$WORK/log; exec sleep 1000"
    configure '{"quiesce": {"killGraceSeconds": 0}}'
    HOST_TIMEOUT=1 host_configure "$CONFIG"
    USE_HOST_CONFIG=1 quiesce_run -- "${snapshot[@]}"
    outcome fileSystemConsistent 311 10
    went "pre frozen post"
}

# ---- several plugins ---------------------------------------------------------------------------------------

@test "several plugins: the worst outcome counts" {
    script pre2 <<<"exit 5"
    configure '{"pluginName": "good"}' "$WORK/one.json"
    configure "{\"pluginName\": \"bad\", \"preScriptLocation\": \"$WORK/s/pre2\"}" "$WORK/two.json"
    host_configure "$WORK/one.json" "$WORK/two.json"
    USE_HOST_CONFIG=1 quiesce_run -- "${snapshot[@]}"
    outcome fileSystemConsistent 300 10
    expect '[.hooks[] | select(.plugin == "bad" and .phase == "pre").attempts[0].exitCode] | first' 5
    went "pre frozen post post"
}

@test "several plugins: F is false if any says so" {
    configure '{}' "$WORK/one.json"
    configure '{"fsFreezeEnabled": false}' "$WORK/two.json"
    host_configure "$WORK/one.json" "$WORK/two.json"
    USE_HOST_CONFIG=1 quiesce_run -- "${snapshot[@]}"
    outcome applicationConsistent 0 0
    went "pre pre writable post post"
}

@test "several plugins: all pre-scripts run at the same time" {
    # Each waits for the other: one after another they would never end.
    mkfifo "$WORK/x" "$WORK/y"
    script first <<<"echo >$WORK/x; read _ <$WORK/y || true"
    script second <<<"read _ <$WORK/x || true; echo >$WORK/y"
    configure "{\"preScriptLocation\": \"$WORK/s/first\", \"timeoutInSeconds\": 10}" "$WORK/one.json"
    configure "{\"preScriptLocation\": \"$WORK/s/second\", \"timeoutInSeconds\": 10}" "$WORK/two.json"
    host_configure "$WORK/one.json" "$WORK/two.json"
    USE_HOST_CONFIG=1 quiesce_run -- "${snapshot[@]}"
    outcome applicationConsistent 0 0
    went "frozen post post"
}

# ---- what is not in the table --------------------------------------------------------------------------------

@test "78: vmbackup.conf wrong, so what to leave unfrozen is not known: nothing runs" {
    printf '[SnapshotThread]\ntimeout: soon\n' >/etc/azure/vmbackup.conf
    chmod 0600 /etc/azure/vmbackup.conf
    quiesce_run -- "${snapshot[@]}"
    same "$status" 78
    went ""
}

@test "a dry run runs nothing and freezes nothing" {
    quiesce_do run --json --dry-run --config "$CONFIG" --mount "$MOUNT" -- "${snapshot[@]}"
    same "$status" 0
    went ""
}

@test "without --json: lines on stderr for every step, nothing of it on stdout" {
    quiesce_do run --config "$CONFIG" --mount "$MOUNT" -- "${snapshot[@]}"
    same "$status" 0
    went "pre frozen post"
    [[ -s $ERR || -s $OUT ]]
}
