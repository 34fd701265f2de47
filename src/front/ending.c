#include "front/ending.h"

#include <errno.h>
#include <string.h>

#include "front/sanitise.h"
#include "quiesce/outcome.h"

enum { MESSAGE_MAX = 2048 };

/* ---- without a result --------------------------------------------------------------- */

/* Names of exit statuses that no outcome carries, for --json. */
static const struct {
    int status;
    const char *name;
} endings[] = {
    { EXIT_INTERNAL, "InternalError" },
    { EXIT_NOTHING_HELD, "NothingHeld" },
    { EXIT_TRY_AGAIN, "TryAgain" },
    { EXIT_NOT_PERMITTED, "NotPermitted" },
};

/* The same object as a result's; what is not known is null. */
static void print_failure_json(const char *run_id, int status, const char *message)
{
    const char *name = endings[0].name;
    char safe[MESSAGE_MAX];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        name = endings[i].status == status ? endings[i].name : name;
    }
    sanitise(safe, sizeof safe, message, strlen(message));
    cJSON *object = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(object, "consistency", grade_name(GRADE_NONE));
    (void)cJSON_AddNumberToObject(object, "code", 1);
    (void)cJSON_AddStringToObject(object, "name", name);
    (void)cJSON_AddStringToObject(object, "message", safe);
    (void)cJSON_AddNumberToObject(object, "exitStatus", status);
    (void)cJSON_AddStringToObject(object, "runId", run_id);
    static const char *const unknown[] = { "startedAt", "durationSeconds", "snapshot" };
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        (void)cJSON_AddNullToObject(object, unknown[i]);
    }
    static const char *const empty[] = { "hooks", "fileSystems", "findings", "warnings" };
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        (void)cJSON_AddArrayToObject(object, empty[i]);
    }
    char *text = cJSON_PrintUnformatted(object);
    puts(text != NULL ? text : "{\"consistency\":\"none\",\"code\":1,\"name\":\"InternalError\",\"exitStatus\":70}");
    cJSON_free(text);
    cJSON_Delete(object);
}

int ending_failure(bool json, const char *run_id, int status, const char *message)
{
    fputs("quiesce: ", stderr);
    sanitise_print(stderr, message, strlen(message));
    putc('\n', stderr);
    fflush(stderr);
    if (json) {
        print_failure_json(run_id, status, message);
    }
    return status;
}

/* ---- with one --------------------------------------------------------------------------- */

static int print_json(const struct presentation *how, const struct report *r, const struct outlook *outlook)
{
    cJSON *object = how->json(r);
    if (object != NULL && outlook != NULL) {
        outlook_json(object, outlook, r);
    }
    char *text = object != NULL ? cJSON_PrintUnformatted(object) : NULL;
    int status = text != NULL && puts(text) >= 0 ? 0 : -1;
    cJSON_free(text);
    cJSON_Delete(object);
    return status;
}

void ending_report(const struct presentation *how, const struct report *r, const struct outlook *outlook, bool json)
{
    int status = 0;
    if (json) {
        status = print_json(how, r, outlook);
    } else {
        how->print(*how->out, r);
        if (outlook != NULL) {
            outlook_print(*how->out, outlook, r);
        }
    }
    if (status != 0 || fflush(*how->out) != 0 || fflush(stdout) != 0) {
        /* The snapshot is what it is; only the telling failed. */
        fprintf(stderr, "quiesce: the result could not be printed in full: %s\n", strerror(errno));
    }
}
