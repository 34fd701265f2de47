# root.bash - a test's own "/": a loop image that becomes the root of a namespace, so that
# freezing "/" freezes nothing of the machine's.  After common.bash.
# shellcheck shell=bash

# into_root ROOT FILE...: programs with the libraries that they need, under their own paths.
into_root() {
    local root=$1 file
    shift
    for file; do
        ldd "$file" 2>/dev/null | grep -oE '/[^ ]+' | xargs -r -I{} cp -L --parents {} "$root"
        [[ $file == /mnt/* ]] || cp -L --parents "$file" "$root"
    done
}

# furnish_root ROOT: what every system has; /run is in memory if RUN_IN_MEMORY is not "no".
furnish_root() {
    local root=$1
    mkdir -p "$root"/{proc,sys,dev,tmp,etc,run,var/log,mnt/t,old}
    mount -t proc proc "$root/proc"
    [[ ${RUN_IN_MEMORY-} == no ]] || mount -t tmpfs -o mode=0755 tmpfs "$root/run"
    mount -t sysfs sysfs "$root/sys"
    mount --bind /sys/kernel/rcu_expedited "$root/sys/kernel/rcu_expedited"
    mount -t devtmpfs devtmpfs "$root/dev"
    [[ -z $(cgroup_root) ]] || mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
}

# in_root ROOT COMMAND...: with "/" being ROOT and nothing of the machine's in sight;
# refuses if any block device but a loop device is mounted.
in_root() {
    unshare --mount --propagation private bash -c '
        cd "$1"
        shift
        pivot_root . old
        cd /
        exec /bin/sh -c "
            umount -l /old
            while read -r id parent device rest; do
                case \$device in 0:* | 7:*) ;; *) echo \"\$device is mounted\"; exit 99 ;; esac
            done </proc/self/mountinfo
            exec \"\$@\"" sh "$@"' bash "$@"
}
