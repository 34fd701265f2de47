#include "front/provision.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/paths.h"

/* Documentation/userspace-api/landlock.rst: which ABI brought what. */
enum { LANDLOCK_ASK_VERSION = 1, LANDLOCK_ABI_NET = 4, LANDLOCK_ABI_SCOPED = 6 };

/* capabilities(7): who has it is not bound by RLIMIT_MEMLOCK. */
static bool may_lock_any(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { 0 };
    return syscall(SYS_capget, &header, sets) == 0 && (sets[CAP_IPC_LOCK / 32].effective >> CAP_IPC_LOCK % 32 & 1) != 0;
}

void provision_look(struct provision *p, const struct report *r, bool no_expedite)
{
    struct rlimit lock = { 0 };
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_ASK_VERSION);
    *p = (struct provision){ .expedite = no_expedite ? EXPEDITE_NOT_WANTED : r->has_expedite ? EXPEDITE_YES : EXPEDITE_NOT_WRITABLE };
    p->landlock_abi = abi > 0 ? (uint32_t)abi : 0;
    p->lock_any = may_lock_any() || (getrlimit(RLIMIT_MEMLOCK, &lock) == 0 && lock.rlim_cur == RLIM_INFINITY);
    p->lock_bytes = lock.rlim_cur;
}

/* ---- for people ---------------------------------------------------------------------- */

static void line(FILE *out, const char *what, const char *answer)
{
    fprintf(out, "  %-20s %s\n", what, answer);
}

static const char *landlock_words(uint32_t abi)
{
    return abi >= LANDLOCK_ABI_SCOPED ? "a script reaches no signal and no abstract socket outside"
        : abi >= LANDLOCK_ABI_NET     ? "no scope of signals and abstract sockets, which needs ABI 6"
        : abi > 0                     ? "files alone; TCP needs ABI 4, a scope of signals and abstract sockets ABI 6"
                                      : "the kernel has none, or it is off";
}

void provision_print(FILE *out, const struct provision *p, const struct report *r)
{
    static const char *const expedited[PROVISION_EXPEDITES] = {
        [EXPEDITE_YES] = "expedited while it freezes",
        [EXPEDITE_NOT_WANTED] = "not expedited, as --no-expedite says: a freeze takes some 30 ms longer",
        [EXPEDITE_NOT_WRITABLE] = "not expedited, /sys/kernel/rcu_expedited cannot be written: a freeze takes some 30 ms longer",
    };
    char text[128];
    fputs("\nmachine:\n", out);
    if (r->no_freeze == NO_FREEZE_NONE) {
        snprintf(text, sizeof text, "%" PRIu32 " s after the freeze began, whatever happens", r->freeze_timeout_seconds);
        line(out, "thawed", text);
    }
    line(out, "RCU grace periods", expedited[p->expedite]);
    line(out, "cgroup v2", r->has_cgroup ? "each script has one, and all it starts is ended with it"
                                         : "none for scripts: what one leaves running is looked for by its ancestry");
    snprintf(text, sizeof text, "number of processes %s, memory %s, swap %s", r->limits >> LIMIT_PIDS & 1 ? "yes" : "no",
             r->limits >> LIMIT_MEMORY & 1 ? "yes" : "no", r->limits >> LIMIT_SWAP & 1 ? "yes" : "no");
    line(out, "limits of a policy", text);
    line(out, "journal", r->has_journal ? QUIESCE_STATE_DIR "/" QUIESCE_JOURNAL : "none: runs are not recorded");
    line(out, "record of a run", r->has_record ? "in memory below " QUIESCE_RUN_DIR ": recover can thaw what a killed run left frozen"
                                               : "none, /run is not in memory: recover cannot help after a killed run");
    snprintf(text, sizeof text, "ABI %" PRIu32 ": %s", p->landlock_abi, landlock_words(p->landlock_abi));
    line(out, "Landlock", p->landlock_abi > 0 ? text : landlock_words(0));
    snprintf(text, sizeof text, "locked, up to %" PRIu64 " KiB of each process; CAP_IPC_LOCK is missing", p->lock_bytes / 1024);
    line(out, "memory of quiesce", p->lock_any ? "locked, so that nothing of it has to be read in meanwhile" : text);
}

/* ---- for programs ---------------------------------------------------------------------- */

void provision_json(cJSON *object, const struct provision *p, const struct report *r)
{
    static const char *const reasons[PROVISION_EXPEDITES] = { [EXPEDITE_NOT_WANTED] = "notWanted", [EXPEDITE_NOT_WRITABLE] = "notWritable" };
    cJSON *m = cJSON_AddObjectToObject(object, "machine"), *limits = cJSON_AddObjectToObject(m, "limits");
    (void)cJSON_AddNumberToObject(m, "freezeTimeoutSeconds", r->freeze_timeout_seconds);
    (void)cJSON_AddBoolToObject(m, "expeditedRcu", p->expedite == EXPEDITE_YES);
    (void)(reasons[p->expedite] != NULL ? cJSON_AddStringToObject(m, "expeditedRcuReason", reasons[p->expedite])
                                        : cJSON_AddNullToObject(m, "expeditedRcuReason"));
    (void)cJSON_AddBoolToObject(m, "cgroup", r->has_cgroup != 0);
    (void)cJSON_AddBoolToObject(limits, "processes", (r->limits >> LIMIT_PIDS & 1) != 0);
    (void)cJSON_AddBoolToObject(limits, "memory", (r->limits >> LIMIT_MEMORY & 1) != 0);
    (void)cJSON_AddBoolToObject(limits, "swap", (r->limits >> LIMIT_SWAP & 1) != 0);
    (void)cJSON_AddBoolToObject(m, "journal", r->has_journal != 0);
    (void)cJSON_AddBoolToObject(m, "recoverable", r->has_record != 0);
    (void)cJSON_AddNumberToObject(m, "landlockAbi", p->landlock_abi);
    (void)cJSON_AddBoolToObject(m, "landlockScope", p->landlock_abi >= LANDLOCK_ABI_SCOPED);
    (void)(p->lock_any ? cJSON_AddNullToObject(m, "memoryLockBytes")
                       : cJSON_AddNumberToObject(m, "memoryLockBytes", (double)p->lock_bytes));
}
