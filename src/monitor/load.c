/*
 * The documents: open by the safe walk, copy, have a parser of its own answer,
 * check the answer, pass it on.
 *
 * What the monitor takes from an answer: paths, which it walks safely; a user's
 * numeric ids; and blocks of bounded bytes that go to the launcher unread.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fatal.h"
#include "base/freeze_check.h"
#include "base/hook.h"
#include "base/plan_check.h"
#include "base/walk.h"
#include "monitor/monitor.h"

enum { SCRIPT = DOC_KINDS, ANSWER_MS = 10000 }; /* a parser that says nothing for so long is as good as dead */

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

static void open_document(struct pending *p, uint32_t kind, uint32_t plugin, const char *path, bool given)
{
    struct msg_document *d = &p->document;
    memset(d, 0, sizeof *d);
    d->kind = kind;
    d->plugin = plugin;
    d->given = given;
    path_join(d->path, path, "", "");
    p->copy = kind == DOC_MOUNTS ? sealed_copy(FD_MOUNTINFO, walk_limit(kind), &d->walk)
        : walk_copy(FD_ROOT, kind, d->path, &d->walk);
    p->answer = -1;
}

/* Opens a document and hands its copy to a parser of its own, with the compiled form of a policy or -1. */
static void begin(struct pending *p, uint32_t kind, uint32_t plugin, const char *path, bool given, const char *argument,
                  int compiled)
{
    struct msg_parse parse = { .kind = kind };
    int pair[2];
    open_document(p, kind, plugin, path, given);
    if (p->copy < 0) {
        return;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        fatal("cannot make a socket for an answer", errno);
    }
    memcpy(parse.argument, argument, strnlen(argument, sizeof parse.argument - 1));
    const int fds[3] = { p->copy, pair[1], compiled };
    int error = wire_send(FD_PARSER, MSG_PARSE, &parse, fds, compiled < 0 ? 2 : 3);
    if (error != 0) {
        fatal("cannot reach the parser", error);
    }
    (void)close(pair[1]);
    p->answer = pair[0];
}

/* A policy is named, or given by its path; its compiled form lies beside it. */
static void begin_policy(struct pending *p, uint32_t plugin, const char *name, const char *directory)
{
    static struct walk_result ignored; /* an absent or unsafe compiled form is only not used */
    char path[PLAN_PATH_MAX], joined[PLAN_PATH_MAX];
    bool absolute = name[0] == '/';
    path_join(joined, absolute ? "" : directory, absolute ? "" : "/", name);
    path_join(path, joined, absolute ? "" : ".json", "");
    path_join(joined, path, ".qpol", "");
    int compiled = walk_copy(FD_ROOT, DOC_POLICY, joined, &ignored);
    begin(p, DOC_POLICY, plugin, path, true, "", compiled);
    (void)close(compiled); /* -1: there is none */
}

/* Waits for the answer, checks it, tells the supervisor.  Returns true
 * for a usable answer, of which size bytes are copied to keep. */
static bool finish(struct monitor *m, struct pending *p, void *keep, size_t size)
{
    struct wire_packet packet = { .fds_count = 0 };
    const struct plan_head *head = NULL;
    if (p->answer >= 0) {
        struct pollfd answered = { p->answer, POLLIN, 0 };
        bool got = poll(&answered, 1, ANSWER_MS) == 1 && wire_receive(p->answer, &m->buffer, &packet) == 1 &&
            packet.type == WIRE_ANSWER(p->document.kind);
        head = got && plan_valid((enum document_kind)p->document.kind, packet.body) ? packet.body : NULL;
        p->document.answered = head != NULL;
        p->document.parser_died = head == NULL;
        wire_close(&packet); /* a message of another type may have brought some */
        (void)close(p->answer);
    }
    send_to(FD_SUPERVISOR, MSG_DOCUMENT, &p->document, p->copy);
    if (head != NULL) {
        send_to(FD_SUPERVISOR, WIRE_ANSWER(p->document.kind), head, -1);
    }
    if (p->copy >= 0) {
        (void)close(p->copy);
    }
    if (head == NULL || !head->usable) {
        return false;
    }
    memcpy(keep, head, size);
    return true;
}

/* One script: verified, copied, and handed to whoever may have it. */
static void load_script(struct msg_hook *hook, const struct script_plan *script, uint32_t plugin, uint32_t phase,
                        bool to_launcher)
{
    struct pending p;
    open_document(&p, SCRIPT, plugin, script->path, true);
    p.document.phase = phase;
    send_to(FD_SUPERVISOR, MSG_DOCUMENT, &p.document, p.copy);
    if (p.copy >= 0 && to_launcher) {
        hook_take_script(hook, WIRE_SLOT(plugin, phase), script);
        send_to(FD_LAUNCHER, MSG_HOOK, hook, p.copy);
    }
    (void)close(p.copy); /* -1: it was refused */
}

/* What a plugin configuration names: its policy, its user, its scripts. */
static void load_plugin(struct monitor *m, const struct plugin_plan *plan, uint32_t index)
{
    static struct msg_policy policy;
    static struct passwd_plan user;
    static struct group_plan groups;
    static struct msg_hook hook;
    struct pending documents[3];
    bool named = plan->run_as[0] != '\0';
    begin_policy(&documents[0], index, plan->policy, m->request.policy_dir);
    if (named) {
        begin(&documents[1], DOC_PASSWD, index, "/etc/passwd", false, plan->run_as, -1);
    }
    bool complete = finish(m, &documents[0], &policy.plan, sizeof policy.plan);
    if (named && (complete = finish(m, &documents[1], &user, sizeof user) && complete)) {
        begin(&documents[2], DOC_GROUP, index, "/etc/group", false, user.name, -1); /* run_as may be a uid */
        complete = finish(m, &documents[2], &groups, sizeof groups);
    }
    complete = complete && m->request.mode == MODE_RUN;
    if (complete) {
        hook_take_plugin(&hook, index, plan, &policy.plan, named ? &user : NULL, &groups);
        policy.index = index;
        send_to(FD_LAUNCHER, MSG_POLICY, &policy, -1);
    }
    for (uint32_t phase = 0; phase < PHASES; phase++) {
        load_script(&hook, &plan->scripts[phase], index, phase, complete);
    }
}

static void load_plugins(struct monitor *m, const struct msg_request *request)
{
    static struct pending plugins[PLAN_PLUGINS_MAX];
    static struct host_plan host;
    static struct plugin_plan plan;
    struct pending p;
    uint32_t count = 0;
    bool alone = request->plugin_config_given;
    if (!alone) {
        begin(&p, DOC_HOST, UINT32_MAX, request->host_config, request->host_config_given, "", -1);
        alone = p.document.walk.verdict == WALK_MISSING && !request->host_config_given;
        if (finish(m, &p, &host, sizeof host)) {
            for (; count < host.plugins_count; count++) {
                begin(&plugins[count], DOC_PLUGIN, count, host.plugins[count].config_path, true, "", -1);
            }
        }
    }
    if (alone) {
        begin(&plugins[count++], DOC_PLUGIN, 0, request->plugin_config, request->plugin_config_given, "", -1);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (finish(m, &plugins[i], &plan, sizeof plan)) {
            m->vmbackup.freeze &= plan.freeze;
            load_plugin(m, &plan, i);
        }
    }
}

static void finish_mounts(struct monitor *m, struct pending *mounts)
{
    m->mounts.count = 0; /* without it nothing can be frozen */
    (void)finish(m, mounts, &m->mounts, sizeof m->mounts);
    m->record->wanted = 1 + freeze_wanted(&m->mounts, &m->request, &m->vmbackup);
}

void load_survey(struct monitor *m)
{
    static struct pending mounts;
    begin(&mounts, DOC_MOUNTS, UINT32_MAX, "/proc/self/mountinfo", false, "", -1);
    finish_mounts(m, &mounts);
    m->state = MONITOR_SURVEYED;
}

void on_request(void *context, const struct wire_packet *packet)
{
    static struct msg_seal seal;
    struct monitor *m = context;
    struct pending vmbackup, mounts;
    memcpy(&m->request, packet->body, sizeof m->request);
    begin(&mounts, DOC_MOUNTS, UINT32_MAX, "/proc/self/mountinfo", false, "", -1);
    begin(&vmbackup, DOC_VMBACKUP, UINT32_MAX, m->request.vmbackup_config, false, "", -1);
    m->vmbackup.freeze = !finish(m, &vmbackup, &m->vmbackup, sizeof m->vmbackup) || m->vmbackup.freeze;
    load_plugins(m, &m->request);
    finish_mounts(m, &mounts);
    memcpy(seal.run_id, m->request.run_id, sizeof seal.run_id);
    memcpy(seal.program_dir, m->request.program_dir, sizeof seal.program_dir);
    send_to(FD_LAUNCHER, MSG_SEAL, &seal, -1);
    send_to(FD_SUPERVISOR, MSG_LOADED, &m->request.machine, -1);
    m->state = MONITOR_READY;
}
