#!/usr/bin/env bats
# "quiesce check" shows the whole plan: on what each file system lies, where its level comes
# from, what of the machine a run can use; and that nothing is frozen where nothing would be.

load ../lib/common
load ../lib/layers

setup_file() {
    mkdir -p "$WORK"
    new_fs ext4 a
}

setup() {
    fresh_work
}

teardown() {
    rm -f /etc/azure/vmbackup.conf
    let_go
    leave_nothing
}

# check [OPTION...]: as a program asks; plan: as a person does.  Never with "/",
# which may lie on what cannot be looked at here.
check() {
    quiesce_do check --json --config "$CONFIG" --exclude / "$@"
}

plan() {
    "$QUIESCE" check --config "$CONFIG" --exclude / >"$OUT" 2>"$ERR" </dev/null 3>&-
}

# of MOUNT FILTER: a member of its file system.
of() {
    json ".fileSystems[] | select(.mountPoint == \"$1\") | $2"
}

@test "nested: each lies on a file, and what holds that is named; the order is that of levels" {
    layer xfs l0 400M /mnt/l0.img
    layer ext4 l1 100M /mnt/m/l0/image
    layer ext4 l2 32M "/mnt/m/l1/an image"
    check
    same "$(of /mnt/m/l0 '.liesOn[0] | "\(.kind) \(.path) \(.mountPoint) \(.type)"')" "file /mnt/l0.img /mnt tmpfs"
    same "$(of /mnt/m/l1 '.liesOn[0] | "\(.path) \(.mountPoint) \(.type)"')" "/mnt/m/l0/image /mnt/m/l0 xfs"
    same "$(of /mnt/m/l2 '.liesOn[0].device')" "$(findmnt -no SOURCE /mnt/m/l2)"
    same "$(of /mnt/m/l2 '.liesOn[0].path')" "/mnt/m/l1/an image"
    same "$(json '[.fileSystems[] | select(.order) | {order, level, mountPoint}] | sort_by(.order) | .[] | "\(.order) \(.level) \(.mountPoint)"')" \
        $'1 0 /mnt/m/a\n2 0 /mnt/m/l2\n3 1 /mnt/m/l1\n4 2 /mnt/m/l0'
    same "$(of / '"\(.isRoot) \(.order)"') $(of /mnt/m/l0 .isRoot)" "true null false"
    expect .liesOnComplete true .noFreezeBecause null
    plan
    contains "$(cat "$OUT")" "  /mnt/m/l2
    file /mnt/m/l1/an image, through $(findmnt -no SOURCE /mnt/m/l2)
    /mnt/m/l1, ext4"
    same "$(grep -cE '^  /mnt/m/l[012]$' "$OUT")" 3
    # A dry run has those that are selected.
    quiesce_do run --dry-run --json --config "$CONFIG" --mount /mnt/m/l1
    same "$(of /mnt/m/l1 '.liesOn[0].mountPoint') $(json '.fileSystems | length')" "/mnt/m/l0 1"
    # A run has other things to do.
    quiesce_run --mount /mnt/m/l2
    expect 'has("machine")' false '.fileSystems[0] | has("liesOn")' false
    remove /mnt/m/l2 /mnt/m/l1 /mnt/m/l0
}

@test "a loop device whose file was opened by another mount, and then is deleted" {
    layer ext4 l0 128M /mnt/l0.img
    mkdir -p /mnt/m/bound /mnt/m/l1
    mount --bind /mnt/m/l0 /mnt/m/bound
    loop_on /mnt/m/bound/disk 64M
    mkfs.ext4 -q "$LOOP"
    mount "$LOOP" /mnt/m/l1
    check
    same "$(of /mnt/m/l1 '.liesOn[0] | "\(.path) \(.mountPoint)"')" "/mnt/m/bound/disk /mnt/m/bound"
    rm /mnt/m/l0/disk
    check
    same "$(of /mnt/m/l1 '.liesOn[0] | "\(.path) \(.mountPoint)"')" "/mnt/m/bound/disk (deleted) /mnt/m/l0"
    remove /mnt/m/l1
    let_go
    remove /mnt/m/bound /mnt/m/l0
}

@test "every part of the machine, as it is" {
    check
    expect .machine.freezeTimeoutSeconds 60 .machine.recoverable true .machine.journal true .machine.memoryLockBytes null
    same "$(json .machine.expeditedRcu)" "$([[ -w /sys/kernel/rcu_expedited ]] && echo true || echo false)"
    plan
    contains "$(cat "$OUT")" "thawed               60 s after the freeze began"
    contains "$(cat "$OUT")" "below /run/quiesce: recover can thaw"
    # Without a tmpfs there is no record.
    layer ext4 disk 32M /mnt/disk.img
    mount --bind /mnt/m/disk /run
    check
    umount /run
    expect .machine.recoverable false
    remove /mnt/m/disk
    # Memory that cannot be locked: every part of a run would give up, and so does this.
    CALLER=(prlimit --memlock=4194304 setpriv --bounding-set -ipc_lock --inh-caps -ipc_lock)
    check
    CALLER=()
    same "$status" 70
    contains "$(json .message)" "cannot lock memory"
}

@test "RCU that cannot be expedited, and why" {
    echo 0 >"$WORK/switch"
    mount --bind "$WORK/switch" /sys/kernel/rcu_expedited
    mount -o remount,bind,ro /sys/kernel/rcu_expedited
    check
    umount /sys/kernel/rcu_expedited
    expect .machine.expeditedRcu false .machine.expeditedRcuReason notWritable
    quiesce_do run --dry-run --no-expedite --json --config "$CONFIG" --mount /mnt/m/a
    expect .machine.expeditedRcu false .machine.expeditedRcuReason notWanted
}

@test "no freeze is wanted: nothing is shown as if it were frozen" {
    printf '[SnapshotThread]\nfsfreeze: False\n' >/etc/azure/vmbackup.conf
    chmod 0600 /etc/azure/vmbackup.conf
    plan
    contains "$(cat "$OUT")" "a run would freeze nothing: fsfreeze is false in vmbackup.conf"
    contains "$(grep '^  /mnt/m/a ' "$OUT")" "no freeze is wanted"
    not grep -qE 'frozen by a run|level 0|^  thawed' "$OUT"
    check
    expect .noFreezeBecause fsfreeze
    same "$(of /mnt/m/a .order)" null
    rm /etc/azure/vmbackup.conf
    configure '{"fsFreezeEnabled": false}'
    plan
    contains "$(cat "$OUT")" "a run would freeze nothing: fsFreezeEnabled is false"
    check
    expect .noFreezeBecause fsFreezeEnabled
}

@test "a plan that is impossible as asked is not shown as one" {
    check --mount /mnt/nowhere
    expect .noFreezeBecause findings
    quiesce_do check --config "$CONFIG" --mount /mnt/nowhere
    contains "$(cat "$OUT")" "a run would freeze nothing: it is not possible as asked, see above"
}
