#include "front/held_print.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/report_json.h"
#include "front/sanitise.h"

static const char *const state_names[HELD_STATES] = {
    [HELD_STARTING] = "starting", [HELD_READY] = "held", [HELD_ENDING] = "ending", [HELD_OVER] = "over",
};

static double seconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

static void print_time(FILE *out, uint64_t realtime_ns)
{
    char text[64] = "?";
    const time_t at = (time_t)(realtime_ns / NS_PER_S);
    struct tm parts;
    if (localtime_r(&at, &parts) != NULL) {
        (void)strftime(text, sizeof text, "%F %T", &parts);
    }
    fputs(text, out);
}

static void print_state(FILE *out, const struct held_status *s, uint64_t now_ns)
{
    switch ((enum held_state)s->state) {
    case HELD_STARTING:
        fprintf(out, "starting: %s, for %.1f s", run_step_name(s->step), seconds(s->started_ns));
        break;
    case HELD_READY:
        fprintf(out, "%s since ", s->frozen != 0 ? "frozen" : "ready, with nothing frozen,");
        print_time(out, now_ns - s->ready_ns);
        fprintf(out, " (%.1f s), ends at ", seconds(s->ready_ns));
        print_time(out, now_ns + s->left_ns);
        fprintf(out, " (in %.1f s) if nobody thaws before", seconds(s->left_ns));
        break;
    case HELD_ENDING:
        fprintf(out, "ending: %s", run_step_name(s->step));
        break;
    case HELD_OVER:
        fputs("over, its result not asked for yet: 'quiesce thaw' prints it", out);
        break;
    case HELD_STATES:
    default:
        break;
    }
}

void held_print_status(FILE *out, const struct held_status *s, uint64_t now_ns)
{
    const char *mount = s->targets.text;
    fprintf(out, "session %s (pid %" PRIu32 "): ", s->run_id, s->pid);
    print_state(out, s, now_ns);
    putc('\n', out);
    if (s->frozen == 0) {
        return;
    }
    for (uint32_t i = 0; i < s->targets.listed; i++, mount += strlen(mount) + 1) {
        fputs("  ", out);
        sanitise_print(out, mount, strlen(mount));
        putc('\n', out);
    }
    if (s->targets.listed < s->targets.count) {
        fprintf(out, "  and %" PRIu32 " more\n", s->targets.count - s->targets.listed);
    }
}

/* ---- JSON ------------------------------------------------------------------------------- */

static void print(FILE *out, cJSON *object)
{
    char *text = cJSON_PrintUnformatted(object);
    fprintf(out, "%s\n", text != NULL ? text : "{\"state\":\"unknown\"}");
    cJSON_free(text);
    cJSON_Delete(object);
}

static void add_moment(cJSON *object, const char *name, bool known, uint64_t realtime_ns)
{
    (void)cJSON_AddItemToObject(object, name, known ? report_moment_json(realtime_ns) : cJSON_CreateNull());
}

void held_print_status_json(FILE *out, const struct held_status *s, uint64_t now_ns)
{
    char text[PLAN_PATH_MAX * 4 + 1];
    const char *mount = s->targets.text;
    bool held = s->state == HELD_READY;
    cJSON *object = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(object, "state", state_names[s->state]);
    (void)cJSON_AddStringToObject(object, "session", s->run_id);
    (void)cJSON_AddNumberToObject(object, "pid", s->pid);
    (void)cJSON_AddStringToObject(object, "step", run_step_name(s->step));
    (void)cJSON_AddBoolToObject(object, "frozen", s->frozen != 0);
    cJSON *mounts = cJSON_AddArrayToObject(object, "fileSystems");
    for (uint32_t i = 0; s->frozen != 0 && i < s->targets.listed; i++, mount += strlen(mount) + 1) {
        sanitise(text, sizeof text, mount, strlen(mount));
        (void)cJSON_AddItemToArray(mounts, cJSON_CreateString(text));
    }
    (void)cJSON_AddNumberToObject(object, "fileSystemsTotal", s->frozen != 0 ? s->targets.count : 0);
    add_moment(object, "startedAt", true, now_ns - s->started_ns);
    add_moment(object, "heldSince", s->ready_ns != 0, now_ns - s->ready_ns);
    add_moment(object, "deadlineAt", held, now_ns + s->left_ns);
    (void)cJSON_AddItemToObject(object, "secondsLeft", held ? cJSON_CreateNumber(seconds(s->left_ns)) : cJSON_CreateNull());
    (void)cJSON_AddBoolToObject(object, "runGoesOn", s->state != HELD_OVER);
    (void)cJSON_AddNumberToObject(object, "exitStatus", 0);
    print(out, object);
}

void held_print_none_json(FILE *out, bool run_goes_on, int exit_status)
{
    cJSON *object = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(object, "state", "none");
    (void)cJSON_AddBoolToObject(object, "frozen", false);
    (void)cJSON_AddBoolToObject(object, "runGoesOn", run_goes_on);
    (void)cJSON_AddNumberToObject(object, "exitStatus", exit_status);
    print(out, object);
}
