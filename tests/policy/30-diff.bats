#!/usr/bin/env bats
# "quiesce policy diff": what one grants and the other does not, by what the filters answer.

load policy

# entry NAMES ACTION [ARGS [FURTHER-MEMBERS]]
entry() {
    printf '{"names":[%s],"action":"SCMP_ACT_%s","args":[%s]%s}' "$1" "$2" "${3-}" "${4-}"
}
equal() {
    printf '{"index":%d,"value":%d,"op":"SCMP_CMP_EQ"}' "$1" "$2"
}
# The text on one line.
folded() {
    tr -s ' \n' '  ' <out >line
    mv line out
}

@test "equal: status 0 and no word" {
    policy diff "$PLACE/policy/hooks/default.json" "$PLACE/policy/hooks/default.json"
    is 0
    [[ ! -s out && ! -s err ]]
    policy diff --json "$PLACE/policy/hooks/default.json" "$PLACE/policy/hooks/default.json"
    is 0
    jq -e '.equal and .onlyFirst == [] and .onlySecond == [] and .different == []' out
}

# Order, comments and the number of entries mean nothing; what the filter answers counts.
@test "the same rules in other words are equal" {
    small '' "$(entry '"read","write"' ALLOW),$(entry '"socket"' ALLOW "$(equal 0 1)")" >a.json
    small '"comment":"x",' "$(entry '"socket"' ALLOW '{"index":0,"value":4294967295,"valueTwo":1,"op":"SCMP_CMP_MASKED_EQ"}'),$(entry '"write"' ALLOW),$(entry '"read"' ALLOW)" >b.json
    policy diff a.json b.json
    is 0
}

@test "both directions, with an example" {
    small '' "$(entry '"read","chown"' ALLOW),$(entry '"socket"' ALLOW "$(equal 0 1)")" >a.json
    small '' "$(entry '"read","kill"' ALLOW),$(entry '"socket"' ALLOW "$(equal 0 16),$(equal 2 9)")" >b.json
    policy diff a.json b.json
    is 1
    folded
    says 'only a.json grants: calls chown; the other: refused with EPERM socket allowed if domain = AF_UNIX; the other: allowed if domain = AF_NETLINK and protocol = 9; for example socket(AF_UNIX, 0, 0) only b.json grants: calls kill; the other: refused with EPERM'
    says 'for example socket(AF_NETLINK, 0, 9)'
    not says 'read'
    policy diff --json a.json b.json
    is 1
    [[ $(jq -r '.onlyFirst[] | select(.what == "socket") | .text' out) == *'for example socket(AF_UNIX, 0, 0)' ]]
    [[ $(jq -r '[.onlyFirst, .onlySecond, .different | length] | @csv' out) == 2,2,0 ]]
}

@test "refused in another way" {
    small '' "$(entry '"read"' ALLOW),$(entry '"clone3"' ERRNO '' ',"errnoRet":38'),$(entry '"ptrace"' KILL_PROCESS)" >a.json
    small '' "$(entry '"read"' ALLOW)" >b.json
    policy diff a.json b.json
    is 1
    folded
    not says grants
    says 'calls clone3: refused with ENOSYS by the first, refused with EPERM by the second'
    says 'calls ptrace: killed by the first, refused with EPERM by the second'
}

@test "calls newer than one of them" {
    small '' "$(entry '"read","mseal"' ALLOW)" >a.json
    small '' "$(entry '"read"' ALLOW)" >b.json
    policy diff a.json b.json
    is 1
    folded
    says 'only a.json grants: calls mseal; the other: refused with ENOSYS'
    says 'refused with EPERM by the first, refused with ENOSYS by the second'
}

@test "rights beside calls" {
    small '"process":{"user":{"uid":7,"gid":8},"capabilities":{"bounding":["CAP_CHOWN","CAP_KILL"],"inheritable":["CAP_CHOWN"],"ambient":["CAP_CHOWN"]},
        "rlimits":[{"type":"RLIMIT_NOFILE","soft":10,"hard":20}],"env":["A=1","B=2"]},"root":{"readonly":true},
        "mounts":[{"destination":"/srv/x","type":"tmpfs"}],"annotations":{"org.quiesce.survivors":"forbid"},' >a.json
    sed -i 's/"seccomp"/"namespaces":[{"type":"network"},{"type":"ipc"},{"type":"uts"}],"maskedPaths":["\/proc\/keys"],"resources":{"pids":{"limit":9},"memory":{"limit":4194304,"reservation":1048576}},"seccomp"/' a.json
    small '"process":{"rlimits":[{"type":"RLIMIT_NOFILE","soft":10,"hard":10},{"type":"RLIMIT_CPU","soft":5,"hard":5}],"env":["B=2"]},' >b.json
    sed -i 's/"seccomp"/"readonlyPaths":["\/usr"],"resources":{"pids":{"limit":12}},"seccomp"/' b.json
    policy diff a.json b.json
    is 1
    folded
    says 'only a.json grants: capabilities CAP_CHOWN (change the owner of any file); CAP_KILL (signal processes of other users, in the bounding set only)'
    says 'limit seconds of CPU time: no limit of its own, the other 5'
    says 'limit open files: 10, up to 20, the other 10'
    says "processes and threads of all that it starts, root's too: 12, the other 9"
    says 'bytes of memory of all that it starts: no limit, the other 4194304'
    says 'bytes of memory that the kernel leaves it longer than others: 1048576, the other none'
    says 'only b.json grants: files writes wherever its user may'
    says 'processes a pre-script leaves processes running'
    says "network has the machine's network"
    says 'shares System V and POSIX IPC with the machine'
    says "shares the machine's host name"
    says 'sees what is below /proc/keys'
    says 'user 7:8 in the first, none in the second'
    says 'environment A=1 is set in the first only'
    says 'mounts private in the first only: /srv/x'
    not says 'B=2'
    # a is read-only as a whole: nothing is writable there that b protects.
    not says 'below /usr'
}

# What is read-only is so after a tmpfs of the policy's own has been mounted there.
@test "read-only above what is the policy's own" {
    local own='"root":{"readonly":true},"mounts":[{"destination":"/var/tmp","type":"tmpfs"}],'
    printf '{%s"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ERRNO"}}}' "$own" >a.json
    printf '{%s"linux":{"readonlyPaths":["/var"],"seccomp":{"defaultAction":"SCMP_ACT_ERRNO"}}}' "$own" >b.json
    printf '{%s"linux":{"readonlyPaths":["/va"],"seccomp":{"defaultAction":"SCMP_ACT_ERRNO"}}}' "$own" >c.json
    policy diff a.json b.json
    is 1
    folded
    says 'only a.json grants: files writes, as far as its user may, below /var'
    policy diff a.json c.json
    is 0
    policy show a.json
    folded
    says 'may write nowhere but in /tmp and in its own /var/tmp;'
    policy show b.json
    folded
    says 'may write nowhere but in /tmp;'
}

@test "one that cannot be used: status 78, nothing is said of differences" {
    small >a.json
    echo '{' >b.json
    policy diff a.json b.json
    is 78
    [[ ! -s out ]]
    errs 'b.json:'
    policy diff a.json absent
    is 78
    policy diff a.json
    is 64
}

@test "shipped policies differ, Podman's as well, as any user" {
    local a b
    for a in "$PLACE"/policy/hooks/*.json /usr/share/containers/seccomp.json; do
        b=$PLACE/policy/roles/parser.json
        as_nobody policy diff --json "$a" "$b"
        is 1
        clean out
        jq -e '.equal | not' out >/dev/null
    done
}
