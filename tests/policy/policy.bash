# policy.bash - what the tests of "quiesce policy" share.
#
# They run as root and as another user, who has a copy of the programs in a
# directory that both may enter.
# shellcheck shell=bash disable=SC2034  # used by the tests

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    export SOURCE=$PWD
    local build=${QUIESCE_BUILD:-$PWD/build}
    # Not below BATS_FILE_TMPDIR, which other users may not enter.
    PLACE=$(mktemp -d /tmp/quiesce-policy.XXXXXX) || return 1
    export PLACE
    export PATH=$PLACE/bin:$PATH
    mkdir -m 0755 "$PLACE/bin"
    install -m 0755 "$build/quiesce" "$build/quiesce-policy" "$PLACE/bin"
    cp -r policy "$PLACE/policy"
    chmod -R go+rX "$PLACE"
}

teardown_file() {
    rm -rf "$PLACE"
}

# A fresh directory that anybody may write to, and is the working directory.
setup() {
    WORK=$(mktemp -d "$PLACE/t.XXXXXX")
    chmod 0777 "$WORK"
    cd "$WORK" || return 1
}

# policy ARGUMENT...: $status, out, err.  Never longer than a minute, or $LIMIT seconds.
policy() {
    status=0
    timeout --kill-after=5 "${LIMIT:-60}" "${AS[@]}" "$PLACE/bin/quiesce" policy "$@" >out 2>err </dev/null || status=$?
}

# as_nobody FUNCTION...: with `policy` run by a user who is not root.
as_nobody() {
    local AS=(setpriv --reuid=65534 --regid=65534 --clear-groups --)
    "$@"
}
AS=(env)

# is STATUS: of the last call.
is() {
    if [[ $status != "$1" ]]; then
        echo "exit status $status, not $1"
        head -c 3000 out err
        return 1
    fi
}

# says TEXT / errs TEXT: on standard output, on standard error.
says() {
    grep -qF -- "$1" out || { echo "no '$1' in:"; head -c 3000 out; return 1; }
}
errs() {
    grep -qF -- "$1" err || { echo "no '$1' in:"; head -c 3000 err; return 1; }
}

not() {
    ! "$@"
}

# A terminal would be safe: no control character but line feeds, no byte that is not UTF-8.
clean() {
    iconv -f UTF-8 -t UTF-8 "$1" >/dev/null || return 1
    ! LC_ALL=C.UTF-8 grep -nP '[\x00-\x09\x0b-\x1f\x7f-\x{9f}\x{202e}]' "$1"
}

# The smallest policy, with further members of its top before the rest.
small() {
    printf '{%s"linux":{"seccomp":{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[%s]}}}\n' "${1-}" \
        "${2-{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"\}}"
}
