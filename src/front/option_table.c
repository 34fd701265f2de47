/*
 * option_table.c - the tables of commands and options, and what each option does.
 */
#include "front/option_table.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "front/journal.h"

const struct command_row command_table[COMMANDS] = {
    [COMMAND_NONE] = { NULL, NULL, "COMMAND [OPTION]...", NULL, 0, 0 },
    [COMMAND_RUN] = { "run", NULL, "[OPTION]... -- SNAPSHOT-COMMAND [ARGUMENT]...",
                      "run the pre-scripts, freeze, take the snapshot, thaw, run the post-scripts", 0, 0 },
    [COMMAND_CHECK] = { "check", NULL, "[OPTION]...",
                        "look at every document, script, policy and mount; run and freeze nothing", 0, 0 },
    [COMMAND_EXPLAIN] = { "explain", NULL, "[OPTION]...",
                          "say in words what each script may do, and what follows when it fails", 0, 0 },
    [COMMAND_FREEZE] = { "freeze", NULL, "[OPTION]...",
                         "run the pre-scripts, freeze, and return; a session in the background holds it until thaw", 0, 0 },
    [COMMAND_THAW] = { "thaw", NULL, "[--failed] [--session ID] [--json]",
                       "the snapshot is over: thaw, run the post-scripts, print the result of the whole run", 0, 0 },
    [COMMAND_STATUS] = { "status", NULL, "[--json]", "say what is held frozen, since when, and until when", 0, 0 },
    [COMMAND_RECOVER] = { "recover", NULL, "[--wait] [--json]",
                          "thaw what a run has left frozen of which every process was killed", 0, 0 },
    [COMMAND_JOURNAL_SHOW] = { "journal", "show", "[--last N] [--journal F]", "print the records of past runs", 0, 0 },
    [COMMAND_JOURNAL_VERIFY] = { "journal", "verify", "[--journal F]",
                                 "prove that no record was changed, taken out or put in", 0, 0 },
    [COMMAND_POLICY_COMPILE] = { "policy", "compile", "[-o OUT] POLICY.json...",
                                 "write the compiled form that a run uses, POLICY.json.qpol", 1, POLICY_OPERANDS_MAX },
    [COMMAND_POLICY_SHOW] = { "policy", "show", "[--bpf] [--json] POLICY.json...",
                              "say in words what a policy allows, every system call by name", 1, POLICY_OPERANDS_MAX },
    [COMMAND_POLICY_DIFF] = { "policy", "diff", "[--json] A.json B.json",
                              "say what one of two policies grants and the other does not", 2, 2 },
    [COMMAND_POLICY_LINT] = { "policy", "lint", "POLICY.json...",
                              "say what is granted without a reason, and what is said without effect", 1, POLICY_OPERANDS_MAX },
    [COMMAND_POLICY_TEST] = { "policy", "test", "[OPTION]... POLICY.json...",
                              "ask each filter what the table beside it, POLICY.tests, says, and the kernel as well", 1,
                              POLICY_OPERANDS_MAX },
    [COMMAND_POLICY_LEARN] = { "policy", "learn", "[OPTION]... -- SCRIPT [ARGUMENT]...",
                               "run a script in its sandbox and write the least policy that lets it pass", 0, 0 },
    [COMMAND_HELP] = { "help", NULL, "[COMMAND]", "explain a command", 0, 0 },
    [COMMAND_VERSION] = { "version", NULL, "", "print the version", 0, 0 },
};

static option_setter set_host_config, set_plugin_config, set_journal, set_mount, set_exclude, set_freeze_timeout, set_allow_crash,
    set_no_expedite, set_wait, set_json, set_dry_run, set_last, set_output, set_bpf, set_tuples, set_seed, set_verbose, set_base, set_user,
    set_timeout, set_phase, set_post, set_keep, set_add, set_failed, set_session, set_help;

enum {
    ON_FREEZING = ON(COMMAND_RUN) | ON(COMMAND_FREEZE),
    ON_LOADING = ON_FREEZING | ON(COMMAND_CHECK) | ON(COMMAND_EXPLAIN),
    ON_THAW = ON(COMMAND_THAW),
    ON_SHOW = ON(COMMAND_JOURNAL_SHOW),
    ON_JOURNAL = ON(COMMAND_JOURNAL_SHOW) | ON(COMMAND_JOURNAL_VERIFY),
    ON_POLICY_JSON = ON(COMMAND_POLICY_SHOW) | ON(COMMAND_POLICY_DIFF) | ON(COMMAND_POLICY_TEST),
    ON_LEARN = ON(COMMAND_POLICY_LEARN),
    ON_ALL = ON(COMMANDS) - 1,
};

const struct option_row option_table[OPTION_ROWS] = {
    { "config", "F", ON_LOADING, set_plugin_config, "use this plugin configuration alone; no host configuration is read" },
    { "host-config", "F", ON_LOADING, set_host_config, "host configuration (/etc/azure/VMSnapshotPluginHost.conf)" },
    { "mount", "M", ON_LOADING, set_mount, "freeze this mount point; may be repeated (every eligible one)" },
    { "exclude", "M", ON_LOADING, set_exclude, "leave this mount point unfrozen; may be repeated" },
    { "freeze-timeout", "S", ON_FREEZING, set_freeze_timeout, "thaw after this many seconds whatever happens (60)" },
    { "allow-crash-consistent", "WHEN", ON_FREEZING, set_allow_crash,
      "take the snapshot though a freeze failed: auto, always or never (auto)" },
    { "no-expedite", NULL, ON_FREEZING, set_no_expedite, "do not expedite the kernel's RCU grace periods during the freeze" },
    { "dry-run", NULL, ON(COMMAND_RUN), set_dry_run, "load and check everything, then say what would be done" },
    { "wait", NULL, ON(COMMAND_RECOVER), set_wait, "wait until the run that lives, or the next one, has ended; then see to what it left" },
    { "json", NULL, ON_LOADING | ON_THAW | ON(COMMAND_STATUS) | ON(COMMAND_RECOVER) | ON_POLICY_JSON, set_json, "print one JSON object on standard output and nothing else there" },
    { "failed", NULL, ON_THAW, set_failed, "the snapshot failed: it must not be used, and the status is 23" },
    { "session", "ID", ON_THAW, set_session, "thaw this session and no other" },
    { "last", "N", ON_SHOW, set_last, "only the last N records" },
    { "journal", "F", ON_JOURNAL, set_journal, "the journal's file (" JOURNAL_PATH ")" },
    { "bpf", NULL, ON(COMMAND_POLICY_SHOW), set_bpf, "the filter's program instead of words; with --json beside them" },
    { "tuples", "N", ON(COMMAND_POLICY_TEST), set_tuples, "calls to draw at random for each policy (100000)" },
    { "seed", "S", ON(COMMAND_POLICY_TEST), set_seed, "draw the calls that this number stands for (a new one each time)" },
    { "verbose", NULL, ON(COMMAND_POLICY_TEST), set_verbose, "print every row of the tables" },
    { "output", "OUT", ON(COMMAND_POLICY_COMPILE) | ON_LEARN, set_output,
      "where to write; also -o (POLICY.json.qpol; what is learned: standard output)" },
    { "base", "POLICY", ON_LEARN, set_base, "the policy to begin from: a name, or a path to its JSON (strict)" },
    { "user", "NAME", ON_LEARN, set_user, "who the script runs as, by name or uid (as the base says, else root)" },
    { "timeout", "S", ON_LEARN, set_timeout, "end the script, and what it leaves running, after so many seconds (60)" },
    { "phase", "PHASE", ON_LEARN, set_phase, "run it as a pre- or a post-script: pre or post (pre)" },
    { "post", "SCRIPT", ON_LEARN, set_post, "then run this post-script, which may need what the first left running" },
    { "add", NULL, ON_LEARN, set_add, "keep what the base allows, also what the script does not use" },
    { "keep", NULL, ON_LEARN, set_keep, "write the policy though the script failed" },
    { "help", NULL, ON_ALL, set_help, "print this" },
};

/* ---- setters ------------------------------------------------------------- */

int make_absolute(char path[PLAN_PATH_MAX], const char *value, char *message, size_t capacity)
{
    char directory[PLAN_PATH_MAX] = "";
    if (*value == '\0') {
        snprintf(message, capacity, "a path is empty");
        return -1;
    }
    if (*value != '/' && getcwd(directory, sizeof directory) == NULL) {
        snprintf(message, capacity, "the working directory has no path: %s", strerror(errno));
        return -1;
    }
    const char *slash = *value == '/' || strcmp(directory, "/") == 0 ? "" : "/";
    if (strlen(directory) + strlen(slash) + strlen(value) >= PLAN_PATH_MAX) {
        snprintf(message, capacity, "a path is longer than %d bytes", PLAN_PATH_MAX - 1);
        return -1;
    }
    char *end = stpcpy(stpcpy(stpcpy(path, directory), slash), value);
    (void)end;
    return 0;
}

static int set_host_config(struct options *options, const char *value, char *message, size_t capacity)
{
    return make_absolute(options->host_config, value, message, capacity);
}

static int set_plugin_config(struct options *options, const char *value, char *message, size_t capacity)
{
    return make_absolute(options->plugin_config, value, message, capacity);
}

static int set_journal(struct options *options, const char *value, char *message, size_t capacity)
{
    return make_absolute(options->journal, value, message, capacity);
}

static int add_mount(struct mount_list *list, const char *value, char *message, size_t capacity)
{
    char path[PLAN_PATH_MAX];
    if (make_absolute(path, value, message, capacity) != 0) {
        return -1;
    }
    /* The mount table writes no slash at the end; a shell's completion does. */
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        path[--length] = '\0';
    }
    if (list->count >= PLAN_SKIP_MAX || list->length + length + 1 > PLAN_SKIP_TEXT_MAX) {
        snprintf(message, capacity, "at most %d mount points can be named", PLAN_SKIP_MAX);
        return -1;
    }
    memcpy(list->text + list->length, path, length + 1);
    list->length += (uint32_t)length + 1;
    list->count++;
    return 0;
}

static int set_mount(struct options *options, const char *value, char *message, size_t capacity)
{
    return add_mount(&options->mounts, value, message, capacity);
}

static int set_exclude(struct options *options, const char *value, char *message, size_t capacity)
{
    return add_mount(&options->exclude, value, message, capacity);
}

static int read_number(uint32_t *number, const char *value, uint32_t least, uint32_t most, const char *what,
                       char *message, size_t capacity)
{
    uint64_t n = 0;
    const char *p = value;
    while (*p >= '0' && *p <= '9' && n <= most) {
        n = n * 10 + (uint64_t)(*p++ - '0');
    }
    if (p == value || *p != '\0' || n < least || n > most) {
        snprintf(message, capacity, "%s takes a whole number from %u to %u", what, least, most);
        return -1;
    }
    *number = (uint32_t)n;
    return 0;
}

static int set_freeze_timeout(struct options *options, const char *value, char *message, size_t capacity)
{
    return read_number(&options->freeze_timeout_seconds, value, 1, PLAN_FREEZE_TIMEOUT_MAX, "--freeze-timeout", message, capacity);
}

static int set_last(struct options *options, const char *value, char *message, size_t capacity)
{
    return read_number(&options->last, value, 1, 1000000, "--last", message, capacity);
}

static int set_allow_crash(struct options *options, const char *value, char *message, size_t capacity)
{
    static const char *const choices[CRASH_CHOICES] = {
        [CRASH_AUTO] = "auto", [CRASH_ALWAYS] = "always", [CRASH_NEVER] = "never",
    };
    for (uint8_t i = 0; i < CRASH_CHOICES; i++) {
        if (strcmp(value, choices[i]) == 0) {
            options->allow_crash = i;
            return 0;
        }
    }
    snprintf(message, capacity, "--allow-crash-consistent takes auto, always or never");
    return -1;
}

static int set_no_expedite(struct options *options, const char *value, char *message, size_t capacity)
{
    (void)value, (void)message, (void)capacity;
    options->no_expedite = true;
    return 0;
}

static int set_wait(struct options *options, const char *value, char *message, size_t capacity)
{
    (void)value, (void)message, (void)capacity;
    options->wait = true;
    return 0;
}

static int set_json(struct options *options, const char *value, char *message, size_t capacity)
{
    (void)value, (void)message, (void)capacity;
    options->json = true;
    return 0;
}

static int set_dry_run(struct options *options, const char *value, char *message, size_t capacity)
{
    (void)value, (void)message, (void)capacity;
    options->dry_run = true;
    return 0;
}

static int set_failed(struct options *options, const char *value, char *message, size_t capacity)
{
    (void)value, (void)message, (void)capacity;
    options->failed = true;
    return 0;
}

static int set_session(struct options *options, const char *value, char *message, size_t capacity)
{
    if (strlen(value) != WIRE_RUN_ID_MAX - 1 || strspn(value, "0123456789abcdef") != WIRE_RUN_ID_MAX - 1) {
        snprintf(message, capacity, "--session takes the %d hex digits that 'quiesce freeze' prints", WIRE_RUN_ID_MAX - 1);
        return -1;
    }
    memcpy(options->session, value, WIRE_RUN_ID_MAX);
    return 0;
}

static int set_tuples(struct options *options, const char *value, char *message, size_t capacity)
{
    options->has_tuples = true;
    return read_number(&options->tuples, value, 0, 1000000000, "--tuples", message, capacity);
}

static int set_seed(struct options *options, const char *value, char *message, size_t capacity)
{
    options->has_seed = true;
    return read_number(&options->seed, value, 0, UINT32_MAX, "--seed", message, capacity);
}

static int set_verbose(struct options *options, const char *value, char *message, size_t capacity)
{
    (void)value, (void)message, (void)capacity;
    options->verbose = true;
    return 0;
}

static int set_output(struct options *options, const char *value, char *message, size_t capacity)
{
    if (*value == '\0') {
        snprintf(message, capacity, "a path is empty");
        return -1;
    }
    options->output = value;
    return 0;
}

static int set_bpf(struct options *options, const char *value, char *message, size_t capacity)
{
    (void)value, (void)message, (void)capacity;
    options->bpf = true;
    return 0;
}

/* A name is looked up where the policies are; what has a slash in it is a path. */
static int set_base(struct options *options, const char *value, char *message, size_t capacity)
{
    if (strchr(value, '/') != NULL || *value == '\0') {
        return make_absolute(options->base, value, message, capacity);
    }
    if (strlen(value) >= PLAN_NAME_MAX) {
        snprintf(message, capacity, "a policy's name has at most %d bytes", PLAN_NAME_MAX - 1);
        return -1;
    }
    memcpy(options->base, value, strlen(value) + 1);
    return 0;
}

static int set_user(struct options *options, const char *value, char *message, size_t capacity)
{
    if (*value == '\0' || strlen(value) >= PLAN_NAME_MAX) {
        snprintf(message, capacity, "--user takes a name or a uid of at most %d bytes", PLAN_NAME_MAX - 1);
        return -1;
    }
    options->user = value;
    return 0;
}

static int set_timeout(struct options *options, const char *value, char *message, size_t capacity)
{
    return read_number(&options->timeout_seconds, value, 1, LEARN_TIMEOUT_MAX, "--timeout", message, capacity);
}

static int set_phase(struct options *options, const char *value, char *message, size_t capacity)
{
    if (strcmp(value, "pre") != 0 && strcmp(value, "post") != 0) {
        snprintf(message, capacity, "--phase takes pre or post");
        return -1;
    }
    options->phase = strcmp(value, "post") == 0 ? PHASE_POST : PHASE_PRE;
    return 0;
}

static int set_post(struct options *options, const char *value, char *message, size_t capacity)
{
    return make_absolute(options->scripts[PHASE_POST], value, message, capacity);
}

static int set_keep(struct options *options, const char *value, char *message, size_t capacity)
{
    (void)value, (void)message, (void)capacity;
    options->keep = true;
    return 0;
}

static int set_add(struct options *options, const char *value, char *message, size_t capacity)
{
    (void)value, (void)message, (void)capacity;
    options->add = true;
    return 0;
}

static int set_help(struct options *options, const char *value, char *message, size_t capacity)
{
    (void)value, (void)message, (void)capacity;
    options->topic = options->command;
    options->command = COMMAND_HELP;
    return 0;
}
