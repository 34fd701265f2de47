/*
 * What a policy's text becomes, and what is said about one that cannot be used:
 * every key that is not implemented is refused with its place.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "base/bpf.h"
#include "base/plan_check.h"
#include "parser/policy.h"
#include "quiesce/learned.h"

#ifdef __x86_64__
#define ARCH "amd64"
#define OTHER_ARCH "arm64"
#define SCMP_ARCH "SCMP_ARCH_X86_64"
#define OTHER_SCMP_ARCH "SCMP_ARCH_AARCH64"
static const uint32_t native = AUDIT_ARCH_X86_64;
#else
#define ARCH "arm64"
#define OTHER_ARCH "amd64"
#define SCMP_ARCH "SCMP_ARCH_AARCH64"
#define OTHER_SCMP_ARCH "SCMP_ARCH_X86_64"
static const uint32_t native = AUDIT_ARCH_AARCH64;
#endif

#define FILTER "'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['read'],'action':'SCMP_ACT_ALLOW'}]"
#define LINUX "'linux':{'seccomp':{" FILTER "}}"

static struct policy_plan plan;

/* Documents are written with ' for ", which none of them needs. */
static enum policy_use compile(const char *text, enum policy_use use)
{
    char *copy = strdup(text);
    enum policy_use found;

    assert_non_null(copy);
    for (char *p = copy; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    found = policy_compile(&plan, copy, strlen(copy), use);
    free(copy);
    assert_true(plan_valid(DOC_POLICY, &plan));
    return found;
}

static void must_compile(const char *text)
{
    compile(text, POLICY_FOR_HOOK);
    if (plan.head.usable != 1)
        fail_msg("%s: %s: %s", text, plan.head.findings[0].key, plan.head.findings[0].message);
}

/* ---- findings ------------------------------------------------------------------- */

struct row {
    const char *text;
    uint32_t column; /* of the first finding; all documents are one line */
    const char *key, *words;
};

#define SECCOMP(rest) "{'linux':{'seccomp':{" rest "}}}"
#define ENTRY(rest) SECCOMP("'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{" rest "}]")
#define ENTRY_COLUMN 68 /* of what stands in ENTRY's braces */

static const struct row errors[] = {
    /* not JSON, not an object */
    {"", 0, "", ""},
    {"[]", 1, "", "must be an object"},
    {"{'linux':{}}", 1, "", "needs linux.seccomp"},
    {"{" LINUX ",'linux':{}}", 0, "linux", ""},
    /* keys that are not implemented, at every level */
    {"{'hostname':'x'," LINUX "}", 2, "hostname", "not implemented"},
    {"{'hooks':{}," LINUX "}", 2, "hooks", "not implemented"},
    {"{'Linux':{}," LINUX "}", 2, "Linux", "not implemented"},
    {"{'annotations':{'other':'x'}," LINUX "}", 17, "annotations.other", "not implemented"},
    {"{'process':{'cwd':'/'}," LINUX "}", 13, "process.cwd", "not implemented"},
    {"{'process':{'terminal':true}," LINUX "}", 13, "process.terminal", "not implemented"},
    {"{'process':{'oomScoreAdj':1}," LINUX "}", 13, "process.oomScoreAdj", "not implemented"},
    {"{'process':{'apparmorProfile':'x'}," LINUX "}", 13, "process.apparmorProfile", "not implemented"},
    {"{'process':{'user':{'uid':1,'gid':1,'umask':0}}," LINUX "}", 37, "process.user.umask", "not implemented"},
    {"{'process':{'capabilities':{'Bounding':[]}}," LINUX "}", 29, "process.capabilities.Bounding", "not implemented"},
    {"{'root':{'path':'/'}," LINUX "}", 10, "root.path", "not implemented"},
    {"{'mounts':[{'destination':'/a','type':'tmpfs','options':[]}]," LINUX "}", 47, "mounts[0].options", "not implemented"},
    {"{'linux':{'resources':{'cpu':{}}," "'seccomp':{" FILTER "}}}", 24, "linux.resources.cpu", "not implemented"},
    {"{'linux':{'resources':{'memory':{'disableOOMKiller':true}}," "'seccomp':{" FILTER "}}}", 34, "linux.resources.memory.disableOOMKiller", "not implemented"},
    {"{'linux':{'resources':{'memory':{'kernel':1}}," "'seccomp':{" FILTER "}}}", 34, "linux.resources.memory.kernel", "not implemented"},
    {"{'linux':{'resources':{'pids':{}}," "'seccomp':{" FILTER "}}}", 31, "linux.resources.pids", "needs limit"},
    {"{'linux':{'resources':{'pids':{'limit':0}}," "'seccomp':{" FILTER "}}}", 40, "linux.resources.pids.limit", "at least 1"},
    {"{'linux':{'resources':{'pids':{'limit':-1}}," "'seccomp':{" FILTER "}}}", 40, "linux.resources.pids.limit", "integer from 0"},
    {"{'linux':{'resources':{'pids':{'limit':4194305}}," "'seccomp':{" FILTER "}}}", 40, "linux.resources.pids.limit", "to 4194304"},
    {"{'linux':{'resources':{'pids':{'limit':'9'}}," "'seccomp':{" FILTER "}}}", 40, "linux.resources.pids.limit", "must be a number"},
    {"{'linux':{'resources':{'memory':{'limit':1048575}}," "'seccomp':{" FILTER "}}}", 42, "linux.resources.memory.limit", "at least 1048576"},
    {"{'linux':{'resources':{'memory':{'swap':1048576}}," "'seccomp':{" FILTER "}}}", 41, "linux.resources.memory.swap", "needs a limit"},
    {"{'linux':{'resources':{'memory':{'swap':1048576,'limit':2097152}}," "'seccomp':{" FILTER "}}}", 41, "linux.resources.memory.swap", "cannot be below limit"},
    {"{'linux':{'resources':{'memory':{'limit':1048576,'reservation':2097152}}," "'seccomp':{" FILTER "}}}", 64, "linux.resources.memory.reservation", "above limit"},
    {"{'linux':{'devices':[]}}", 11, "linux.devices", "not implemented"},
    {"{'linux':{'sysctl':{}}}", 11, "linux.sysctl", "not implemented"},
    {"{'linux':{'namespaces':[{'type':'mount','path':'/x'}]}}", 41, "linux.namespaces[0].path", "not implemented"},
    {SECCOMP("'listenerPath':'/x'," FILTER), 22, "linux.seccomp.listenerPath", "not implemented"},
    {ENTRY("'names':['read'],'action':'SCMP_ACT_ALLOW','priority':1"), ENTRY_COLUMN + 43, "linux.seccomp.syscalls[0].priority", "not implemented"},
    /* what is implemented, wrongly used */
    {"{'ociVersion':'2.0'," LINUX "}", 15, "ociVersion", "version 1"},
    {"{'annotations':{'org.quiesce.survivors':'yes'}," LINUX "}", 41, "annotations.org.quiesce.survivors", "allow or forbid"},
    {"{'root':{'readonly':1}," LINUX "}", 21, "root.readonly", "must be true or false"},
    {"{'process':{'noNewPrivileges':false}," LINUX "}", 31, "process.noNewPrivileges", "must be true"},
    {"{'process':{'user':{'uid':1}}," LINUX "}", 20, "process.user", "both uid and gid"},
    {"{'process':{'user':{'uid':-1,'gid':0}}," LINUX "}", 27, "process.user.uid", "integer from 0"},
    {"{'process':{'user':{'uid':4294967295,'gid':0}}," LINUX "}", 27, "process.user.uid", "integer from 0"},
    {"{'process':{'user':{'uid':0,'gid':'0'}}," LINUX "}", 35, "process.user.gid", "must be a number"},
    {"{'process':{'capabilities':{'bounding':['CHOWN']}}," LINUX "}", 41, "process.capabilities.bounding[0]", "no capability"},
    {"{'process':{'capabilities':{'inheritable':['CAP_CHOWN']}}," LINUX "}", 43, "process.capabilities.inheritable", "bounding does not"},
    {"{'process':{'capabilities':{'bounding':['CAP_CHOWN'],'ambient':['CAP_CHOWN']}}," LINUX "}", 64, "process.capabilities.ambient", "inheritable does not"},
    {"{'process':{'capabilities':{'bounding':['CAP_CHOWN'],'permitted':['CAP_CHOWN']}}," LINUX "}", 66, "process.capabilities.permitted", "must equal ambient"},
    {"{'process':{'capabilities':{'effective':['CAP_KILL']}}," LINUX "}", 41, "process.capabilities.effective", "must equal ambient"},
    {"{'process':{'rlimits':[{'type':'RLIMIT_X','soft':1,'hard':1}]}," LINUX "}", 32, "process.rlimits[0].type", "no resource limit"},
    {"{'process':{'rlimits':[{'type':'RLIMIT_CORE','soft':0,'hard':1}]}," LINUX "}", 24, "process.rlimits[0]", "always 0"},
    {"{'process':{'rlimits':[{'type':'RLIMIT_CPU','soft':2,'hard':1}]}," LINUX "}", 24, "process.rlimits[0]", "above hard"},
    {"{'process':{'rlimits':[{'type':'RLIMIT_CPU','soft':2}]}," LINUX "}", 24, "process.rlimits[0]", "needs hard"},
    {"{'process':{'env':['1A=x']}," LINUX "}", 20, "process.env[0]", "NAME=value"},
    {"{'process':{'env':['A']}," LINUX "}", 20, "process.env[0]", "NAME=value"},
    {"{'process':{'env':['A=1','A=2']}," LINUX "}", 26, "process.env[1]", "twice"},
    {"{'process':{'env':['A=\\n']}," LINUX "}", 20, "process.env[0]", "control characters"},
    {"{'process':{'env':['QUIESCE_PHASE=pre']}," LINUX "}", 20, "process.env[0]", "set by quiesce itself"},
    {"{'process':{'env':['LD_PRELOAD=/x']}," LINUX "}", 20, "process.env[0]", "dynamic loader"},
    {"{'mounts':[{'destination':'/a','type':'bind'}]," LINUX "}", 39, "mounts[0].type", "only tmpfs"},
    {"{'mounts':[{'type':'tmpfs'}]," LINUX "}", 12, "mounts[0]", "needs destination"},
    {"{'mounts':[{'destination':'a','type':'tmpfs'}]," LINUX "}", 27, "mounts[0].destination", "absolute path"},
    {"{'linux':{'maskedPaths':['/a/../b']," "'seccomp':{" FILTER "}}}", 26, "linux.maskedPaths[0]", "absolute path"},
    {"{'linux':{'readonlyPaths':['/'],'seccomp':{" FILTER "}}}", 28, "linux.readonlyPaths[0]", "absolute path"},
    {"{'linux':{'readonlyPaths':['/tmp'],'seccomp':{" FILTER "}}}", 28, "linux.readonlyPaths[0]", "private to the script"},
    {"{'linux':{'maskedPaths':['/tmp/a'],'seccomp':{" FILTER "}}}", 26, "linux.maskedPaths[0]", "private to the script"},
    {"{'mounts':[{'destination':'/run/quiesce','type':'tmpfs'}]," LINUX "}", 27, "mounts[0].destination", "private to the script"},
    {"{'linux':{'readonlyPaths':['/a//b'],'seccomp':{" FILTER "}}}", 28, "linux.readonlyPaths[0]", "absolute path"},
    {"{'linux':{'namespaces':[{'type':'pid'}],'seccomp':{" FILTER "}}}", 33, "linux.namespaces[0].type", "not implemented"},
    {"{'linux':{'namespaces':[{'type':'user'}],'seccomp':{" FILTER "}}}", 33, "linux.namespaces[0].type", "not implemented"},
    {"{'linux':{'namespaces':[{'type':'cgroup'}],'seccomp':{" FILTER "}}}", 33, "linux.namespaces[0].type", "not implemented"},
    /* seccomp */
    {SECCOMP("'syscalls':[]"), 21, "linux.seccomp", "needs defaultAction"},
    {SECCOMP("'defaultAction':'SCMP_ACT_NOTIFY'"), 38, "linux.seccomp.defaultAction", "not an action"},
    {SECCOMP("'defaultAction':'SCMP_ACT_TRACE'"), 38, "linux.seccomp.defaultAction", "not an action"},
    {SECCOMP("'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':0"), 73, "linux.seccomp.defaultErrnoRet", "look like a success"},
    {SECCOMP("'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':4095"), 73, "linux.seccomp.defaultErrnoRet", "from 0 to 4094"},
    {SECCOMP("'defaultAction':'SCMP_ACT_ERRNO','defaultErrno':'EWHAT'"), 70, "linux.seccomp.defaultErrno", "no errno of that name"},
    {SECCOMP("'defaultAction':'SCMP_ACT_ERRNO','defaultErrno':'EPERM','defaultErrnoRet':38"), 70, "linux.seccomp.defaultErrno", "not the same errno"},
    {SECCOMP("'defaultAction':'SCMP_ACT_KILL','defaultErrnoRet':1"), 72, "linux.seccomp.defaultErrnoRet", "only SCMP_ACT_ERRNO"},
    {SECCOMP("'flags':['SECCOMP_FILTER_FLAG_LOG']," FILTER), 31, "linux.seccomp.flags[0]", "not implemented"},
    {SECCOMP("'architectures':['" OTHER_SCMP_ARCH "']," FILTER), 38, "linux.seccomp.architectures", "does not name"},
    {SECCOMP("'archMap':[{'architecture':'" OTHER_SCMP_ARCH "'}]," FILTER), 32, "linux.seccomp.archMap", "does not name"},
    {ENTRY("'names':['read']"), ENTRY_COLUMN - 1, "linux.seccomp.syscalls[0]", "needs action"},
    {ENTRY("'action':'SCMP_ACT_ALLOW'"), ENTRY_COLUMN - 1, "linux.seccomp.syscalls[0]", "needs names"},
    {ENTRY("'name':'read','action':'SCMP_ACT_ALLOW','args':[{'index':6,'value':1,'op':'SCMP_CMP_EQ'}]"), ENTRY_COLUMN + 57, "linux.seccomp.syscalls[0].args[0].index", "from 0 to 5"},
    {ENTRY("'name':'read','action':'SCMP_ACT_ALLOW','args':[{'index':0,'value':1,'op':'EQ'}]"), ENTRY_COLUMN + 74, "linux.seccomp.syscalls[0].args[0].op", "not a comparison"},
    {ENTRY("'name':'read','action':'SCMP_ACT_ALLOW','args':[{'index':0,'op':'SCMP_CMP_EQ'}]"), ENTRY_COLUMN + 48, "linux.seccomp.syscalls[0].args[0]", "needs value"},
    {ENTRY("'name':'read','action':'SCMP_ACT_ALLOW','args':[{'index':0,'value':1,'valueTwo':1,'op':'SCMP_CMP_EQ'}]"), ENTRY_COLUMN + 80, "linux.seccomp.syscalls[0].args[0].valueTwo", "only SCMP_CMP_MASKED_EQ"},
    {ENTRY("'name':'read','action':'SCMP_ACT_ALLOW','args':[{'index':0,'value':1,'valueTwo':2,'op':'SCMP_CMP_MASKED_EQ'}]"), ENTRY_COLUMN + 7, "linux.seccomp.syscalls[0].name", "can never hold"},
    {ENTRY("'name':'ioctl','action':'SCMP_ACT_ALLOW','args':[{'index':1,'value':4294967296,'op':'SCMP_CMP_EQ'}]"), ENTRY_COLUMN + 7, "linux.seccomp.syscalls[0].name", "wider than the 32 bits"},
    {ENTRY("'name':'ioctl','action':'SCMP_ACT_ALLOW','args':[{'index':1,'value':1,'op':'SCMP_CMP_EQ'},{'index':1,'value':2,'op':'SCMP_CMP_EQ'}]"), ENTRY_COLUMN + 7, "linux.seccomp.syscalls[0].name", "one argument twice"},
    {ENTRY("'name':'read','action':'SCMP_ACT_ALLOW','includes':{'caps':['CAP_X']}"), ENTRY_COLUMN + 60, "linux.seccomp.syscalls[0].includes.caps[0]", "no capability"},
    {ENTRY("'name':'read','action':'SCMP_ACT_ALLOW','includes':{'minKernel':'5'}"), ENTRY_COLUMN + 64, "linux.seccomp.syscalls[0].includes.minKernel", "kernel version"},
    {ENTRY("'name':'read','action':'SCMP_ACT_ALLOW','includes':{'maxKernel':'5.1'}"), ENTRY_COLUMN + 52, "linux.seccomp.syscalls[0].includes.maxKernel", "not implemented"},
    {SECCOMP("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['no_such_call'],'action':'SCMP_ACT_ERRNO'}]"), 0, "", ""},
};

/* The first error, warnings apart. */
static const struct finding *first_error(void)
{
    for (uint32_t i = 0; i < plan.head.findings_count; i++)
        if (plan.head.findings[i].severity == FINDING_ERROR)
            return &plan.head.findings[i];
    return NULL;
}

static void findings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        const struct row *row = &errors[i];
        const struct finding *f;

        compile(row->text, POLICY_FOR_HOOK);
        f = first_error();
        if (plan.head.usable != 0 || f == NULL)
            fail_msg("no error in %s", row->text);
        else if (f->code != 305 || (row->column != 0 && (f->line != 1 || f->column != row->column)) ||
                 (row->key[0] != '\0' && strcmp(f->key, row->key) != 0) || strstr(f->message, row->words) == NULL)
            fail_msg("%s\n  gives %u:%u:%u: %s: %s", row->text, f->code, f->line, f->column, f->key, f->message);
    }
}

/* ---- what a good one becomes ---------------------------------------------------------- */

static bool has_path(enum policy_path_kind kind, const char *path)
{
    for (uint32_t i = 0; i < plan.paths_count; i++)
        if (plan.paths[i].kind == kind && strcmp(plan.paths_text + plan.paths[i].offset, path) == 0)
            return true;
    return false;
}

static void everything(void **state)
{
    (void)state;
    must_compile("{'comment':'x','$schema':'y','ociVersion':'1.2.0','annotations':{'org.quiesce.survivors':'forbid'},"
                 "'process':{'user':{'uid':33,'gid':34,'additionalGids':[35,36]},'noNewPrivileges':true,"
                 "'capabilities':{'effective':['CAP_CHOWN'],'permitted':['CAP_CHOWN'],'ambient':['CAP_CHOWN'],"
                 "'inheritable':['CAP_CHOWN'],'bounding':['CAP_CHOWN','CAP_SYS_ADMIN']},"
                 "'rlimits':[{'type':'RLIMIT_CORE','soft':0,'hard':0},"
                 "{'type':'RLIMIT_NOFILE','soft':10,'hard':18446744073709551615}],'env':['A=1','B=']},"
                 "'root':{'readonly':true},'mounts':[{'destination':'/dev/shm','type':'tmpfs','source':'tmpfs'}],"
                 "'linux':{'resources':{'memory':{'reservation':2097152,'swap':8388608,'limit':4194304},'pids':{'limit':7}},"
                 "'namespaces':[{'type':'mount'},{'type':'network'},{'type':'uts'}],"
                 "'maskedPaths':['/proc/kcore'],'readonlyPaths':['/usr'],'seccomp':{" FILTER "}}}");
    assert_int_equal(plan.head.findings_count, 0);
    assert_int_equal(plan.flags, POLICY_READONLY_ROOT | POLICY_FORBID_SURVIVORS | POLICY_HAS_USER | POLICY_NEW_NET |
                                     POLICY_NEW_UTS);
    assert_int_equal(plan.uid, 33);
    assert_int_equal(plan.gid, 34);
    assert_int_equal(plan.groups_count, 2);
    assert_int_equal(plan.groups[1], 36);
    assert_int_equal(plan.cap_bounding, 1u << CAP_CHOWN | 1u << CAP_SYS_ADMIN);
    assert_int_equal(plan.cap_inheritable, 1u << CAP_CHOWN);
    assert_int_equal(plan.cap_ambient, 1u << CAP_CHOWN);
    assert_int_equal(plan.rlimits_count, 2);
    assert_int_equal(plan.rlimits[1].resource, RLIMIT_NOFILE);
    assert_int_equal(plan.rlimits[1].soft, 10);
    assert_true(plan.rlimits[1].hard == UINT64_MAX);
    assert_int_equal(plan.limits.pids, 7);
    assert_int_equal(plan.limits.memory, 4194304);
    assert_int_equal(plan.limits.swap, 8388608);
    assert_int_equal(plan.limits.reservation, 2097152);
    assert_int_equal(plan.env_count, 2);
    assert_memory_equal(plan.env, "A=1\0B=", 7);
    assert_int_equal(plan.paths_count, 3);
    assert_true(has_path(PATH_TMPFS, "/dev/shm"));
    assert_true(has_path(PATH_MASKED, "/proc/kcore"));
    assert_true(has_path(PATH_READONLY, "/usr"));
}

static uint32_t ask(int number, uint64_t first, uint64_t second, uint64_t third)
{
    const struct seccomp_data data = {.nr = number, .arch = native, .args = {first, second, third}};

    return bpf_run(plan.filter, plan.filter_length, &data);
}

/* In the manner of the Docker and Podman default profiles, all their extensions in it. */
static const char container_profile[] =
    "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38,'defaultErrno':'ENOSYS',"
    "'archMap':[{'architecture':'" SCMP_ARCH "','subArchitectures':['SCMP_ARCH_X86','SCMP_ARCH_X32']}],"
    "'syscalls':["
    "{'names':['read','write','_llseek','a_call_of_the_future'],'action':'SCMP_ACT_ALLOW','args':[],'comment':'',"
    "'includes':{},'excludes':{}},"
    "{'names':['close'],'action':'SCMP_ACT_ALLOW','args':null,'includes':null,'excludes':null},"
    "{'names':['dup'],'action':'SCMP_ACT_ALLOW','includes':{'arches':['" ARCH "']}},"
    "{'names':['dup3'],'action':'SCMP_ACT_ALLOW','includes':{'arches':['" OTHER_ARCH "']}},"
    "{'names':['fsync'],'action':'SCMP_ACT_ALLOW','excludes':{'arches':['" ARCH "','s390x']}},"
    "{'names':['ptrace'],'action':'SCMP_ACT_ALLOW','includes':{'minKernel':'4.8'}},"
    "{'names':['sync'],'action':'SCMP_ACT_ALLOW','includes':{'minKernel':'5.12'}},"
    "{'names':['syncfs'],'action':'SCMP_ACT_ALLOW','includes':{'minKernel':'6.1'}},"
    "{'names':['mount','umount2'],'action':'SCMP_ACT_ALLOW','includes':{'caps':['CAP_SYS_ADMIN']}},"
    "{'names':['mount','umount2'],'action':'SCMP_ACT_ERRNO','errnoRet':1,'errno':'EPERM',"
    "'excludes':{'caps':['CAP_SYS_ADMIN']}},"
    "{'name':'clone','action':'SCMP_ACT_ALLOW','args':[{'index':0,'value':2114060288,'valueTwo':0,"
    "'op':'SCMP_CMP_MASKED_EQ'}],'excludes':{'caps':['CAP_SYS_ADMIN']}},"
    "{'names':['socket'],'action':'SCMP_ACT_ERRNO','errnoRet':22,'args':[{'index':0,'value':16,'valueTwo':0,"
    "'op':'SCMP_CMP_EQ'},{'index':2,'value':9,'valueTwo':0,'op':'SCMP_CMP_EQ'}]},"
    "{'names':['socket'],'action':'SCMP_ACT_ALLOW','args':[{'index':2,'value':9,'valueTwo':0,'op':'SCMP_CMP_NE'}]},"
    "{'names':['socket'],'action':'SCMP_ACT_ALLOW','args':[{'index':0,'value':16,'valueTwo':0,'op':'SCMP_CMP_NE'}]},"
    "{'names':['chroot','fchdir'],'action':'SCMP_ACT_LOG'}]}";

static void container_extensions(void **state)
{
    const uint32_t no = SECCOMP_RET_ERRNO | ENOSYS;

    (void)state;
    must_compile(container_profile);
    assert_int_equal(plan.head.findings_count, 2); /* the call of the future, the kernel above 5.12 */
    assert_non_null(strstr(plan.head.findings[0].message, "5.12"));
    assert_non_null(strstr(plan.head.findings[1].message, "a_call_of_the_future"));
    assert_int_equal(ask(SYS_read, 0, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(SYS_close, 0, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(SYS_dup, 0, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(SYS_dup3, 0, 0, 0), no);
    assert_int_equal(ask(SYS_fsync, 0, 0, 0), no);
    assert_int_equal(ask(SYS_ptrace, 0, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(SYS_sync, 0, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(SYS_syncfs, 0, 0, 0), no);
    assert_int_equal(ask(SYS_mount, 0, 0, 0), SECCOMP_RET_ERRNO | EPERM);
    assert_int_equal(ask(SYS_clone, 17, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(SYS_clone, 0x10000000, 0, 0), no);
    assert_int_equal(ask(SYS_socket, 1, 1, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(SYS_socket, 1, 1, 9), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(SYS_socket, 16, 3, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(SYS_socket, 16, 3, 9), SECCOMP_RET_ERRNO | EINVAL);
    assert_int_equal(ask(SYS_socket, 0x100000010, 3, 0x700000009), SECCOMP_RET_ERRNO | EINVAL);
    assert_int_equal(ask(SYS_chroot, 0, 0, 0), SECCOMP_RET_LOG);
}

/* The same entries, with the capability in the bounding set. */
static void capabilities_decide(void **state)
{
    char text[sizeof container_profile + 256];

    (void)state;
    snprintf(text, sizeof text, "{'process':{'capabilities':{'bounding':['CAP_SYS_ADMIN']}},'linux':{'seccomp':%s}}",
             container_profile);
    must_compile(text);
    assert_int_equal(ask(SYS_mount, 0, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(SYS_clone, 17, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
}

/* Where a kernel above the oldest is asked for, what denies more holds. */
static void unsure_kernel(void **state)
{
    (void)state;
    must_compile("{'defaultAction':'SCMP_ACT_ERRNO','syscalls':["
                 "{'names':['read'],'action':'SCMP_ACT_ALLOW','excludes':{'minKernel':'6.1'}},"
                 "{'names':['write','close'],'action':'SCMP_ACT_ALLOW'},"
                 "{'names':['write'],'action':'SCMP_ACT_KILL_PROCESS','includes':{'minKernel':'6.1'}},"
                 "{'names':['close'],'action':'SCMP_ACT_KILL_PROCESS','excludes':{'minKernel':'5.9.3'}}]}");
    assert_int_equal(ask(SYS_read, 0, 0, 0), SECCOMP_RET_ERRNO | EPERM);
    assert_int_equal(ask(SYS_write, 0, 0, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(ask(SYS_close, 0, 0, 0), SECCOMP_RET_ALLOW);
}

/* ---- uses ---------------------------------------------------------------------------------- */

static void hooks_cannot_freeze(void **state)
{
    static const char text[] = "{'linux':{'seccomp':{'defaultAction':'SCMP_ACT_KILL_PROCESS','syscalls':["
                               "{'names':['ioctl'],'action':'SCMP_ACT_ALLOW'}]}}}";

    (void)state;
    must_compile(text);
    assert_int_equal(ask(SYS_ioctl, 3, 0xc0045876, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(SYS_ioctl, 3, 0xc0045877, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(ask(SYS_ioctl, 3, 0x5c0045878, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(ask(443, 0, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
    compile(text, POLICY_FOR_ROLE);
    assert_int_equal(plan.head.usable, 1);
    assert_int_equal(ask(SYS_ioctl, 3, 0xc0045877, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(441, 0, 0, 0), SECCOMP_RET_KILL_PROCESS);
}

static void roles_are_filters_only(void **state)
{
    (void)state;
    compile("{'annotations':{'org.quiesce.comment':'x'}," LINUX "}", POLICY_FOR_ROLE);
    assert_int_equal(plan.head.usable, 1);
    compile("{'process':{}," LINUX "}", POLICY_FOR_ROLE);
    assert_int_equal(plan.head.usable, 0);
    compile("{'linux':{'maskedPaths':[],'seccomp':{" FILTER "}}}", POLICY_FOR_ROLE);
    assert_int_equal(plan.head.usable, 0);
}

/* A role's document says so itself; for a hook that is an error, wherever it comes from. */
static void role_annotation(void **state)
{
#define ROLE(name) "{'annotations':{'org.quiesce.role':'" name "'}," LINUX "}"
    (void)state;
    assert_int_equal(compile(ROLE("guardian"), POLICY_FOR_EITHER), POLICY_FOR_ROLE);
    assert_int_equal(plan.head.usable, 1);
    assert_int_equal(ask(441, 0, 0, 0), SECCOMP_RET_ERRNO | EPERM);
    assert_int_equal(compile("{" LINUX "}", POLICY_FOR_EITHER), POLICY_FOR_HOOK);
    assert_int_equal(plan.head.usable, 1);
    assert_int_equal(ask(443, 0, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
    assert_int_equal(compile("[]", POLICY_FOR_EITHER), POLICY_FOR_HOOK);
    assert_int_equal(plan.head.usable, 0);
    compile(ROLE("guardian"), POLICY_FOR_HOOK);
    assert_int_equal(plan.head.usable, 0);
    assert_string_equal(plan.head.findings[0].key, "annotations.org.quiesce.role");
    assert_int_equal(compile(ROLE("emperor"), POLICY_FOR_EITHER), POLICY_FOR_ROLE);
    assert_int_equal(plan.head.usable, 0);
    assert_int_equal(compile("{'annotations':{'org.quiesce.role':[]}," LINUX "}", POLICY_FOR_EITHER), POLICY_FOR_ROLE);
    assert_int_equal(plan.head.usable, 0);
}

/* Reasons for capabilities mean nothing here, but their names must be right. */
static void reasons(void **state)
{
    (void)state;
    compile("{'annotations':{'org.quiesce.reason.CAP_CHOWN':'for x','org.quiesce.reason.CAP_BPF':'for y'}," LINUX "}",
            POLICY_FOR_HOOK);
    assert_int_equal(plan.head.usable, 1);
    assert_int_equal(plan.head.findings_count, 0);
    static const char *const bad[] = {"'org.quiesce.reason.CAP_CHOWNS':''", "'org.quiesce.reason.':''", "'org.quiesce.reason':''",
                                      "'org.quiesce.reason.cap_chown':''", "'org.quiesce.reason.CAP_CHOWN':7"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[512];

        snprintf(text, sizeof text, "{'annotations':{%s}," LINUX "}", bad[i]);
        compile(text, POLICY_FOR_HOOK);
        assert_int_equal(plan.head.usable, 0);
        assert_memory_equal(plan.head.findings[0].key, "annotations", 11);
    }
}

/* To learn: what no entry speaks of is told from what one denies. */
static void to_learn(void **state)
{
    static const char *const refused[] = {
        "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[]}",
        "{'defaultAction':'SCMP_ACT_LOG','syscalls':[]}",
        "{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['read'],'action':'SCMP_ACT_ERRNO','errnoRet':4000}]}",
        "{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['read'],'action':'SCMP_ACT_ERRNO','errnoRet':4003}]}",
        "{'annotations':{'org.quiesce.role':'guardian'}," LINUX "}",
    };

    (void)state;
    compile("{'defaultAction':'SCMP_ACT_KILL_PROCESS','syscalls':[{'names':['read'],'action':'SCMP_ACT_ALLOW'},"
            "{'names':['write'],'action':'SCMP_ACT_ERRNO','errnoRet':13},{'names':['close'],'action':'SCMP_ACT_ERRNO'},"
            "{'names':['ptrace'],'action':'SCMP_ACT_KILL_PROCESS'},{'names':['dup'],'action':'SCMP_ACT_LOG'}]}",
            POLICY_TO_LEARN);
    assert_int_equal(plan.head.usable, 1);
    assert_int_equal(ask(SYS_read, 0, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(SYS_write, 0, 0, 0), SECCOMP_RET_ERRNO | 13);
    assert_int_equal(ask(SYS_close, 0, 0, 0), SECCOMP_RET_ERRNO | EPERM);
    assert_int_equal(ask(SYS_ptrace, 0, 0, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(ask(SYS_dup, 0, 0, 0), SECCOMP_RET_LOG);
    assert_int_equal(ask(SYS_openat, 0, 0, 0), SECCOMP_RET_ERRNO | LEARN_MISSING);
    assert_int_equal(ask(SYS_ioctl, 3, 0xc0045877, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(ask(443, 0, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        compile(refused[i], POLICY_TO_LEARN);
        if (plan.head.usable != 0)
            fail_msg("%s", refused[i]);
    }
    compile(refused[0], POLICY_FOR_HOOK); /* which is nobody else's business */
    assert_int_equal(plan.head.usable, 1);
    compile(refused[2], POLICY_FOR_HOOK);
    assert_int_equal(plan.head.usable, 1);
}

/* Calls up to the last of Linux 5.12 are denied; later ones that the policy does not speak of do not exist. */
static void newer_than_the_policy(void **state)
{
    (void)state;
    must_compile("{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['read'],'action':'SCMP_ACT_ALLOW'}]}");
    assert_int_equal(ask(442, 0, 0, 0), SECCOMP_RET_ERRNO | EPERM);
    assert_int_equal(ask(443, 0, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
    must_compile("{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['read','mseal'],'action':'SCMP_ACT_ALLOW'}]}");
    assert_int_equal(ask(452, 0, 0, 0), SECCOMP_RET_ERRNO | EPERM);
    assert_int_equal(ask(462, 0, 0, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(ask(463, 0, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
}

static void same_bytes(void **state)
{
    static struct policy_plan first;

    (void)state;
    must_compile(container_profile);
    first = plan;
    memset(&plan, 0xa5, sizeof plan);
    must_compile(container_profile);
    assert_memory_equal(&first, &plan, sizeof plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings),
        cmocka_unit_test(everything),
        cmocka_unit_test(container_extensions),
        cmocka_unit_test(capabilities_decide),
        cmocka_unit_test(unsure_kernel),
        cmocka_unit_test(hooks_cannot_freeze),
        cmocka_unit_test(roles_are_filters_only),
        cmocka_unit_test(role_annotation),
        cmocka_unit_test(reasons),
        cmocka_unit_test(to_learn),
        cmocka_unit_test(newer_than_the_policy),
        cmocka_unit_test(same_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
