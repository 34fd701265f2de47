#include "front/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/message.h"
#include "front/machine.h"
#include "front/record.h"
#include "front/recover.h"
#include "front/topology.h"
#include "quiesce/outcome.h"

enum { START_WAIT_MS = 5000 };

/* Where the documents are by the contract. */
static const char default_host_config[] = "/etc/azure/VMSnapshotPluginHost.conf";
static const char default_plugin_config[] = "/etc/azure/VMSnapshotScriptPluginConfig.json";
static const char vmbackup_config[] = "/etc/azure/vmbackup.conf";

int session_make_id(char run_id[WIRE_RUN_ID_MAX])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[(WIRE_RUN_ID_MAX - 1) / 2];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) {
        return -EIO;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        run_id[2 * i] = digits[bytes[i] >> 4];
        run_id[2 * i + 1] = digits[bytes[i] & 15];
    }
    run_id[WIRE_RUN_ID_MAX - 1] = '\0';
    return 0;
}

static void set_path(char to[PLAN_PATH_MAX], const char *given, const char *otherwise)
{
    snprintf(to, PLAN_PATH_MAX, "%s", given[0] != '\0' ? given : otherwise);
}

static int send_wishes(const struct session *session, const struct options *options, const struct machine *machine)
{
    static struct msg_request request;
    static struct msg_options wishes;
    memcpy(request.run_id, session->run_id, sizeof request.run_id);
    request.mode = (uint8_t)session->mode;
    request.host_config_given = options->host_config[0] != '\0' ? 1 : 0;
    request.plugin_config_given = options->plugin_config[0] != '\0' ? 1 : 0;
    request.machine = machine->has;
    set_path(request.host_config, options->host_config, default_host_config);
    set_path(request.vmbackup_config, "", vmbackup_config);
    set_path(request.plugin_config, options->plugin_config, default_plugin_config);
    set_path(request.policy_dir, machine->policies, "");
    set_path(request.program_dir, machine->programs, "");
    request.freeze_timeout_seconds = options->freeze_timeout_seconds;
    request.mounts = options->mounts;
    request.exclude = options->exclude;

    memcpy(wishes.run_id, session->run_id, sizeof wishes.run_id);
    wishes.mode = (uint8_t)session->mode;
    wishes.allow_crash = options->allow_crash;
    wishes.held = options->command == COMMAND_FREEZE ? 1 : 0;
    wishes.freeze_timeout_seconds = options->freeze_timeout_seconds;
    wishes.mounts = options->mounts;
    wishes.exclude = options->exclude;

    int error = wire_send(session->roles.monitor, MSG_REQUEST, &request, NULL, 0);
    error = error != 0 ? error : wire_send(session->roles.supervisor, MSG_OPTIONS, &wishes, NULL, 0);
    /* A role that ended at once is noticed by the end of file that follows. */
    return error == -EPIPE || error == -ECONNRESET ? 0 : error;
}

/* Through an open file of its own: as long as the lock's is mapped, it is held. */
static int map_record(struct session *session, const struct machine *machine)
{
    int named = machine->freezes && machine->has.has_record ? record_open(machine->directory) : -1;
    void *map = mmap(NULL, sizeof *session->record, PROT_READ, MAP_SHARED, named >= 0 ? named : machine->fds[MACHINE_RECORD], 0);
    int error = map == MAP_FAILED ? -errno : 0;
    session->record = map;
    if (named >= 0) {
        close(named);
    }
    return error;
}

int session_start(struct session *session, const struct options *options, enum run_mode mode, const struct footing *caller,
                  char *message, size_t capacity)
{
    static struct machine machine;
    static struct cgroup_mount mounts[HIERARCHIES];
    const char *what = "";
    *session = (struct session){ .mode = mode, .cgroup = { .parent = -1, .directory = -1 }, .controllers = { .directories = { -1, -1 } } };
    int error = session_make_id(session->run_id);
    if (error != 0) {
        snprintf(message, capacity, "no random run id: %s", strerror(-error));
        return EXIT_INTERNAL;
    }
    cgroup_mounts_read(mounts, "/proc/self/mountinfo");
    cgroup_create(&session->cgroup, &mounts[HIERARCHY_V2], session->run_id);
    controllers_find(&session->controllers, &session->cgroup, mounts, "/proc/self/cgroup");
    int status = machine_open(&machine, session->run_id, &session->cgroup, mode == MODE_RUN ? MACHINE_RUNS : MACHINE_LOOKS,
                              !options->no_expedite, message, capacity);
    if (status != 0) {
        goto out;
    }
    error = map_record(session, &machine);
    if (error != 0) {
        what = "the run's record cannot be mapped";
        goto out;
    }
    machine_give(&machine, MACHINE_PIDS, session->controllers.directories[CONTROLLER_PIDS]);
    machine_give(&machine, MACHINE_MEMORY, session->controllers.directories[CONTROLLER_MEMORY]);
    error = roles_start(&session->roles, &machine, caller, &what);
    if (error == 0 && mode == MODE_RUN) {
        controllers_make(&session->controllers); /* while the roles start up */
    }
    machine.has.limits = session->controllers.limits;
    if (error == 0) {
        what = "the roles cannot be told what is wanted";
        error = send_wishes(session, options, &machine);
    }
    /* While the roles start up. */
    if (error == 0 && topology_send(session->roles.supervisor, message, capacity) != 0) {
        status = EXIT_INTERNAL;
    }
    if (error != 0 || status != 0) {
        roles_close(&session->roles);
        (void)roles_wait(&session->roles, START_WAIT_MS);
    }
out:
    machine_close(&machine);
    if (error != 0) {
        snprintf(message, capacity, "%s: %s", what, strerror(-error));
        status = EXIT_INTERNAL;
    }
    if (status != 0 && mode == MODE_RUN) {
        recover_own(session->run_id);
    }
    if (status != 0) {
        (void)cgroup_remove(&session->cgroup);
        (void)controllers_remove(&session->controllers);
    }
    return status;
}
