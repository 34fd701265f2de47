#!/usr/bin/env bats
# "quiesce policy show": every call of the document, with the answer that it gives.

load policy

PODMAN=/usr/share/containers/seccomp.json

# Every name this machine knows: what a policy that allows all calls shows.
known_names() {
    echo '{"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[]}}}' >all.json
    policy show --json all.json
    is 0
    jq -r '.policies[0].systemCalls[].name // empty' out | sort >known
    (($(wc -l <known) > 300))
}

# Each name of the document that is known here is in the text, as a word of its own.
names_all() {
    local missing
    policy show "$1"
    is 0
    clean out
    tr -cs '[:alnum:]_' '\n' <out | sort -u >shown
    jq -r '(.linux.seccomp // .).syscalls[] | (.names // [.name])[]' "$1" | sort -u | comm -12 - known >names
    [[ -s names ]]
    missing=$(comm -23 names shown)
    [[ -z $missing ]] || { echo "$1: not shown: $missing"; return 1; }
}

# Calls that entries without condition allow, and nothing else refuses, are shown as allowed;
# what no entry names gets the default.
agrees() {
    policy show --json "$1"
    is 0
    jq -r '(.linux.seccomp // .) | [.syscalls[] | select((.args // []) == [] and (.includes // {}) == {} and (.excludes // {}) == {}
        and .action == "SCMP_ACT_ALLOW") | (.names // [.name])[]] - [.syscalls[] | select(.action != "SCMP_ACT_ALLOW") | (.names // [.name])[]]
        | unique[]' "$1" | comm -12 - known >expected
    jq -r '.policies[0].systemCalls[] | select(.answers == [{action: "allow"}]) | .name // empty' out | sort >allowed
    [[ -z $(comm -23 expected allowed | grep -vx ioctl) ]] || { comm -23 expected allowed; return 1; }
    jq -r '(.linux.seccomp // .).syscalls[] | (.names // [.name])[]' "$1" | sort -u >names
    [[ -z $(comm -12 <(comm -23 known names) allowed) ]] || [[ $(jq -r '(.linux.seccomp // .).defaultAction' "$1") == SCMP_ACT_ALLOW ]]
}

@test "every shipped policy, of hooks and roles, names every call" {
    known_names
    local document
    for document in "$PLACE"/policy/*/*.json; do
        names_all "$document"
        agrees "$document"
    done
}

@test "Podman's default profile names every call" {
    known_names
    names_all $PODMAN
    agrees $PODMAN
    policy show $PODMAN
    grep -qE '^  above [0-9]+ +refused with ENOSYS' out
}

@test "conditions are readable" {
    policy show "$PLACE/policy/hooks/default.json"
    is 0
    tr -s ' \n' '  ' <out >line
    mv line out
    says 'socketpair allowed if domain = AF_UNIX; else refused with EPERM'
    says 'clone allowed if flags has none of CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET; else refused with EPERM'
    says 'killed if request = FIFREEZE or FITHAW'
    says 'x32 killed'
    says 'capabilities CAP_CHOWN (change the owner of any file)'
    says 'a second filter, which no policy changes'
}

# Where less is allowed for it, the lower 32 bits alone of a longer argument are compared.
@test "what is said of half an argument is not said of the whole" {
    small '' '{"names":["mmap"],"action":"SCMP_ACT_ALLOW","args":[{"index":1,"value":4096,"op":"SCMP_CMP_GT"}]},
        {"names":["munmap"],"action":"SCMP_ACT_ALLOW"},
        {"names":["munmap"],"action":"SCMP_ACT_ERRNO","args":[{"index":1,"value":4096,"op":"SCMP_CMP_LT"}]},
        {"names":["mremap"],"action":"SCMP_ACT_ALLOW","args":[{"index":1,"value":4096,"op":"SCMP_CMP_NE"}]},
        {"names":["kill"],"action":"SCMP_ACT_ALLOW","args":[{"index":1,"value":9,"op":"SCMP_CMP_NE"}]},
        {"names":["lseek"],"action":"SCMP_ACT_ALLOW","args":[{"index":1,"value":3,"valueTwo":1,"op":"SCMP_CMP_MASKED_EQ"}]}' >p.json
    cat >p.tests <<'END'
native mmap 0 0x100001001 -> allow
native mmap 0 0x100000000 -> errno EPERM
native munmap 0 0x100000001 -> errno EPERM
native mremap 0 0x100001000 -> errno EPERM
native kill 1 0x100000009 -> errno EPERM
native lseek 0 0x100000001 -> allow
END
    policy test --tuples 1000 p.json
    is 0
    policy show p.json
    tr -s ' \n' '  ' <out >line
    mv line out
    says 'mmap allowed if low half of arg1 >= 4097; else'
    says 'munmap refused with EPERM if low half of arg1 <= 4095; else'
    says 'mremap refused with EPERM if low half of arg1 = 4096; else'
    says 'kill refused with EPERM if sig = SIGKILL; else'
    says 'lseek allowed if arg1 & 0x3 = 0x1; else'
}

@test "a role's filter is shown as one" {
    policy show "$PLACE/policy/roles/guardian.json"
    is 0
    says 'guardian.json: the filter of one of this program'
    says 'allowed if request = FITHAW; else killed'
    not says capabilities
}

@test "--json is one object, --bpf the program" {
    policy show --json --bpf "$PLACE/policy/hooks/strict.json" "$PLACE/policy/roles/parser.json"
    is 0
    jq -e '(.policies | length) == 2 and .policies[0].use == "hook" and .policies[1].use == "role"
        and (.policies[0].bpf[0] | startswith("   0: ld [4]")) and .policies[0].allOtherCalls.action == "errno ENOSYS"
        and (.policies[0].otherABIs | all(.action == "kill"))
        and ([.policies[0].systemCalls[] | select(.name == "clone") | .answers[]] | length) == 2' out
    policy show --bpf "$PLACE/policy/hooks/strict.json"
    is 0
    says 'strict.json: '
    [[ $(head -n 2 out | tail -n 1) == '   0: ld [4] '*'; architecture' ]]
    # Every way leads to a line that is there; the last line returns.
    tail -n 1 out | grep -q ': ret 0x'
    local last
    last=$(tail -n 1 out | cut -d : -f 1)
    [[ -z $(grep -oE '\? [0-9]+ : [0-9]+' out | tr -d '?:' | tr -s ' ' '\n' | awk -v last="$last" '$1 > last + 0') ]]
}

@test "one of several cannot be used: the others are shown" {
    small >good.json
    echo nothing >bad.json
    policy show good.json bad.json
    is 78
    says 'good.json: the policy of a hook'
    errs 'bad.json:1:1: a value was expected'
    policy show --json bad.json good.json
    is 78
    [[ $(jq -r '.policies[].policy' out) == good.json ]]
}

@test "a filter that answers everything alike still names every call" {
    known_names
    echo '{"annotations":{"org.quiesce.role":"parser"},"linux":{"seccomp":{"defaultAction":"SCMP_ACT_KILL_PROCESS","syscalls":[]}}}' >p.json
    policy show --json p.json
    is 0
    [[ $(jq -r '.policies[0].systemCalls[].name // empty' out | sort | comm -3 - known) == '' ]]
    policy show p.json
    grep -q '^  all others *killed$' out
}

@test "as many paths as a policy can have are all shown" {
    local paths
    paths=$(seq -f '"/srv/a-long-name-of-a-directory-that-fills-what-there-is-of-room-for-paths-and-goes-on-until-it-is-full-%03.0f-and-then-some-more-of-the-same-kind-xxxxxxxxxxx"' 48 | paste -sd ,)
    small >p.json
    sed -i "s|\"seccomp\"|\"maskedPaths\":[$paths],\"seccomp\"|" p.json
    policy show p.json
    is 0
    [[ $(grep -o 'full-0[0-9]*-and' out | sort -u | wc -l) == 48 ]]
}

@test "as another user the same is shown" {
    policy show "$PLACE/policy/hooks/default.json"
    mv out mine
    as_nobody policy show "$PLACE/policy/hooks/default.json"
    is 0
    cmp out mine
}

@test "hostile text comes out harmless" {
    small '"process":{"env":["A=\u009b31m\u202e"]},"comment":"\u001b[2J",' >p.json
    policy show p.json
    is 0
    clean out
    says 'A=\u009b31m\u202e'
    policy show --json p.json
    is 0
    clean out
    jq -e . out
}

@test "standard output that is closed or full" {
    status=0
    "$PLACE/bin/quiesce" policy show "$PLACE/policy/hooks/default.json" 2>err >&- || status=$?
    is 70
    errs 'standard output: cannot be written: Bad file descriptor'
    status=0
    "$PLACE/bin/quiesce" policy show "$PLACE/policy/hooks/default.json" 2>err >/dev/full || status=$?
    is 70
    errs 'standard output: cannot be written: No space left on device'
    # A reader that has seen enough.
    "$PLACE/bin/quiesce" policy show "$PLACE/policy/hooks/default.json" | head -n 1
    [[ ${PIPESTATUS[1]} == 0 ]]
}

@test "a filter with more cases than can be looked at is an error that says so" {
    local n entries=''
    # Thirteen bits, each looked at alone, make 8,192 cases; entries of six arguments keep libseccomp busy.
    for n in 0 1 2 3 4 5; do
        for bit in 1 2 4 8 16 32 64 128; do
            entries+='{"names":["lseek"],"action":"SCMP_ACT_ALLOW","args":[{"index":'$n',"value":'$bit',"valueTwo":'$bit',"op":"SCMP_CMP_MASKED_EQ"},{"index":'$(((n + 1) % 6))',"value":'$bit',"valueTwo":0,"op":"SCMP_CMP_MASKED_EQ"}]},'
        done
    done
    small '' "${entries%,}" >p.json
    policy show p.json
    # Either it can be walked, or the message says that it cannot: nothing in between.
    if ((status != 0)); then
        is 70
        errs 'p.json: its filter, for call lseek has more cases than can be looked at'
        [[ ! -s out ]]
    fi
}
