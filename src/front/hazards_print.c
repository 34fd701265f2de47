/*
 * hazards_print.c - hazards in words, for people and for programs.
 */
#include <stdlib.h>
#include <string.h>

#include "front/hazards.h"
#include "front/sanitise.h"

enum { TEXT_MAX = 2048 };

/* What it is, between the process and the path; what follows; and what to do. */
static const struct {
    const char *name, *does, *so, *remedy, *on;
} words[HAZARD_KINDS] = {
    [HAZARD_FANOTIFY] = { "fanotify", "decides whether files may be opened or executed",
                          "if it writes to what is frozen, everybody who opens a file waits for it until the thaw, the snapshot command too",
                          "exclude the file system that it logs to, or have it log elsewhere or not wait for its log" },
    [HAZARD_LOG] = { "systemLog", "is the system log's daemon and writes to",
                     "a snapshot command that logs more than its socket holds sleeps until the deadline",
                     "exclude that file system, have the log kept in memory meanwhile (journald: Storage=volatile), or let the command log nothing" },
    [HAZARD_TERMINAL] = { "terminal", "holds this terminal and writes to",
                          "a snapshot command that prints much sleeps until the deadline",
                          "let it write elsewhere, or give the command another output" },
    [HAZARD_OUTPUT] = { "output", "gives its output to the snapshot command, and that is",
                        "a snapshot command that prints anything sleeps until the deadline",
                        "redirect standard output and error elsewhere, or through a pipe" },
    [HAZARD_LVM] = { "lvm", "keeps an archive and a backup of its metadata in",
                     "it sleeps until the deadline when it writes them",
                     "give it --config 'backup { archive=0 backup=0 }', or keep /etc out of what is frozen" },
    [HAZARD_SWAP] = { "swap", "swaps to", "whoever needs a page of it sleeps until the thaw, whatever it does",
                      "swap elsewhere, or exclude the file system below", "which in the end lies on" },
    [HAZARD_REMOTE] = { "remote", "provides", "if it does not answer, neither the freeze nor who writes there ends before it does",
                        "exclude the file system if that may be away", "below" },
};

/* "NAME (pid N) does PATH, on MOUNT, which will be frozen: so" */
static void describe(char text[TEXT_MAX], const struct hazard *h, const struct report *r)
{
    char process[sizeof h->process * 4], path[sizeof h->path + 64], mount[PLAN_NAME_MAX * 4], pid[32] = "", where[TEXT_MAX / 2] = "";
    sanitise(process, sizeof process, h->process, strlen(h->process));
    sanitise(path, sizeof path, h->path, strlen(h->path));
    if (h->pid != 0) {
        snprintf(pid, sizeof pid, " (pid %u)", h->pid);
    }
    if (h->fs < r->fs_count) {
        const struct report_text *t = &r->fs[h->fs].mount_point;
        const char *on = words[h->kind].on != NULL ? words[h->kind].on : "on";
        sanitise(mount, sizeof mount, r->text + t->offset, t->length);
        snprintf(where, sizeof where, " %s, %s %s, which is frozen in a run", path, on, mount);
    }
    snprintf(text, TEXT_MAX, "%s%s %s%s: %s", process, pid, words[h->kind].does, where, words[h->kind].so);
}

void hazards_print(FILE *out, const struct hazards *hazards, const struct report *r)
{
    char text[TEXT_MAX];
    if (hazards->count > 0) {
        fputs("\nwhat may have to wait for the thaw, and others for it:\n", out);
    }
    for (unsigned i = 0; i < hazards->count; i++) {
        describe(text, &hazards->list[i], r);
        fprintf(out, "  warning: %s\n    what to do: %s\n", text, words[hazards->list[i].kind].remedy);
    }
    if (hazards->more) {
        fputs("  and more of the same\n", out);
    }
    if (hazards->cut) {
        fputs("\nwarning: not every process was looked at for what waits in a freeze: there are too many\n", out);
    }
}

static cJSON *one(const struct hazard *h, const struct report *r)
{
    char text[TEXT_MAX], path[sizeof h->path + 64], process[sizeof h->process * 4];
    cJSON *o = cJSON_CreateObject();
    describe(text, h, r);
    sanitise(path, sizeof path, h->path, strlen(h->path));
    sanitise(process, sizeof process, h->process, strlen(h->process));
    (void)cJSON_AddStringToObject(o, "kind", words[h->kind].name);
    (void)cJSON_AddStringToObject(o, "process", process);
    (void)(h->pid != 0 ? cJSON_AddNumberToObject(o, "pid", h->pid) : cJSON_AddNullToObject(o, "pid"));
    (void)(h->path[0] != '\0' ? cJSON_AddStringToObject(o, "path", path) : cJSON_AddNullToObject(o, "path"));
    (void)cJSON_AddStringToObject(o, "message", text);
    (void)cJSON_AddStringToObject(o, "remedy", words[h->kind].remedy);
    return o;
}

void hazards_json(cJSON *object, const struct hazards *hazards, const struct report *r)
{
    cJSON *array = cJSON_AddArrayToObject(object, "hazards");
    for (unsigned i = 0; array != NULL && i < hazards->count; i++) {
        (void)cJSON_AddItemToArray(array, one(&hazards->list[i], r));
    }
    (void)cJSON_AddBoolToObject(object, "hazardsComplete", !hazards->cut && !hazards->more);
}
