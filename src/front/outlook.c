#include "front/outlook.h"

#include <fcntl.h>
#include <unistd.h>

#include "front/topology.h"
#include "quiesce/outcome.h"

enum { MESSAGE_MAX = 256 };

static void look_at_ground(struct outlook *outlook, const struct report *r, int root)
{
    static struct msg_topology topology; /* large */
    char message[MESSAGE_MAX]; /* the supervisor has been told the same, and it is a finding */
    bool known = root >= 0 && topology_read(&topology, root, message, sizeof message) == 0;
    ground_read(&outlook->ground, r, known ? &topology : NULL, root);
}

void outlook_look(struct outlook *outlook, const struct report *r, const struct options *options, enum run_mode mode)
{
    outlook->has_plan = mode == MODE_CHECK || mode == MODE_DRY_RUN;
    outlook->has_hazards = outlook->has_plan || (mode == MODE_RUN && r->outcome == OUTCOME_FREEZE_TIMEOUT);
    if (!outlook->has_hazards) {
        return;
    }
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    look_at_ground(outlook, r, root);
    provision_look(&outlook->provision, r, options->no_expedite);
    hazards_find(&outlook->hazards, r, proc, (unsigned)getpid(), mode == MODE_CHECK ? NULL : options->snapshot, options->json);
    hazards_below(&outlook->hazards, r, &outlook->ground, proc, root);
    const int opened[] = { root, proc };
    for (size_t i = 0; i < sizeof opened / sizeof *opened; i++) {
        if (opened[i] >= 0) {
            close(opened[i]);
        }
    }
}

void outlook_print(FILE *out, const struct outlook *outlook, const struct report *r)
{
    if (outlook->has_plan) {
        ground_print(out, &outlook->ground, r);
        provision_print(out, &outlook->provision, r);
    }
    if (outlook->has_hazards) {
        hazards_print(out, &outlook->hazards, r);
    }
}

/* A plan says why it is none. */
static void no_freeze_json(cJSON *object, const struct report *r)
{
    static const char *const reasons[NO_FREEZE_REASONS] = {
        [NO_FREEZE_PLUGIN] = "fsFreezeEnabled", [NO_FREEZE_HOST] = "fsfreeze", [NO_FREEZE_PLAN] = "findings",
    };
    if (reasons[r->no_freeze] != NULL) {
        (void)cJSON_AddStringToObject(object, "noFreezeBecause", reasons[r->no_freeze]);
    } else {
        (void)cJSON_AddNullToObject(object, "noFreezeBecause");
    }
}

void outlook_json(cJSON *object, const struct outlook *outlook, const struct report *r)
{
    if (outlook->has_plan) {
        no_freeze_json(object, r);
        ground_json(object, &outlook->ground, r);
        provision_json(object, &outlook->provision, r);
    }
    if (outlook->has_hazards) {
        hazards_json(object, &outlook->hazards, r);
    }
}
