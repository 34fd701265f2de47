/*
 * The documents: open by the safe walk, copy, have a parser of its own answer,
 * check the answer, pass it on.
 *
 * What the monitor takes from an answer: paths, which it walks safely; a user's
 * numeric ids; and blocks of bounded bytes that go to the launcher unread.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fatal.h"
#include "base/plan_check.h"
#include "monitor/monitor.h"

static const char default_host_config[] = "/etc/azure/VMSnapshotPluginHost.conf";
static const char default_vmbackup[] = "/etc/azure/vmbackup.conf";
static const char default_plugin_config[] = "/etc/azure/VMSnapshotScriptPluginConfig.json";
static const char default_policy[] = "default";

/* What the mode of a file of a kind may contain, and how large it may be (contract.md). */
static const struct {
    unsigned allowed;
    size_t limit;
} kinds[DOC_KINDS + 1] = {
    [DOC_HOST] = { 0644, DOC_CONFIG_BYTES_MAX },
    [DOC_VMBACKUP] = { 0644, DOC_CONFIG_BYTES_MAX },
    [DOC_PLUGIN] = { 0600, DOC_CONFIG_BYTES_MAX },
    [DOC_POLICY] = { 0644, DOC_POLICY_BYTES_MAX },
    [DOC_PASSWD] = { 0644, DOC_SYSTEM_BYTES_MAX },
    [DOC_GROUP] = { 0644, DOC_SYSTEM_BYTES_MAX },
    [DOC_MOUNTS] = { 0, DOC_SYSTEM_BYTES_MAX },
    [DOC_KINDS] = { 0700, DOC_SCRIPT_BYTES_MAX }, /* a script */
};

/* A document between its opening and its answer. */
struct pending {
    struct msg_document document;
    int copy;   /* sealed memfd, or -1 */
    int answer; /* socket, or -1 */
};

static void send_to(int socket, uint32_t type, const void *body, int fd)
{
    int error = wire_send(socket, type, body, &fd, fd < 0 ? 0 : 1);
    if (error != 0) {
        fatal("cannot send while loading", error);
    }
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

/* to = a + b + c, cut never: too long gives "", which the walk refuses. */
static void join(char to[PLAN_PATH_MAX], const char *a, const char *b, const char *c)
{
    const char *parts[3] = { a, b, c };
    size_t used = 0;
    for (unsigned i = 0; i < 3; i++) {
        size_t length = strlen(parts[i]);
        if (used + length >= PLAN_PATH_MAX) {
            to[0] = '\0';
            return;
        }
        memcpy(to + used, parts[i], length + 1);
        used += length;
    }
}

static void name_document(struct pending *p, uint32_t kind, uint32_t plugin, const char *path, bool given)
{
    memset(&p->document, 0, sizeof p->document);
    p->copy = p->answer = -1;
    p->document.kind = kind;
    p->document.plugin = plugin;
    p->document.given = given;
    join(p->document.path, path, "", "");
}

static void open_document(struct pending *p)
{
    struct msg_document *d = &p->document;
    int fd = walk_open(FD_ROOT, d->path, kinds[d->kind].allowed, &d->walk);
    if (fd >= 0) {
        p->copy = sealed_copy(fd, kinds[d->kind].limit, &d->walk);
    }
}

/* Hands the copy to a parser of its own. */
static void begin_parse(struct pending *p, const char *argument, int compiled)
{
    if (p->copy < 0) {
        return;
    }
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        fatal("cannot make a socket for an answer", errno);
    }
    struct msg_parse parse = { .kind = p->document.kind };
    memcpy(parse.argument, argument, strnlen(argument, sizeof parse.argument - 1));
    int fds[3] = { p->copy, pair[1], compiled };
    int error = wire_send(FD_PARSER, MSG_PARSE, &parse, fds, compiled < 0 ? 2 : 3);
    if (error != 0) {
        fatal("cannot reach the parser", error);
    }
    (void)close(pair[1]);
    p->answer = pair[0];
}

static void begin(struct pending *p, uint32_t kind, uint32_t plugin, const char *path, bool given,
                  const char *argument)
{
    name_document(p, kind, plugin, path, given);
    open_document(p);
    begin_parse(p, argument, -1);
}

/* Waits for the answer, checks it, tells the supervisor; the answer, or NULL if
 * there is none that can be used.  It lies in m->buffer until the next receive. */
static const void *finish(struct monitor *m, struct pending *p)
{
    const struct plan_head *head = NULL;
    if (p->answer >= 0) {
        struct wire_packet packet;
        int got = wire_receive(p->answer, &m->buffer, &packet);
        if (got == 1 && packet.type == WIRE_ANSWER(p->document.kind) &&
            plan_valid((enum document_kind)p->document.kind, packet.body)) {
            head = packet.body;
        } else if (got == 1) {
            wire_close(&packet);
        }
        p->document.answered = head != NULL;
        p->document.parser_died = head == NULL;
    }
    send_to(FD_SUPERVISOR, MSG_DOCUMENT, &p->document, p->copy);
    if (head != NULL) {
        send_to(FD_SUPERVISOR, WIRE_ANSWER(p->document.kind), head, -1);
    }
    close_fd(&p->copy);
    close_fd(&p->answer);
    return head != NULL && head->usable ? head : NULL;
}

/* A policy with its compiled form beside it, NAME.json and NAME.qpol. */
static void begin_policy(struct pending *p, uint32_t plugin, const char *name, const char *directory)
{
    static const char suffix[] = ".json";
    char base[PLAN_PATH_MAX], path[PLAN_PATH_MAX], compiled[PLAN_PATH_MAX];
    bool absolute = name[0] == '/';
    if (!absolute && strchr(name, '/') != NULL) {
        base[0] = '\0'; /* a name is one component; the parser should have said so */
    } else {
        join(base, absolute ? "" : directory, absolute ? "" : "/", name);
    }
    size_t length = strlen(base), cut = sizeof suffix - 1;
    if (absolute && length > cut && strcmp(base + length - cut, suffix) == 0) {
        base[length - cut] = '\0';
    }
    bool plain = absolute && strlen(base) == length; /* an absolute path not in .json: taken as it is */
    join(path, base, plain ? "" : suffix, "");
    join(compiled, base, ".qpol", "");

    name_document(p, DOC_POLICY, plugin, path, true);
    open_document(p);
    struct walk_result ignored; /* an absent or unsafe compiled form is only not used */
    int fd = p->copy < 0 ? -1 : walk_open(FD_ROOT, compiled, kinds[DOC_POLICY].allowed, &ignored);
    int copy = fd < 0 ? -1 : sealed_copy(fd, DOC_POLICY_BYTES_MAX, &ignored);
    begin_parse(p, "", copy);
    close_fd(&copy);
}

/* The ids a hook of this plugin gets. */
static void choose_ids(struct msg_hook *hook, const struct policy_plan *policy, const struct passwd_plan *user,
                       const struct group_plan *groups)
{
    join(hook->home, "/", "", "");
    if (user != NULL && groups != NULL) {
        hook->uid = user->uid;
        hook->gid = user->gid;
        hook->groups_count = groups->count;
        memcpy(hook->groups, groups->gids, sizeof hook->groups);
        join(hook->home, user->home, "", "");
    } else if ((policy->flags & POLICY_HAS_USER) != 0) {
        hook->uid = policy->uid;
        hook->gid = policy->gid;
        hook->groups_count = policy->groups_count;
        memcpy(hook->groups, policy->groups, sizeof hook->groups);
    } else {
        join(hook->home, "/root", "", "");
    }
}

/* One script: verified, copied, and handed to whoever may have it. */
static void load_script(struct msg_hook *hook, const struct plugin_plan *plan, uint32_t plugin, uint32_t phase,
                        bool to_launcher)
{
    struct pending p;
    const struct script_plan *script = &plan->scripts[phase];
    name_document(&p, DOC_KINDS, plugin, script->path, true);
    p.document.phase = phase;
    open_document(&p);
    send_to(FD_SUPERVISOR, MSG_DOCUMENT, &p.document, p.copy);
    if (p.copy >= 0 && to_launcher) {
        hook->slot = WIRE_SLOT(plugin, phase);
        hook->args_count = script->args_count;
        hook->args_length = script->args_length;
        memcpy(hook->args, script->args, sizeof hook->args);
        join(hook->path, script->path, "", "");
        send_to(FD_LAUNCHER, MSG_HOOK, hook, p.copy);
    }
    close_fd(&p.copy);
}

/* What a plugin configuration names: its policy, its user, its scripts. */
static void load_plugin(struct monitor *m, const struct msg_request *request, const struct plugin_plan *plan,
                        uint32_t index)
{
    static struct msg_policy policy;
    static struct passwd_plan user;
    static struct group_plan groups;
    static struct msg_hook hook;
    struct pending documents[3];
    bool named = plan->run_as[0] != '\0';
    const void *answers[3] = { NULL, NULL, NULL };

    begin_policy(&documents[0], index, plan->policy[0] != '\0' ? plan->policy : default_policy, request->policy_dir);
    if (named) {
        begin(&documents[1], DOC_PASSWD, index, "/etc/passwd", false, plan->run_as);
        begin(&documents[2], DOC_GROUP, index, "/etc/group", false, plan->run_as);
    }
    if ((answers[0] = finish(m, &documents[0])) != NULL) {
        policy.index = index;
        memcpy(&policy.plan, answers[0], sizeof policy.plan);
    }
    if (named && (answers[1] = finish(m, &documents[1])) != NULL) {
        memcpy(&user, answers[1], sizeof user);
    }
    if (named && (answers[2] = finish(m, &documents[2])) != NULL) {
        memcpy(&groups, answers[2], sizeof groups);
    }
    bool complete = answers[0] != NULL && (!named || (answers[1] != NULL && answers[2] != NULL));
    bool to_launcher = complete && request->mode == MODE_RUN;
    memset(&hook, 0, sizeof hook);
    if (to_launcher) {
        hook.policy = index;
        hook.env_count = plan->env_count;
        hook.env_length = plan->env_length;
        memcpy(hook.env, plan->env, sizeof hook.env);
        choose_ids(&hook, &policy.plan, named ? &user : NULL, named ? &groups : NULL);
        send_to(FD_LAUNCHER, MSG_POLICY, &policy, -1);
    }
    for (uint32_t phase = 0; phase < PHASES; phase++) {
        load_script(&hook, plan, index, phase, to_launcher);
    }
}

static void begin_mounts(struct pending *p)
{
    name_document(p, DOC_MOUNTS, UINT32_MAX, "/proc/self/mountinfo", false);
    int fd = dup(FD_MOUNTINFO); /* the copy closes what it is given */
    if (fd < 0 || lseek(fd, 0, SEEK_SET) != 0) {
        fatal("cannot read the mount table", errno);
    }
    p->copy = sealed_copy(fd, kinds[DOC_MOUNTS].limit, &p->document.walk);
    begin_parse(p, "", -1);
}

static void load_plugins(struct monitor *m, const struct msg_request *request)
{
    static struct pending plugins[PLAN_PLUGINS_MAX];
    static struct plugin_plan plan;
    struct pending host;
    uint32_t count = 0;
    if (request->plugin_config[0] != '\0') {
        begin(&plugins[count++], DOC_PLUGIN, 0, request->plugin_config, true, "");
    } else {
        bool given = request->host_config_given != 0;
        begin(&host, DOC_HOST, UINT32_MAX, given ? request->host_config : default_host_config, given, "");
        bool absent = host.document.walk.verdict == WALK_MISSING && !given;
        const struct host_plan *hosts = finish(m, &host);
        for (uint32_t i = 0; hosts != NULL && i < hosts->plugins_count; i++) {
            begin(&plugins[count++], DOC_PLUGIN, i, hosts->plugins[i].config_path, true, "");
        }
        if (absent) {
            begin(&plugins[count++], DOC_PLUGIN, 0, default_plugin_config, false, "");
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct plugin_plan *answer = finish(m, &plugins[i]);
        if (answer != NULL) {
            memcpy(&plan, answer, sizeof plan);
            load_plugin(m, request, &plan, i);
        }
    }
}

static bool request_valid(const struct msg_request *r)
{
    return r->mode < RUN_MODES && memchr(r->run_id, '\0', sizeof r->run_id) != NULL &&
        memchr(r->host_config, '\0', sizeof r->host_config) != NULL &&
        memchr(r->plugin_config, '\0', sizeof r->plugin_config) != NULL &&
        memchr(r->policy_dir, '\0', sizeof r->policy_dir) != NULL &&
        memchr(r->program_dir, '\0', sizeof r->program_dir) != NULL;
}

void on_request(struct monitor *m, const struct wire_packet *packet)
{
    static struct msg_request request;
    static struct msg_file_systems below;
    static struct msg_seal seal;
    struct pending vmbackup, mounts;
    memcpy(&request, packet->body, sizeof request);
    if (!request_valid(&request)) {
        fatal("the request is not valid", 0);
    }
    begin_mounts(&mounts);
    begin(&vmbackup, DOC_VMBACKUP, UINT32_MAX, default_vmbackup, false, "");
    (void)finish(m, &vmbackup);
    load_plugins(m, &request);
    const struct mount_plan *table = finish(m, &mounts);
    if (table != NULL) {
        memcpy(&m->mounts, table, sizeof m->mounts);
    }
    describe_file_systems(m, &below);
    send_to(FD_SUPERVISOR, MSG_FILE_SYSTEMS, &below, -1);

    memcpy(seal.run_id, request.run_id, sizeof seal.run_id);
    join(seal.program_dir, request.program_dir, "", "");
    send_to(FD_LAUNCHER, MSG_SEAL, &seal, -1);
    m->has_expedite = m->has_expedite && request.expedite != 0;
    struct msg_loaded loaded = {
        .has_cgroup = m->has_cgroup, .has_expedite = m->has_expedite, .has_journal = m->has_journal,
    };
    send_to(FD_SUPERVISOR, MSG_LOADED, &loaded, -1);
    m->state = MONITOR_READY;
}
