# common.bash - what the system tests share.  Runs under tests/lib/isolate.
#
# A test describes a run: scripts with `script`, the plugin configuration with
# `configure`, then `quiesce_run`.  Results are in $status, $OUT (the JSON) and
# $ERR (standard error); `json` and `expect` look into them.  Whatever a test
# waits for is an event: a line on a FIFO, the end of a process.
# shellcheck shell=bash disable=SC2034,SC2119,SC2120,SC2016  # used by the tests; scripts are quoted

QUIESCE=/mnt/quiesce/quiesce
HELPERS=/mnt/helpers
BASE_UID=${QUIESCE_BASE_UID:-64800}
WORK=/mnt/t
OUT=$WORK/out.json
ERR=$WORK/err.txt
CONFIG=$WORK/plugin.json
HOST_CONFIG=/etc/azure/VMSnapshotPluginHost.conf
JOURNAL=/var/log/quiesce/journal.jsonl

# ---- file systems ----------------------------------------------------------------

declare -gA IMAGE_SIZE=([ext4]=64M [xfs]=300M [btrfs]=128M)

# new_fs TYPE NAME: a file system on a loop device, mounted at /mnt/m/NAME.
new_fs() {
    local image=${3:-/mnt/$2.img}
    truncate -s "${IMAGE_SIZE[$1]}" "$image"
    "mkfs.$1" -q "$image" >/dev/null
    mkdir -p "/mnt/m/$2"
    mount -o loop "$image" "/mnt/m/$2"
    # Writers open this file before a freeze; creating it then would block.
    head -c 4096 /dev/zero >"/mnt/m/$2/probe"
    sync -f "/mnt/m/$2"
}

# is_frozen MOUNT: by what a writer sees, so that nothing is changed.
is_frozen() {
    "$HELPERS/stall" blocked "$1/probe" "${2:-100}"
}

# writers_gone: whoever looked at a frozen file system has seen its thaw, and keeps none busy.
writers_gone() {
    local pid
    for pid in $(pgrep -x stall); do
        timeout 30 tail --pid="$pid" -f /dev/null
    done
}

# not_frozen MOUNT: a write is through as soon as the machine, which may be busy, gets to it.
not_frozen() {
    ! is_frozen "$1" 20000
}

# thaw_all: says what was frozen.  At the same time: an inner one cannot be thawed before the outer one
# that it is written to.
thaw_all() {
    local mount pids=()
    for mount in /mnt/m/*; do
        (fsfreeze --unfreeze "$mount" 2>/dev/null && echo "left frozen: $mount") 3>&- &
        pids+=($!)
    done
    wait "${pids[@]}" || true
}

# ---- before and after each test -----------------------------------------------------

fresh_work() {
    rm -rf "$WORK"
    mkdir -m 0755 "$WORK" "$WORK/s"
    rm -rf /run/quiesce /var/log/quiesce /etc/azure/*
    mkdir -m 0755 /run/quiesce /var/log/quiesce
    script pre <<<'exit 0'
    script post <<<'exit 0'
    configure
    EXPEDITED=$(cat /sys/kernel/rcu_expedited 2>/dev/null || echo none)
}

setup() {
    fresh_work
}

# After every test: nothing frozen, nothing running, no cgroup, the kernel's
# switch as it was.  A test that has not ended its own run fails here too.
leave_nothing() {
    local failed=0 mount
    if [[ -n ${FRONT-} ]]; then
        kill -KILL "$FRONT" 2>/dev/null || true
        FRONT=
    fi
    if thaw_all | grep .; then
        failed=1
    fi
    no_roles || failed=1
    no_cgroups || failed=1
    if [[ $(cat /sys/kernel/rcu_expedited 2>/dev/null || echo none) != "$EXPEDITED" ]]; then
        echo "rcu_expedited was not restored"
        failed=1
    fi
    if [[ -z ${BATS_TEST_COMPLETED-} ]]; then
        show
    fi
    return "$failed"
}

teardown() {
    leave_nothing
}

# Shows what a failed test saw.
show() {
    local file
    for file in "$OUT" "$ERR"; do
        [[ -s $file ]] || continue
        echo "--- ${file##*/}"
        if [[ $file == "$OUT" ]]; then
            jq -c 'del(.hooks[]?.attempts[]?.denied[20:]?)' "$file" 2>/dev/null | head -c 6000 || head -c 3000 "$file"
        else
            head -c 3000 "$file"
        fi
    done
}

# ---- describing a run -----------------------------------------------------------------

# script NAME [MODE] <TEXT: an executable script; #!/bin/sh is put before it if there is no #!.
script() {
    local file=$WORK/s/$1 text
    text=$(cat)
    [[ $text == '#!'* ]] || text=$'#!/bin/sh\n'$text
    rm -f "$file"
    printf '%s\n' "$text" >"$file"
    chmod "${2:-0700}" "$file"
}

# configure [JSON-OBJECT [FILE]]: the plugin configuration; members of the object replace the usual ones.
configure() {
    local extra=${1-} file=${2:-$CONFIG}
    rm -f "$file"
    if [[ -z $extra ]]; then
        printf '{"preScriptLocation": "%s/s/pre", "postScriptLocation": "%s/s/post"}\n' "$WORK" "$WORK" >"$file"
    else
        jq -n --argjson extra "$extra" --arg pre "$WORK/s/pre" --arg post "$WORK/s/post" \
            '{preScriptLocation: $pre, postScriptLocation: $post} + $extra' >"$file"
    fi
    chmod 0600 "$file"
}

# host_configure CONFIG...: a host configuration with one plugin for each.
host_configure() {
    local i=0 path
    {
        printf '[pre_post]\ntimeoutInSeconds: %d\nnumberOfPlugins: %d\n' "${HOST_TIMEOUT:-1800}" $#
        for path; do
            printf 'pluginName%d: plugin%d\npluginPath%d: /usr/bin/true\npluginConfigPath%d: %s\n' $i $i $i $i "$path"
            i=$((i + 1))
        done
    } >"$HOST_CONFIG"
    chmod 0600 "$HOST_CONFIG"
}

# ---- running it --------------------------------------------------------------------------

# What stands before quiesce on the command line: env, setpriv, ...
CALLER=()

# quiesce_do VERB ARGUMENT...: $status, $OUT, $ERR.  Never longer than a minute.
quiesce_do() {
    status=0
    timeout --kill-after=5 "${LIMIT:-60}" "${CALLER[@]}" "$QUIESCE" "$@" >"$OUT" 2>"$ERR" </dev/null 3>&- || status=$?
}

# quiesce_run [OPTION...] [-- SNAPSHOT...]: with the usual configuration and mount.
quiesce_run() {
    local options=()
    while (($# > 0)) && [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    if (($# > 0)); then
        shift
    fi
    local source=(--config "$CONFIG") mounts=(--mount "${MOUNT-}")
    [[ " ${options[*]} " == *" --config "* || -n ${USE_HOST_CONFIG-} ]] && source=()
    [[ " ${options[*]} " == *" --mount "* || -z ${MOUNT-} ]] && mounts=()
    quiesce_do run --json "${source[@]}" "${mounts[@]}" "${options[@]}" -- "${@:-true}"
}

# hold [OPTION...]: a run in the background whose snapshot command waits for
# `release`.  Returns when the file systems are frozen; FRONT is the run's pid.
hold() {
    # New ones: of an earlier run, whose snapshot command was ended, a line may be left.
    rm -f "$WORK/held" "$WORK/go"
    mkfifo -m 0600 "$WORK/held" "$WORK/go"
    # Opened for reading and writing: neither end waits for the other to open.
    exec {HELD}<>"$WORK/held" {GO}<>"$WORK/go"
    "${CALLER[@]}" "$QUIESCE" run --json --config "$CONFIG" --mount "$MOUNT" "$@" -- \
        /bin/sh -c 'echo $$ >"$0/held"; read -r verdict <"$0/go"; exit "$verdict"' "$WORK" \
        >"$OUT" 2>"$ERR" </dev/null 3>&- {HELD}>&- {GO}>&- &
    FRONT=$!
    if ! read -r -t 60 SNAPSHOT <&"$HELD"; then
        echo "the snapshot command was never started"
        return 1
    fi
}

# release [STATUS]: lets the snapshot command end and waits for the run: $status.
release() {
    echo "${1:-0}" >&"$GO"
    await_run
}

await_run() {
    await "$FRONT" 90
    status=0
    wait "$FRONT" || status=$?
    FRONT=
}

# await PID SECONDS: until it has ended (also when it is nobody's child any more).
await() {
    timeout "$2" tail --pid="$1" -s 0.05 -f /dev/null
}

# eventually SECONDS COMMAND...: until it succeeds; for what no event tells.
eventually() {
    local limit=$((SECONDS + $1))
    shift
    until "$@"; do
        if ((SECONDS > limit)); then
            echo "not even after a while: $*"
            return 1
        fi
        sleep 0.01
    done
}

# line_from FIFO: one line of an open descriptor, within a minute.
line_from() {
    read -r -t 60 LINE <&"$1"
}

# ---- processes ------------------------------------------------------------------------------

# role_pid ROLE: of the run FRONT.
role_pid() {
    local -A number=([monitor]=0 [guardian]=1 [parser]=2 [supervisor]=3 [launcher]=4)
    local pid
    for pid in $(pgrep --uid $((BASE_UID + ${number[$1]}))); do
        # The parser's children for single documents share its uid: take the oldest.
        echo "$pid"
        return 0
    done
    echo "no process of role $1" >&2
    return 1
}

# no_roles: none is left, as soon as those who are dying have died.
no_roles() {
    local pid
    for pid in $(pgrep --uid "$BASE_UID,$((BASE_UID + 1)),$((BASE_UID + 2)),$((BASE_UID + 3)),$((BASE_UID + 4))"); do
        if ! await "$pid" 20; then
            echo "left running: $(tr '\0' ' ' <"/proc/$pid/cmdline") (uid $(stat -c %u "/proc/$pid"))"
            return 1
        fi
    done
}

cgroup_root() {
    awk '$0 ~ / - cgroup2 / {print $5; exit}' /proc/self/mountinfo
}

no_cgroups() {
    local root left
    root=$(cgroup_root)
    [[ -n $root ]] || return 0
    left=$(find "$root" -mindepth 1 -type d -name '*quiesce*')
    if [[ -n $left ]]; then
        echo "cgroups left: $left"
        # Of another test's failure there must be nothing in this one's way.
        find "$root" -mindepth 1 -depth -type d -path '*quiesce*' -exec rmdir {} + 2>/dev/null || true
        return 1
    fi
}

# gone MARK: no process has MARK among its arguments.
gone() {
    "$HELPERS/escape" gone "$1"
}

# status_of PID KEY: a line of /proc/PID/status, blanks squeezed.
status_of() {
    awk -v key="$2:" '$1 == key {$1 = ""; sub(/^ /, ""); print}' "/proc/$1/status"
}

# ---- looking at results ------------------------------------------------------------------------

json() {
    jq -r "$1" "$OUT"
}

# expect EXPRESSION VALUE...: pairs; every one must hold.
expect() {
    local got program='' all='' i
    local -a pairs=("$@")
    (($# % 2 == 0)) || { echo "expect: no value for ${*: -1}"; return 1; }
    # All in one, for jq takes longer to start than to answer; if one does not hold, which.
    for ((i = 0; i < $#; i += 2)); do
        program+="${program:+, }(${pairs[i]}), \"\\u001e\""
        all+=${pairs[i + 1]}$'\n\x1e\n'
    done
    got=$(json "$program" 2>/dev/null && echo .)
    [[ $got != "$all." ]] || return 0
    while (($# > 0)); do
        got=$(json "$1")
        if [[ $got != "$2" ]]; then
            echo "$1 is '$got', not '$2'"
            return 1
        fi
        shift 2
    done
}

# outcome CONSISTENCY CODE EXIT: of the run that has just ended.
outcome() {
    if [[ $status != "$3" ]]; then
        echo "exit status $status, not $3"
        return 1
    fi
    expect .consistency "$1" .code "$2" .exitStatus "$3"
}

# hook PHASE FILTER: of the first plugin's hook.
hook() {
    jq -r --arg phase "$1" ".hooks[] | select(.phase == \$phase) | $2" "$OUT"
}

# not COMMAND...: fails if COMMAND succeeds.  ("! COMMAND" alone never fails a test.)
not() {
    ! "$@"
}

same() {
    if [[ $1 != "$2" ]]; then
        printf 'got:      %q\nexpected: %q\n' "$1" "$2"
        return 1
    fi
}

contains() {
    if [[ $1 != *"$2"* ]]; then
        printf 'no "%s" in: %s\n' "$2" "$1"
        return 1
    fi
}
