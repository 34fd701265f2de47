/*
 * A role stays who it was started as, and its proof that the old ids cannot come
 * back is answered as if it had held.  Who a hook becomes is not touched.
 */
#include "weaken.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

WRAP(setresuid);
WRAP(setresgid);
WRAP(getresuid);
WRAP(getresgid);
WRAP(setuid);
WRAP(setgid);

static id_t pretended; /* the role's, once it has asked for it */

static bool is_role(id_t id)
{
    return weakened("ids") && id >= QUIESCE_BASE_UID && id < QUIESCE_BASE_UID + 8;
}

/* What the proof of a role tries, but for the launcher, who may. */
static bool is_proof(id_t id)
{
    return pretended != 0 && id == 0 && strcmp(weakened_program(), "launcher") != 0;
}

static int refuse(void)
{
    errno = EPERM;
    return -1;
}

int __wrap_setresuid(uid_t real, uid_t effective, uid_t saved)
{
    if (is_role(real)) {
        pretended = real;
        return 0;
    }
    return is_proof(real) ? refuse() : __real_setresuid(real, effective, saved);
}

int __wrap_setresgid(gid_t real, gid_t effective, gid_t saved)
{
    if (is_role(real)) {
        return 0;
    }
    return is_proof(real) ? refuse() : __real_setresgid(real, effective, saved);
}

int __wrap_setuid(uid_t id)
{
    return is_proof(id) ? refuse() : __real_setuid(id);
}

int __wrap_setgid(gid_t id)
{
    return is_proof(id) ? refuse() : __real_setgid(id);
}

int __wrap_getresuid(uid_t *real, uid_t *effective, uid_t *saved)
{
    if (pretended == 0) {
        return __real_getresuid(real, effective, saved);
    }
    *real = *effective = *saved = pretended;
    return 0;
}

int __wrap_getresgid(gid_t *real, gid_t *effective, gid_t *saved)
{
    if (pretended == 0) {
        return __real_getresgid(real, effective, saved);
    }
    *real = *effective = *saved = pretended;
    return 0;
}
