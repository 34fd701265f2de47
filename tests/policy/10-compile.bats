#!/usr/bin/env bats
# "quiesce policy compile": same bytes each time, all or nothing, whatever the document.

load policy

compiles_all() {
    policy compile "$PLACE"/policy/hooks/*.json
    is 0
    local source
    for source in "$PLACE"/policy/hooks/*.json; do
        mv "$source.qpol" "$WORK/${source##*/}.1"
    done
    policy compile "$PLACE"/policy/hooks/*.json
    is 0
    for source in "$PLACE"/policy/hooks/*.json; do
        cmp "$source.qpol" "$WORK/${source##*/}.1"
        [[ $(stat -c '%a' "$source.qpol") == 644 ]]
        rm "$source.qpol"
    done
    [[ ! -s $WORK/out ]]
}

@test "the same bytes each time, as root and as another user" {
    compiles_all
    chmod 0777 "$PLACE/policy/hooks"
    local source
    mkdir roots
    mv ./*.json.1 roots
    as_nobody compiles_all
    for source in roots/*; do
        cmp "$source" "${source##*/}"
    done
}

@test "the header names digest and machine" {
    small >p.json
    policy compile p.json -o q
    is 0
    [[ $(head -c 7 q) == QPOLICY ]]
    [[ $(od -A n -t x1 -j 32 -N 32 q | tr -d ' \n') == "$(sha256sum p.json | cut -c 1-64)" ]]
}

@test "what cannot be used is said with file, line, column and key; the others are compiled" {
    small >good.json
    small '"hooks":{},' >bad.json
    policy compile bad.json good.json
    is 78
    errs 'bad.json:1:2: hooks: not implemented'
    [[ -e good.json.qpol && ! -e bad.json.qpol ]]
}

@test "the filter of a role is no hook's policy" {
    policy compile "$PLACE/policy/roles/parser.json" -o x
    is 78
    errs 'annotations.org.quiesce.role: is the filter of one of this program'
    [[ ! -e x ]]
}

@test "files that are none" {
    policy compile absent
    is 78
    errs 'absent: No such file or directory'
    policy compile /
    is 78
    errs '/: cannot be read: Is a directory'
    small >p.json
    chmod 0600 p.json
    as_nobody policy compile p.json
    is 78
    errs 'p.json: Permission denied'
}

@test "usage" {
    policy
    is 64
    policy compile
    is 64
    policy compile a b -o c
    is 64
    policy compile --help
    is 0
    says 'usage: quiesce policy compile'
}

hostile() {
    head -c 300000 /dev/zero | tr '\0' ' ' >huge.json
    head -c 100000 /dev/zero | tr '\0' '[' >deep.json
    printf '{"a\0b":1}' >nul.json
    printf '{"comment":"\xff\xfe"}' >utf8.json
    printf '{"\x1b]0;x\x07\xc2\x9b31m":1,"\\u001b[2J\\u202e":2,"\xe2\x80\xae":3}' >escape.json
    : >empty.json
    local file
    for file in huge deep nul utf8 escape empty; do
        policy compile $file.json
        is 78
        clean err
        errs "$file.json:"
        [[ ! -e $file.json.qpol ]]
    done
}

@test "hostile documents, as root and as another user" {
    hostile
    rm -f ./*
    as_nobody hostile
}

@test "hostile names" {
    local name=$'e\e[31m\xc2\x9b\u202e\xff.json'
    small >"$name"
    policy compile "$name"
    is 0
    [[ -e $name.qpol ]]
    small '"x":1,' >"$name"
    policy compile "$name"
    is 78
    clean err
    errs 'e\x1b[31m\u009b\u202e\xff.json:1:2: x:'
    policy compile $'\e[0m'
    is 78
    clean err
}

@test "a long line comes whole and harmless" {
    # Of the message one sees what fits into a finding; of the name all of it.
    local directory=$'\xf0\x9f\x98\x80'
    directory=$(printf "%.0s$directory" {1..60})
    mkdir -p "$directory/$directory/$directory/$directory"
    small '"x":1,' >"$directory/$directory/$directory/$directory/p.json"
    policy compile "$directory/$directory/$directory/$directory/p.json"
    is 78
    clean err
    errs "$directory/p.json:1:2: x:"
}

@test "no room, no right, no file: the old content stays" {
    small >p.json
    # What stands there is a device, not the caller's to replace.
    policy compile p.json -o /dev/full
    is 78
    errs '/dev/full: is no regular file'
    policy compile p.json -o absent/q
    is 78
    errs 'absent/q: cannot be written: No such file'
    mkdir mine
    chmod 0755 mine
    echo old >mine/q
    as_nobody policy compile p.json -o mine/q
    is 77
    [[ $(cat mine/q) == old ]]
    unshare -m sh -c 'mount -t tmpfs -o size=16k none mine && echo old >mine/q && "$0" policy compile p.json -o mine/q 2>err
        status=$?; cat mine/q >content; ls -A mine >names; exit $status' "$PLACE/bin/quiesce" || status=$?
    is 70
    errs 'No space left on device'
    [[ $(cat content) == old && $(cat names) == q ]]
}

# libseccomp's first socket is made by the process that reads the document.
@test "a reader that is killed is an error, and nothing is written" {
    small >p.json
    status=0
    strace -f -qq -o trace -e trace=socketpair -e inject=socketpair:signal=KILL \
        "$PLACE/bin/quiesce" policy compile p.json -o r >out 2>err || status=$?
    is 70
    errs 'p.json: the process that reads it was ended by SIGKILL'
    [[ ! -e r ]]
}

# After the empty root nothing is opened or executed; one filter is loaded, and of
# what comes after it nothing but the answer is left to do.
@test "the program is confined, and the reader behind a filter" {
    strace -f -qq -o trace -e trace=chroot,setgroups,setresuid,seccomp,open,openat,socket,execve,execveat,exit_group \
        "$PLACE/bin/quiesce" policy compile "$PLACE/policy/hooks/strict.json" -o r
    local front
    read -r front _ <trace
    grep -v "^$front " trace | sed '1,/chroot("\.")/d' >after
    grep -qE 'setgroups\(0, NULL\) += 0' after
    grep -qE "setresuid\\($((${QUIESCE_BASE_UID:-64800} + 5)), .*= 0" after
    not grep -E 'open|socket\(|exec' after
    [[ $(grep -cE 'seccomp\(SECCOMP_SET_MODE_FILTER.*= 0$' after) == 1 ]]
}

# Without privilege there is no other root, but nothing can be opened either where the kernel has Landlock.
@test "started by another user it is confined as far as that user can" {
    strace -f -qq -o trace -e trace=prctl,capset,landlock_create_ruleset,landlock_restrict_self,openat,chroot,setresuid \
        setpriv --reuid=65534 --regid=65534 --clear-groups "$PLACE/bin/quiesce" policy compile "$PLACE/policy/hooks/strict.json" -o r
    sed '1,/PR_SET_NO_NEW_PRIVS, 1.*= 0/d' trace >after
    grep -q 'PR_SET_DUMPABLE, SUID_DUMP_DISABLE' trace
    not grep -E '^[0-9]+ (chroot|setresuid)' after
    if ! grep -q 'landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) = -1' trace; then
        grep -q 'landlock_restrict_self([0-9]*, 0) *= 0' after
    fi
    local front
    read -r front _ <trace
    not grep openat <(grep -v "^$front " after)
    [[ -s r ]]
}

@test "in a user namespace of one id it works as for anybody else" {
    small >p.json
    AS=(unshare --user --map-root-user)
    policy compile p.json -o r
    is 0
    [[ -s r ]]
}

@test "killed while it writes: the old content stays" {
    small >p.json
    echo old >r
    status=0
    strace -f -qq -o trace -e trace=fsync -e inject=fsync:signal=KILL "$PLACE/bin/quiesce" policy compile p.json -o r || status=$?
    [[ $status == 137 && $(cat r) == old ]]
}

@test "the document is not overwritten" {
    small >p.json
    ln p.json other.json
    cp p.json before
    for name in p.json ./p.json other.json; do
        policy compile -o "$name" p.json
        is 64
        errs 'the policy cannot be its own output'
    done
    cmp p.json before
}

@test "argv and descriptors of anybody else" {
    local arguments
    for arguments in '' 'compile' 'compile --' 'nothing -- d:x' 'compile -- x' 'compile -- t:x' 'compile --bad -- d:x'; do
        status=0
        # shellcheck disable=SC2086  # words
        timeout 20 "$PLACE/bin/quiesce-policy" $arguments >out 2>err </dev/null || status=$?
        [[ $arguments == compile* && $status == 0 ]] || is 64
    done
}
