# layers.bash - file systems that lie on each other, for the tests of planning.
#
# Outer ones have names that sort before inner ones: whoever thaws /mnt/m/* one after
# another, as isolate does at the end, must begin with the outermost.
# shellcheck shell=bash

LOOPS=()

# layer TYPE NAME SIZE IMAGE [OPTION...]: a file system in a file, at /mnt/m/NAME.
layer() {
    local type=$1 name=$2 size=$3 image=$4
    shift 4
    rm -f "$image"
    truncate -s "$size" "$image"
    "mkfs.$type" -q "$@" "$image" >/dev/null
    mkdir -p "/mnt/m/$name"
    mount -o loop "$image" "/mnt/m/$name"
    probe "/mnt/m/$name"
}

# probe MOUNT: the file that a writer opens before a freeze.
probe() {
    head -c 4096 /dev/zero >"$1/probe"
    sync -f "$1"
}

# loop_on IMAGE SIZE [OPTION...]: a loop device, $LOOP.  let_go makes the kernel detach it as
# soon as nothing uses it.
loop_on() {
    local image=$1 size=$2
    shift 2
    rm -f "$image"
    truncate -s "$size" "$image"
    LOOP=$(losetup --find --show "$@" "$image")
    LOOPS+=("$LOOP")
}

let_go() {
    local loop
    for loop in "${LOOPS[@]}"; do
        losetup --detach "$loop" 2>/dev/null || true
    done
    LOOPS=()
}

# remove MOUNT...: from the inside to the outside.
remove() {
    local mount i
    for mount; do
        # Who could not write to it while it was frozen may still be on the way out.
        for ((i = 0; i < 100; i++)); do
            umount "$mount" 2>/dev/null && break
            sleep 0.1
        done
        rmdir "$mount"
    done
}

# levels: of what is selected, in the order of freezing: "LEVEL MOUNT-POINT".
levels() {
    json '[.fileSystems[] | select(.selected)] | sort_by(.level, .mountPoint) | .[] | "\(.level) \(.mountPoint)"'
}

# all_frozen MOUNT...: the snapshot command says which of these a writer cannot write to.
# (The probe sleeps in the kernel until the thaw, so this ends with the run.)
look=(/bin/sh -c 'work=$1; stall=$2; shift 2
    for mount; do if "$stall" blocked "$mount/probe" 50; then printf "%s\\n" "$mount"; fi; done >"$work/frozen"'
    sh "$WORK" "$HELPERS/stall")

# ordered MOUNT...: a run that freezes these, outermost last, ends well, and all of them
# were frozen, in levels of their own, and are not any more.
ordered() {
    local mounts=() mount level=0 expected=
    for mount; do
        mounts+=(--mount "$mount")
        expected+="$level $mount"$'\n'
        level=$((level + 1))
    done
    LIMIT=30 quiesce_run "${mounts[@]}" -- "${look[@]}" "$@" || return 1
    outcome applicationConsistent 0 0 || return 1
    same "$(levels)" "${expected%$'\n'}" || return 1
    same "$(sort "$WORK/frozen")" "$(printf '%s\n' "$@" | sort)" || return 1
    for mount; do
        not_frozen "$mount" || return 1
    done
}

# refused TEXT...: the run was refused with 121 before anything was frozen, and says all of this.
refused() {
    local text
    outcome none 121 21 || return 1
    for text; do
        contains "$(json '.findings[] | select(.severity == "error").message' 2>/dev/null || jq -c . "$OUT")" "$text" || return 1
    done
}
