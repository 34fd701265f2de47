/*
 * The stage (keeper.h says what is in it): made by the launcher in its own mount
 * namespace.  A keeper takes what its hook needs out of it and unmounts the rest
 * before the hook runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fatal.h"
#include "base/mount_api.h"
#include "base/tmpfs.h"
#include "base/walk.h"
#include "keeper/keeper.h"
#include "launcher/launcher.h"

void stage_prepare(void)
{
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0) {
        fatal("cannot make a mount namespace", errno);
    }
}

/* Mounts a new tmpfs over path.  Returns 0 or an errno. */
static int mount_tmpfs(const char *path, const char *mode, const char *size)
{
    int tree = tmpfs_create(mode, size, 0);
    int error = tree < 0 ? -tree : mount_attach(tree, FD_ROOT, path + 1) != 0 ? errno : 0;
    (void)close(tree);
    return error;
}

static int write_script(const char *path, int script)
{
    struct stat st;
    off_t offset = 0;
    ssize_t sent = 0;
    int fd = openat(FD_ROOT, path + 1, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0555);
    if (fd < 0 || fstat(script, &st) != 0) {
        return errno;
    }
    while (offset < st.st_size && (sent = sendfile(fd, script, &offset, (size_t)(st.st_size - offset))) > 0) {
    }
    int error = sent < 0 ? errno : offset < st.st_size ? EIO : 0;
    (void)close(fd);
    return error;
}

int stage_add(uint32_t slot, const char *name, int script)
{
    static bool mounted;
    char path[STAGE_PATH_MAX], file[PLAN_PATH_MAX];
    int error = mounted ? 0 : mount_tmpfs(QUIESCE_RUN_DIR, "0711", "50%");
    mounted = true;
    stage_path(path, 't', slot / PHASES);
    error = error != 0 ? error : mkdirat(FD_ROOT, path + 1, 0700) == 0 ? mount_tmpfs(path, "1777", "25%")
        : errno == EEXIST ? 0 : errno; /* EEXIST: the plugin's other script has made it */
    stage_path(path, 's', slot);
    error = error == 0 && mkdirat(FD_ROOT, path + 1, 0755) != 0 ? errno : error;
    path_join(file, path, "/", name);
    return error != 0 ? error : write_script(file, script);
}
