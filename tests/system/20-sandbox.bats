#!/usr/bin/env bats
# Each layer of the hook's sandbox, seen from inside the hook.

load ../lib/common

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a
SEEN=$WORK/seen

# inside COMMANDS: run as the pre-script under the policy $POLICY; what it prints
# is in $SEEN.  The run must succeed.
inside() {
    printf '%s\n' "$1" | script pre
    configure "{\"quiesce\": {\"policy\": \"${POLICY:-default}\" ${RUN_AS:+, \"runAs\": \"$RUN_AS\"}}}"
    quiesce_run -- true
    outcome applicationConsistent 0 0
    jq -j '.hooks[0].attempts[0].stdout.head' "$OUT" >"$SEEN"
}

# says LINE...: each is a line of what was printed.
says() {
    local line
    for line; do
        if ! grep -qxF -- "$line" "$SEEN"; then
            printf 'no line "%s" in:\n' "$line"
            cat "$SEEN"
            return 1
        fi
    done
}

# ---- identity ---------------------------------------------------------------------

@test "uid, gid and groups: root without supplementary groups" {
    inside 'id -u; id -G; grep -E "^(Uid|Gid|Groups):" /proc/self/status | tr -s "\t" " "'
    says 0 "Uid: 0 0 0 0" "Gid: 0 0 0 0"
    grep -qxE 'Groups: ?(0 )?' "$SEEN"
}

@test "runAs: uid, gid, groups and HOME of that user" {
    echo 'tester:x:4242:4343:Test:/mnt/t/home:/bin/sh' >>/etc/passwd
    printf 'tester:x:4343:\nextra:x:4344:other,tester\n' >>/etc/group
    RUN_AS=tester inside 'grep -E "^(Uid|Gid|Groups):" /proc/self/status | tr -s "\t" " "; echo "home $HOME"'
    says "Uid: 4242 4242 4242 4242" "Gid: 4343 4343 4343 4343" "home /mnt/t/home"
    grep -qxE 'Groups: ?(4343 )?4344 ?' "$SEEN"
}

@test "runAs a user without rights: the script runs though that user cannot read it" {
    RUN_AS=nobody inside 'id -u; cat "$0" | head -1'
    says 65534 '#!/bin/sh'
}

@test "runAs a user that does not exist: an error, nothing runs" {
    configure '{"quiesce": {"runAs": "no-such-user"}}'
    quiesce_run -- true
    outcome fileSystemConsistent 305 10
    contains "$(jq -c . "$OUT")" no-such-user
}

# ---- privilege: tests/attacks/05-identity.bats looks at the capability sets ------------------

@test "no_new_privs and a seccomp filter" {
    inside 'grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status'
    grep -qE '^NoNewPrivs:\s*1$' "$SEEN"
    grep -qE '^Seccomp:\s*2$' "$SEEN"
}

@test "securebits locked, no core dumps, pdeathsig" {
    inside "$HELPERS/self"
    local bits
    bits=$(awk '/^securebits/ {print $2}' "$SEEN")
    # NOROOT and its lock, NO_SETUID_FIXUP's lock, KEEP_CAPS' lock: linux/securebits.h
    same "$((bits & 0xab & (1 << 0 | 1 << 1 | 1 << 3 | 1 << 5)))" $((1 << 0 | 1 << 1 | 1 << 3 | 1 << 5))
    says "core 0 0"
}

# ---- what it inherits ------------------------------------------------------------------------

@test "descriptors: stdin at end of file, two pipes, nothing else" {
    inside "$HELPERS/self"
    same "$(grep -c '^fd ' "$SEEN")" 3
    says "stdin eof" "fd 0 /dev/null"
    grep -q '^fd 1 pipe:' "$SEEN"
    grep -q '^fd 2 pipe:' "$SEEN"
}

@test "own session, working directory /" {
    inside "echo \"shell \$\$\"; exec $HELPERS/self"
    local pid
    pid=$(awk '/^shell/ {print $2}' "$SEEN")
    says "pid $pid session $pid group $pid" "cwd /"
}

@test "environment of the configuration" {
    configure '{"quiesce": {"environment": {"PGPORT": "5433", "ODD": "a b=$c\"é"}}}'
    script pre <<<"exec $HELPERS/self environ"
    quiesce_run -- true
    outcome applicationConsistent 0 0
    jq -j '.hooks[0].attempts[0].stdout.head' "$OUT" >"$SEEN"
    says 'PGPORT=5433' 'ODD=a b=$c"é'
}

# ---- the mount namespace ----------------------------------------------------------------------

@test "default: /usr, /boot, /etc and our own files are read-only, other places are not" {
    inside "for d in /usr /etc /mnt/quiesce /var/log/quiesce /run/quiesce; do
            if touch \"\$d/x\" 2>/dev/null; then echo \"\$d writable\"; rm -f \"\$d/x\"; else echo \"\$d refused\"; fi
        done
        if touch $WORK/x; then echo other writable; fi"
    says "/usr refused" "/etc refused" "/mnt/quiesce refused" "/var/log/quiesce refused" "/run/quiesce refused" "other writable"
}

@test "strict: everything is read-only but private temporary directories" {
    POLICY=strict inside "for d in / /usr /etc /var /mnt $WORK /run /dev /sys/fs/cgroup; do
            if touch \"\$d/x\" 2>/dev/null; then echo \"\$d writable\"; rm -f \"\$d/x\"; fi
        done
        touch /tmp/x && echo tmp writable"
    same "$(cat "$SEEN")" "tmp writable"
}

@test "/tmp is private, and shared between pre and post of one run" {
    : >/tmp/outside-$$
    script pre <<<'ls -A /tmp | wc -l; echo left >/tmp/from-pre'
    script post <<<'cat /tmp/from-pre'
    quiesce_run -- true
    rm /tmp/outside-$$
    outcome applicationConsistent 0 0
    same "$(hook pre '.attempts[0].stdout.head')" 0
    same "$(hook post '.attempts[0].stdout.head')" left
    [[ ! -e /tmp/from-pre ]]
    quiesce_run -- true
    same "$(hook pre '.attempts[0].stdout.head')" 0
}

@test "/tmp is not shared between plugins" {
    mkfifo "$WORK/x"
    script first <<<"echo a >/tmp/a; echo >$WORK/x"
    script second <<<"read _ <$WORK/x; test ! -e /tmp/a"
    configure "{\"preScriptLocation\": \"$WORK/s/first\", \"timeoutInSeconds\": 10}" "$WORK/one.json"
    configure "{\"preScriptLocation\": \"$WORK/s/second\", \"timeoutInSeconds\": 10}" "$WORK/two.json"
    host_configure "$WORK/one.json" "$WORK/two.json"
    USE_HOST_CONFIG=1 quiesce_run -- true
    outcome applicationConsistent 0 0
}

@test "\$0 leads to the script's name, its siblings lie beside it, its own path is known" {
    echo 'sibling=here' >"$WORK/s/library.sh"
    inside '. "$(dirname "$0")/library.sh"; echo "${0##*/} $sibling $QUIESCE_SCRIPT"
        . "$(dirname "$(readlink -f "$0")")/library.sh" && echo resolved
        cd "$(dirname "$0")" && . "$PWD/library.sh" && echo entered'
    says "pre here $WORK/s/pre" resolved entered
}

@test "a hook of another user finds script and siblings below a directory of root's alone" {
    useradd -M quiesce-tester
    echo 'sibling=here' >"$WORK/s/library.sh"
    chmod 0700 "$WORK/s"
    POLICY=strict RUN_AS=quiesce-tester inside 'cat "$(dirname "$0")/library.sh" 2>/dev/null || echo refused; echo "${0##*/}"'
    chmod 0755 "$WORK/s"
    says refused pre
}

@test "a hook has the default devices and no disk" {
    inside 'for d in null zero full random urandom; do head -c 1 </dev/$d >/dev/null && echo $d; done
        find /dev/ -type b | wc -l'
    says null zero full random urandom 0
}

@test "nothing of /proc can be written to, a hook's own output can" {
    inside 'for f in /proc/self/oom_score_adj /proc/sys/vm/drop_caches /proc/pressure/cpu; do
            (: >"$f") 2>/dev/null && echo "$f writable"
        done
        echo out >/dev/stdout; echo out >/proc/self/fd/1'
    same "$(cat "$SEEN")" $'out\nout'
}

@test "a root hook cannot write to the copy that runs, nor to the script on the disk through it" {
    inside 'if (echo "# changed" >>"$0") 2>/dev/null; then echo written; else echo refused; fi'
    says refused
    same "$(tail -n 1 "$WORK/s/pre" | cut -c 1-2)" if
}

@test "mounts made while the hook runs do not come back to the machine" {
    inside 'grep -c " /tmp " /proc/self/mountinfo'
    not grep -q 'quiesce.* /tmp ' /proc/self/mountinfo
}

@test "the script is executed directly: its #! line is honoured" {
    inside '#!/usr/bin/awk -f
BEGIN { print "this is awk" }'
    says "this is awk"
}

@test "a script without #! gets /bin/sh" {
    printf 'echo "plain $1"\n' >"$WORK/s/pre"
    configure '{"preScriptParams": ["text"]}'
    quiesce_run -- true
    outcome applicationConsistent 0 0
    same "$(hook pre '.attempts[0].stdout.head')" "plain text"
}

@test "a compiled program is a script too" {
    install -m 0700 "$HELPERS/self" "$WORK/s/pre"
    quiesce_run -- true
    outcome applicationConsistent 0 0
    contains "$(hook pre '.attempts[0].stdout.head')" "fd 0 /dev/null"
}

# ---- cgroup -----------------------------------------------------------------------------------------

@test "own cgroup, another for each slot" {
    [[ -n $(cgroup_root) ]]
    script pre <<<'sed -n "s/^0:://p" /proc/self/cgroup'
    script post <<<'sed -n "s/^0:://p" /proc/self/cgroup'
    quiesce_run -- true
    local pre post
    pre=$(hook pre '.attempts[0].stdout.head')
    post=$(hook post '.attempts[0].stdout.head')
    contains "$pre" quiesce
    contains "$post" quiesce
    [[ $pre != "$post" ]]
}

# ---- seccomp -------------------------------------------------------------------------------------------

denied() {
    says "$@"
}

@test "known-denied calls are refused by the filter, not by the kernel" {
    inside "exec $HELPERS/attempt ptrace mount umount2 pivot_root setns unshare-user init_module kexec_load reboot swapon bpf \
        open_by_handle_at keyctl perf_event_open userfaultfd process_vm_readv settimeofday tiocsti tioclinux"
    local name
    for name in mount umount2 pivot_root setns init_module kexec_load reboot swapon bpf open_by_handle_at keyctl \
        perf_event_open userfaultfd unshare-user tiocsti tioclinux; do
        grep -qxE "$name (EPERM|ENOSYS|killed SYS)" "$SEEN" || { echo "$name:"; cat "$SEEN"; return 1; }
    done
}

@test "hostile calls kill: freezing, thawing, a foreign ABI, tracing others" {
    inside "exec $HELPERS/attempt fifreeze fithaw fifreeze-high int80 x32 ptrace"
    says "fifreeze killed SYS" "fithaw killed SYS" "fifreeze-high killed SYS" "ptrace killed SYS"
    [[ $(uname -m) != x86_64 ]] || says "int80 killed SYS" "x32 killed SYS"
    not_frozen "$MOUNT"
}

@test "high bits of an argument change nothing" {
    inside "exec $HELPERS/attempt tiocsti tiocsti-high"
    same "$(sed -n 's/^tiocsti //p' "$SEEN")" "$(sed -n 's/^tiocsti-high //p' "$SEEN")"
    not grep -qE 'ENOTTY|EBADF|allowed' "$SEEN"
}

@test "calls newer than the policy do not exist" {
    inside "exec $HELPERS/attempt newer clone3 io_uring"
    says "newer ENOSYS" "clone3 ENOSYS"
    grep -qxE "io_uring (EPERM|ENOSYS)" "$SEEN"
}

@test "a denied call stands in the report with its name, its arguments and the process's name" {
    inside "$HELPERS/attempt mount mount; true"
    jq -e '[.hooks[] | select(.phase == "pre").attempts[0].denied[]
        | select(.syscall == "mount" and .comm == "attempt")] | map(.count) | add == 2' "$OUT"
    jq -e '.hooks[] | select(.phase == "pre").attempts[0].denied[0].args | length == 6' "$OUT"
}

@test "an ordinary script with pipes, subshells and the usual tools has nothing denied" {
    inside 'set -e; x=$(ls / | sort -r | head -3 | wc -l); test "$x" = 3
        find /etc -maxdepth 1 -name "passwd*" | xargs grep -l root >/dev/null
        (sleep 0.01 & wait); awk "BEGIN { print 1 + 1 }"; date >/tmp/now; sync -f /tmp/now; tar -cf - /etc/hostname 2>/dev/null | wc -c >/dev/null'
    jq -e '[.hooks[].attempts[].denied[]?] | length == 0' "$OUT"
}

@test "what a database needs works: shared memory, sockets, signals to itself" {
    inside 'set -e; touch /dev/shm/quiesce-test; rm /dev/shm/quiesce-test
        sh -c "kill -TERM \$\$" || test $? -eq 143
        echo fine'
    says fine
}
