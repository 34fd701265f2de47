#!/usr/bin/env bats
# Files that somebody swaps, replaces, or writes to: configuration, scripts,
# journal, policies, programs; and names in /tmp.

load attacks

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

# ---- races ------------------------------------------------------------------------------

# swapped A B: the two are exchanged again and again while runs go on, at most 20,
# until something runs that nobody has verified ($WORK/evil is there).
# Every run either takes what passes the walk, or refuses.
swapped() {
    local swapper ran=0 refused=0 i
    rm -f "$WORK/evil"
    "$HELPERS/exchange" "$1" "$2" 3>&- &
    swapper=$!
    for ((i = 0; i < 20; i++)); do
        quiesce_run -- true
        case $(json .consistency) in
        applicationConsistent) ran=$((ran + 1)) ;;
        fileSystemConsistent) refused=$((refused + 1)) ;;
        *) break ;;
        esac
        [[ ! -e $WORK/evil ]] || break
    done
    kill "$swapper"
    wait "$swapper" || true
    echo "ran $ran times, refused $refused times"
    [[ -e $WORK/evil ]] || ((i == 20 && ran > 0 && refused > 0))
}

script_raced() {
    script pre <<<'exit 0'
    script swap 0777 <<<"echo >$WORK/evil"
    swapped "$WORK/s/pre" "$WORK/s/swap" || return 1
    saw_if script-race test -e "$WORK/evil"
}

directory_raced() {
    mkdir -p "$WORK/s/d" "$WORK/s/e"
    script d/pre <<<'exit 0'
    script e/pre <<<"echo >$WORK/evil"
    chown nobody "$WORK/s/e"
    configure "{\"preScriptLocation\": \"$WORK/s/d/pre\"}"
    swapped "$WORK/s/d" "$WORK/s/e" || return 1
    chown root "$WORK/s/d" "$WORK/s/e"
    saw_if directory-race test -e "$WORK/evil"
}

# The attacker's document names a script of root's, with its own parameters.
configuration_raced() {
    script pre <<<'exit 0'
    script tool <<<"echo >$WORK/evil"
    configure
    configure "{\"preScriptLocation\": \"$WORK/s/tool\"}" "$WORK/theirs"
    chown nobody "$WORK/theirs"
    swapped "$CONFIG" "$WORK/theirs" || return 1
    saw_if configuration-race test -e "$WORK/evil"
}

# A link of somebody else's beside root's script, where only the link is theirs.
link_raced() {
    script pre <<<'exit 0'
    script tool <<<"echo >$WORK/evil"
    ln -sfn "$WORK/s/tool" "$WORK/s/link"
    chown -h nobody "$WORK/s/link"
    configure
    swapped "$WORK/s/pre" "$WORK/s/link" || return 1
    rm -f "$WORK/s/pre" "$WORK/s/link"
    saw_if link-race test -e "$WORK/evil"
}

@test "9 configuration, script, directory and link swapped while runs go on" {
    local attack
    for attack in script directory configuration link; do
        defended "${attack}_raced"
        weakened monitor:ownership "${attack}_raced"
    done
    record 9 script-race "a script swapped with one that others may write" "checked on the descriptor that is read" monitor:ownership
    record 9 directory-race "its directory swapped with somebody else's" "every directory of the path held and checked" monitor:ownership
    record 9 configuration-race "a configuration swapped with somebody else's" "checked on the descriptor that is read" monitor:ownership
    record 9 link-race "a script swapped with a link of somebody else's" "links are followed by us, root's alone" monitor:ownership
}

# secret_linked: a configuration that is another name of a file of root's, in a
# directory of an attacker's, who waits for a message with some of its bytes.
secret_linked() {
    rm -rf "$WORK/theirs" "$WORK/secret"
    mkdir "$WORK/theirs"
    echo '{"preScriptLocation": "/hunter2' >"$WORK/secret"
    chmod 0600 "$WORK/secret"
    ln "$WORK/secret" "$WORK/theirs/plugin.json"
    chown nobody "$WORK/theirs"
    quiesce_do check --json --config "$WORK/theirs/plugin.json" --mount "$MOUNT"
    same "$status" 78 || return 1
    not grep -q hunter2 "$OUT" "$ERR" || return 1
    # An error of its text has a line.
    saw_if secret-link test "$(json '[.findings[] | select(.file == "/mnt/t/theirs/plugin.json" and .line != null)] | length')" -gt 0
}

@test "9 a configuration that is another name of a file of root's" {
    defended secret_linked
    contains "$(json '.findings[0].message')" "$WORK/theirs"
    weakened monitor:ownership secret_linked
    record 9 secret-link "a hard link to a file of root's given as configuration" "directories above it are root's alone" monitor:ownership
}

# journal_planted COMMAND...: the journal's directory is an attacker's, where
# COMMAND has put something in the journal's place; root's file must stay as it is.
journal_planted() {
    rm -rf /var/log/quiesce /var/log/victim
    mkdir -m 0755 /var/log/quiesce
    echo root >/var/log/victim
    "${@:2}"
    chown -h nobody /var/log/quiesce "$JOURNAL"
    chown root /var/log/victim
    quiesce_run -- true
    expect .code 0 || return 1
    saw_if "$1" not same "$(cat /var/log/victim)" root
    rm -rf /var/log/quiesce /var/log/victim
}

@test "9 a link in the place of the journal" {
    defended journal_planted journal-link ln -s /var/log/victim "$JOURNAL"
    contains "$(json '.warnings | tostring')" "not recorded"
    defended journal_planted journal-name ln /var/log/victim "$JOURNAL"
    weakened front:ownership,front:links journal_planted journal-link ln -s /var/log/victim "$JOURNAL"
    weakened front:ownership journal_planted journal-name ln /var/log/victim "$JOURNAL"
    record 9 journal-link "a symbolic link where the journal should be" "O_NOFOLLOW; directory and file root's alone" front:ownership,front:links
    record 9 journal-name "another name of a file of root's as the journal" "directory and file root's alone, one name" front:ownership
    # A directory of root's in which such a link was left: each check alone holds.
    mkdir -m 0755 /var/log/quiesce
    mkfifo "$JOURNAL"
    quiesce_run -- true
    expect .code 0
    contains "$(json '.warnings | tostring')" "not recorded"
    rm -rf /run/quiesce
    mkdir -m 0777 /run/quiesce
    chmod 0777 /run/quiesce
    quiesce_run -- true
    same "$status" 70
    contains "$(cat "$OUT" "$ERR")" "root alone"
}

# ---- between check and use ------------------------------------------------------------------

# replaced: everything has been checked and the pre-script runs; then it and the
# post-script, and the directory of another plugin's, are replaced.
replaced() {
    mkdir -p "$WORK/s/d" "$WORK/s/e"
    rm -f "$WORK/started" "$WORK/swapped"
    mkfifo "$WORK/started" "$WORK/swapped"
    script pre <<<"echo >$WORK/started; read _ <$WORK/swapped; echo verified"
    script post <<<"echo verified"
    script d/post <<<"echo verified"
    script evil <<<"echo replaced"
    script e/post <<<"echo replaced"
    configure '{}' "$WORK/one.json"
    configure "{\"preScriptLocation\": \"/usr/bin/true\", \"postScriptLocation\": \"$WORK/s/d/post\"}" "$WORK/two.json"
    script first <<<"exit 0"
    configure "{\"preScriptLocation\": \"$WORK/s/first\", \"postScriptLocation\": \"$WORK/s/d/post\"}" "$WORK/two.json"
    host_configure "$WORK/one.json" "$WORK/two.json"
    exec {STARTED}<>"$WORK/started" {SWAPPED}<>"$WORK/swapped"
    USE_HOST_CONFIG=1 quiesce_run -- true &
    local run=$!
    line_from "$STARTED" || return 1
    # Renamed over, written into, and a directory of the path exchanged.
    "$HELPERS/exchange" "$WORK/s/pre" "$WORK/s/evil" once
    cp "$WORK/s/pre" "$WORK/s/post"
    "$HELPERS/exchange" "$WORK/s/d" "$WORK/s/e" once
    echo >&"$SWAPPED"
    wait "$run"
    exec {STARTED}<&- {SWAPPED}<&-
    same "$(jq -r '[.hooks[].attempts[].stdout.head] | map(select(. != "")) | length' "$OUT")" 3 || return 1
    saw_if replaced grep -q replaced < <(jq -r '.hooks[].attempts[].stdout.head' "$OUT")
}

@test "10 scripts replaced between check and use" {
    defended replaced
    weakened launcher:reopen replaced
    record 10 replaced "a script, or its directory, replaced after the check" "a sealed copy is run; no path opened twice" launcher:reopen
}

# ---- from inside ---------------------------------------------------------------------------------

# altering POLICY: a hook of root's writes wherever it should not.
altering() {
    local programs=${QUIESCE%/*}
    policy "$1" . "$1"
    configure "{\"quiesce\": {\"policy\": \"$WORK/$1.json\"}}"
    quiesce_run -- true # so that there are a journal and a lock
    script pre <<<"
        $ATTACKS/write policies $programs/policy/
        $ATTACKS/write policies $programs/policy/default.json
        $ATTACKS/write policies $programs/policy/default.json.qpol
        $ATTACKS/write programs $programs/
        for program in quiesce quiesce-monitor quiesce-launcher; do
            $ATTACKS/write programs $programs/\$program
        done
        $ATTACKS/write journal /var/log/quiesce/
        $ATTACKS/write journal $JOURNAL
        $ATTACKS/write record /run/quiesce/
        $ATTACKS/write own-script \$0
        $ATTACKS/write documents /etc/azure/"
    quiesce_run -- true
    outcome applicationConsistent 0 0 || return 1
    saw_lines policies programs journal record own-script documents < <(hook pre '.attempts[0].stdout.head')
    # Of what an attack has made nothing is left for the next one.
    find "$programs" /var/log/quiesce /etc/azure -name attack -delete
}

@test "16 policies, programs, journal, record and script, from a hook of root's" {
    local attack
    local -A what=([policies]="policies, compiled or not" [programs]="the programs" [journal]="the journal and its directory"
        [record]="the directory of /run" [own-script]="the script that runs" [documents]="configurations")
    for attack in default strict; do
        defended altering "$attack"
        weakened readonly altering "$attack"
    done
    for attack in policies programs journal record own-script documents; do
        record 16 "$attack" "writing to ${what[$attack]}" "read-only in the hook's mount namespace" readonly
    done
}

# ---- names in /tmp -----------------------------------------------------------------------------------

# predictable: somebody has put a link where the hook writes without looking.
predictable() {
    local name=/tmp/quiesce-attack-$$
    rm -f "$name" "$name.left"
    echo root >"$WORK/victim"
    ln -s "$WORK/victim" "$name"
    script pre <<<"ls $name 2>/dev/null; echo secret >$name; echo left >$name.left"
    script post <<<"cat $name"
    quiesce_run -- true
    saw_if tmp-link not same "$(cat "$WORK/victim")" root
    saw_if tmp-seen test -e "$name.left"
    rm -f "$name" "$name.left"
    outcome applicationConsistent 0 0 || return 1
    same "$(hook post '.attempts[0].stdout.head')" secret
}

@test "26 a link of somebody else's in /tmp" {
    defended predictable
    weakened launcher:tmp predictable
    record 26 tmp-link "a link in /tmp where a hook writes" "a /tmp of its own" launcher:tmp
    record 26 tmp-seen "what a hook leaves in /tmp, seen by others" "a /tmp of its own" launcher:tmp
}
