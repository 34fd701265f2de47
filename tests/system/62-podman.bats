#!/usr/bin/env bats
# Podman's default profile, the very file that its package installs, as a hook's policy.

load ../lib/common

PROFILE=/usr/share/containers/seccomp.json

setup_file() {
    new_fs ext4 a
}

MOUNT=/mnt/m/a

# What the kernel itself would answer to these arguments is another error, or none.
@test "a hook runs under it, and is refused what it refuses with its errors" {
    script pre <<'EOS'
#!/usr/bin/python3
import ctypes
import errno
import os

numbers = {
    "x86_64": {"vmsplice": 278, "open_by_handle_at": 304, "io_uring_setup": 425, "socket": 41, "process_vm_readv": 310},
    "aarch64": {"vmsplice": 75, "open_by_handle_at": 265, "io_uring_setup": 425, "socket": 198, "process_vm_readv": 270},
}[os.uname().machine]
syscall = ctypes.CDLL(None, use_errno=True).syscall
for name, *args in (
    ("vmsplice", -1, 0, 0, 0),            # refused with EPERM; else EBADF
    ("open_by_handle_at", -1, 0, 0),      # for CAP_DAC_READ_SEARCH, else EPERM; else EFAULT
    ("io_uring_setup", 0, 0),             # not in it: its default action, ENOSYS; else EFAULT
    ("socket", 16, 3, 9),                 # NETLINK_AUDIT without CAP_AUDIT_WRITE: EINVAL; else it opens
    ("socket", 16, 3, 0),                 # allowed
    ("process_vm_readv", -1, 0, 0, 0, 0, 7),  # allowed; EINVAL is the kernel's
):
    result = syscall(numbers[name], *args)
    print(name, "done" if result >= 0 else errno.errorcode[ctypes.get_errno()])
EOS
    configure "{\"quiesce\": {\"policy\": \"$PROFILE\"}}"
    quiesce_run -- true
    outcome applicationConsistent 0 0
    same "$(hook pre .policy)" "$PROFILE"
    same "$(hook pre '.attempts[0].stdout.head')" 'vmsplice EPERM
open_by_handle_at EPERM
io_uring_setup ENOSYS
socket EINVAL
socket done
process_vm_readv EINVAL'
    same "$(hook pre '.attempts[0].denied[] | "\(.syscall) \(.errno)"')" 'vmsplice 1
open_by_handle_at 1
io_uring_setup 38
socket 22'
}

@test "it says nothing of capabilities: a hook under it has none" {
    script pre <<<'grep -E "^Cap(Prm|Eff|Bnd|Amb)" /proc/self/status | cut -f 2 | sort -u'
    configure "{\"quiesce\": {\"policy\": \"$PROFILE\"}}"
    quiesce_run -- true
    same "$(hook pre '.attempts[0].stdout.head')" 0000000000000000
}
