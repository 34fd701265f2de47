#!/usr/bin/env bats
# "quiesce policy lint": what is granted without a reason, and what is said without effect.

load policy

entry() {
    printf '{"names":[%s],"action":"SCMP_ACT_%s","args":[%s]%s}' "$1" "$2" "${3-}" "${4-}"
}
equal() {
    printf '{"index":%d,"value":%d,"op":"SCMP_CMP_EQ"}' "$1" "$2"
}
because=',"comment":"because of this and that"'

# finds TEXT ENTRIES [TOP-MEMBERS]: exactly one finding, and it says so.
finds() {
    small "${3-}" "$2" >p.json
    policy lint p.json
    is 1
    says "$1"
    [[ $(wc -l <out) == 1 ]] || { cat out; return 1; }
}
clean_lint() {
    small "${2-}" "$1" >p.json
    policy lint p.json
    is 0
    [[ ! -s out && ! -s err ]]
}

@test "the shipped hook policies are clean" {
    policy lint "$PLACE"/policy/hooks/*.json
    cat out
    is 0
    as_nobody policy lint "$PLACE"/policy/hooks/*.json
    is 0
}

# A hook's filter kills freezing whatever its policy says; a role's has nothing but its document.
@test "entries of a role's filter have an effect" {
    policy lint "$PLACE"/policy/roles/{guardian,parser,supervisor}.json
    not says 'changes nothing'
    not says 'or it can never hold'
}

@test "a dangerous call needs a comment, of its own" {
    finds 'p.json:1:77: linux.seccomp.syscalls[0].names[0]: mount changes what is mounted: it needs an entry with a comment that says why' \
        "$(entry '"mount"' ALLOW)"
    finds 'mount changes what is mounted: it needs an entry and a comment of its own, apart from read' "$(entry '"read","mount"' ALLOW '' "$because")"
    finds 'bpf loads programs into the kernel: it needs an entry and a comment of its own, apart from mount' \
        "$(entry '"mount","bpf"' ALLOW '' "$because")"
    finds 'ptrace reaches into other processes' "$(entry '"ptrace"' LOG)"
    finds 'it needs an entry with a comment' "$(entry '"mount"' ALLOW '' ',"comment":"yes"')"
    finds 'it needs an entry with a comment' "$(entry '"mount"' ALLOW '' ',"comment":"              "')"
    # An entry may have both "names" and "name".
    finds 'syscalls[0].name: mount changes what is mounted: it needs an entry with a comment' "$(entry '"read"' ALLOW '' ',"name":"mount"')"
    finds 'syscalls[0].name: mount changes what is mounted' "$(entry '' ALLOW '' ',"name":"mount"')"
    clean_lint "$(entry '"mount","umount2"' ALLOW '' "$because")"
    clean_lint "$(entry '"mount","bpf"' KILL_PROCESS)"
}

@test "what the filter as a whole refuses needs no reason" {
    small '' "$(entry '"kill","ptrace"' ALLOW),$(entry '"ptrace"' KILL_PROCESS)" >p.json
    policy lint p.json
    not says 'it needs an entry'
    # The entry is without effect, though.
    says 'the entry changes nothing for ptrace'
}

@test "arguments are looked at: namespaces, families, devices, requests" {
    local mask='{"index":0,"value":2114060288,"valueTwo":0,"op":"SCMP_CMP_MASKED_EQ"}'
    clean_lint "$(entry '"clone"' ALLOW "$mask")"
    finds 'clone makes or enters namespaces' "$(entry '"clone"' ALLOW)"
    clean_lint "$(entry '"socket"' ALLOW "$(equal 0 1)")"
    finds 'socket opens sockets beyond local ones and IP' "$(entry '"socket"' ALLOW "$(equal 0 16)")"
    finds 'socket reads and writes raw packets' "$(entry '"socket"' ALLOW "$(equal 0 2)")"
    clean_lint "$(entry '"socket"' ALLOW "$(equal 0 2),{\"index\":1,\"value\":15,\"valueTwo\":1,\"op\":\"SCMP_CMP_MASKED_EQ\"}")"
    finds 'ioctl types into a terminal' "$(entry '"ioctl"' ALLOW)"
    finds 'ioctl types into a terminal' "$(entry '"ioctl"' ALLOW "$(equal 1 21522)")"
    clean_lint "$(entry '"ioctl"' ALLOW "$(equal 1 21505)")"
    # Beyond all requests of terminals; of one driver; of one driver and more.
    finds 'ioctl asks anything of any driver' "$(entry '"ioctl"' ALLOW '{"index":1,"value":32767,"op":"SCMP_CMP_GT"}')"
    finds 'ioctl asks anything of any driver' "$(entry '"ioctl"' ALLOW '{"index":1,"value":2147483648,"valueTwo":2147483648,"op":"SCMP_CMP_MASKED_EQ"}')"
    clean_lint "$(entry '"ioctl"' ALLOW '{"index":1,"value":65280,"valueTwo":37888,"op":"SCMP_CMP_MASKED_EQ"}')"
    # 10 is SOCK_PACKET: a packet socket, whatever the domain says.
    finds 'socket reads and writes raw packets' "$(entry '"socket"' ALLOW "$(equal 0 2),$(equal 1 10)")"
    finds 'mknodat makes device files' "$(entry '"mknodat"' ALLOW)"
    clean_lint "$(entry '"mknodat"' ALLOW '{"index":2,"value":61440,"valueTwo":4096,"op":"SCMP_CMP_MASKED_EQ"}')"
    clean_lint "$(entry '"personality"' ALLOW "$(equal 0 4294967295)")"
    finds 'personality turns off address randomisation' "$(entry '"personality"' ALLOW "$(equal 0 262144)")"
}

@test "a dangerous capability needs an annotation" {
    local sets='"process":{"capabilities":{"bounding":["CAP_NET_BIND_SERVICE","CAP_SYS_ADMIN"]}},'
    finds 'p.json:1:64: process.capabilities.bounding[1]: CAP_SYS_ADMIN (administer the system (mounts, namespaces and much more)) needs a reason: annotations."org.quiesce.reason.CAP_SYS_ADMIN"' \
        "$(entry '"read"' ALLOW)" "$sets"
    clean_lint "$(entry '"read"' ALLOW)" "\"annotations\":{\"org.quiesce.reason.CAP_SYS_ADMIN\":\"snapshots of btrfs\"},$sets"
    finds 'gives a reason for a capability that the policy does not grant' "$(entry '"read"' ALLOW)" \
        '"annotations":{"org.quiesce.reason.CAP_CHOWN":"owners of dumps"},'
}

@test "entries without effect" {
    finds 'linux.seccomp.syscalls[1].names[0]: the entry changes nothing for read' \
        "$(entry '"read","write"' ALLOW),$(entry '"read"' ALLOW "$(equal 0 3)")"
    finds 'read stands in this entry twice' "$(entry '"read","write","read"' ALLOW)"
    # Of two that say the same, each is without effect beside the other.
    small '' "$(entry '"read"' ALLOW),$(entry '"read"' ALLOW)" >p.json
    policy lint p.json
    is 1
    [[ $(grep -c 'changes nothing for read' out) == 2 ]]
    # The default action says it already; a greater severity wins anyway.
    finds 'changes nothing for write' "$(entry '"read"' ALLOW),$(entry '"write"' ERRNO)"
    finds 'changes nothing for write' "$(entry '"write"' KILL_PROCESS),$(entry '"write"' ALLOW "$(equal 0 2)")"
    clean_lint "$(entry '"write"' KILL_PROCESS "$(equal 0 2)"),$(entry '"write"' ALLOW)"
    # An entry for certain machines or kernels may have an effect there.
    clean_lint "$(entry '"read"' ALLOW),$(entry '"read"' ALLOW "$(equal 0 3)" ',"includes":{"arches":["s390x"]}')"
}

@test "names that are not known, and allowing by default" {
    finds 'not known here and passed over, 1 in all: no_such_call' "$(entry '"read","no_such_call"' ALLOW)"
    echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mount"],"action":"SCMP_ACT_ERRNO"}]}' >p.json
    policy lint p.json
    is 1
    says 'p.json:1:18: defaultAction: allows every call that no entry names'
}

@test "what cannot be used has status 78 and no findings of lint" {
    small '"hooks":[],' "$(entry '"mount"' ALLOW)" >p.json
    policy lint p.json
    is 78
    errs 'p.json:1:2: hooks: not implemented'
    [[ ! -s out ]]
    small >good.json
    policy lint p.json good.json absent
    is 78
}

@test "names and comments cannot reach the terminal" {
    small '' "$(entry '"mo\u001b[31munt\u009b"' ALLOW '' ',"comment":"\u001b]0;x\u0007"')" >p.json
    policy lint p.json
    is 1
    clean out
    clean err
}

@test "entries beyond number: an answer in bounded time" {
    local entries
    entries=$(seq 1500 | sed 's/.*/{"names":["lseek"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":&,"op":"SCMP_CMP_EQ"}]}/' | paste -sd ,)
    small '' "$entries" >p.json
    local begin=$SECONDS
    policy lint p.json
    ((SECONDS - begin < 30))
    # Either its reader says that they are many, or it is ended because it takes too long.
    if ((status == 70)); then
        errs 'it takes too long'
    else
        is 1
        says 'entries name lseek'
    fi
}
