#include "parser/policy.h"

#include <string.h>

#include "base/capability.h"
#include "base/paths.h"
#include "parser/policy_process.h"
#include "parser/policy_resources.h"
#include "parser/policy_schema.h"
#include "parser/policy_seccomp.h"

enum { NESTING_MAX = 16, CODE_POLICY = 305 };
static const char role_annotation[] = "org.quiesce.role";
const char policy_reason[] = "org.quiesce.reason.";

/* ---- annotations, root --------------------------------------------------------- */

static void read_survivors(const struct policy_reader *reader, const cJSON *item)
{
    if (!policy_is_string(reader, item))
        return;
    if (strcmp(item->valuestring, "forbid") == 0)
        reader->plan->flags |= POLICY_FORBID_SURVIVORS;
    else if (strcmp(item->valuestring, "allow") != 0)
        POLICY_ERROR(reader, item, "must be allow or forbid");
}

/* Why the policy grants a capability; for people, and for "quiesce policy lint". */
static void read_reason(const struct policy_reader *reader, const cJSON *item)
{
    if (capability_number(item->string + strlen(policy_reason)) < 0)
        json_key_finding(reader->document, item, FINDING_ERROR, FINDING_POLICY,
                         "no capability of that name, such as %sCAP_CHOWN", policy_reason);
    (void)policy_is_string(reader, item);
}

static void refuse_role(const struct policy_reader *reader, const cJSON *item)
{
    POLICY_ERROR(reader, item, "is the filter of one of this program's own processes, not the policy of a hook");
}

static void read_role(const struct policy_reader *reader, const cJSON *item)
{
    static const char *const names[] = {"monitor", "guardian", "parser", "supervisor", "launcher"};

    if (!policy_is_string(reader, item))
        return;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], item->valuestring) == 0)
            return;
    POLICY_ERROR(reader, item, "must be monitor, guardian, parser, supervisor or launcher");
}

static void read_annotations(const struct policy_reader *reader, const cJSON *object)
{
    static const struct policy_field hook[] = {
        {"org.quiesce.comment", policy_passed}, {"org.quiesce.survivors", read_survivors},
        {role_annotation, refuse_role}, {"org.quiesce.reason.*", read_reason}};
    static const struct policy_field role[] = {{"org.quiesce.comment", policy_passed}, {role_annotation, read_role}};

    if (reader->use == POLICY_FOR_ROLE)
        policy_fields(reader, object, POLICY_FIELDS(role));
    else
        policy_fields(reader, object, POLICY_FIELDS(hook));
}

static void read_readonly(const struct policy_reader *reader, const cJSON *item)
{
    if (policy_is_bool(reader, item) && cJSON_IsTrue(item))
        reader->plan->flags |= POLICY_READONLY_ROOT;
}

static void read_root(const struct policy_reader *reader, const cJSON *object)
{
    static const struct policy_field fields[] = {{"readonly", read_readonly}};

    policy_fields(reader, object, POLICY_FIELDS(fields));
}

/* ---- paths ------------------------------------------------------------------------ */

/* Absolute, not "/", no empty, "." or ".." component, no control character. */
static bool valid_path(const char *path)
{
    if (path[0] != '/' || path[1] == '\0' || strlen(path) >= PLAN_PATH_MAX)
        return false;
    for (const char *p = path; *p != '\0'; p++) {
        size_t n;

        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return false;
        if (*p != '/')
            continue;
        n = strcspn(p + 1, "/");
        if (n == 0 || (n == 1 && p[1] == '.') || (n == 2 && p[1] == '.' && p[2] == '.'))
            return false;
    }
    return true;
}

/* These are made for each script, over whatever a policy could say about them. */
static bool is_private(const char *path)
{
    static const char *const own[] = {"/tmp", QUIESCE_RUN_DIR};

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        size_t n = strlen(own[i]);

        if (strncmp(path, own[i], n) == 0 && (path[n] == '\0' || path[n] == '/'))
            return true;
    }
    return false;
}

static void add_path(const struct policy_reader *reader, const cJSON *item, enum policy_path_kind kind)
{
    struct policy_plan *plan = reader->plan;
    uint32_t offset = plan->paths_length;

    if (!policy_is_string(reader, item))
        return;
    if (!valid_path(item->valuestring)) {
        POLICY_ERROR(reader, item, "must be an absolute path below /, without '.', '..' or empty components");
        return;
    }
    if (is_private(item->valuestring)) {
        POLICY_ERROR(reader, item, "is private to the script in any case: no policy changes /tmp and " QUIESCE_RUN_DIR);
        return;
    }
    if (plan->paths_count == POLICY_PATHS_MAX ||
        !policy_append(plan->paths_text, &plan->paths_length, sizeof plan->paths_text, item->valuestring)) {
        POLICY_ERROR(reader, item, "more than %d paths or %d bytes of them", POLICY_PATHS_MAX, POLICY_PATHS_TEXT_MAX);
        return;
    }
    plan->paths[plan->paths_count++] = (struct policy_path){.kind = kind, .offset = offset};
}

static void add_paths(const struct policy_reader *reader, const cJSON *array, enum policy_path_kind kind)
{
    const cJSON *item;

    if (!policy_is_array(reader, array))
        return;
    cJSON_ArrayForEach(item, array)
        add_path(reader, item, kind);
}

static void read_masked(const struct policy_reader *reader, const cJSON *array)
{
    add_paths(reader, array, PATH_MASKED);
}

static void read_readonly_paths(const struct policy_reader *reader, const cJSON *array)
{
    add_paths(reader, array, PATH_READONLY);
}

static void read_destination(const struct policy_reader *reader, const cJSON *item)
{
    add_path(reader, item, PATH_TMPFS);
}

static void read_mount_type(const struct policy_reader *reader, const cJSON *item)
{
    if (policy_is_string(reader, item) && strcmp(item->valuestring, "tmpfs") != 0)
        POLICY_ERROR(reader, item, "only tmpfs is implemented, not '%s'", item->valuestring);
}

static void read_mount_source(const struct policy_reader *reader, const cJSON *item)
{
    if (policy_is_string(reader, item) && strcmp(item->valuestring, "tmpfs") != 0)
        POLICY_ERROR(reader, item, "a tmpfs has no source but 'tmpfs'");
}

static void read_mounts(const struct policy_reader *reader, const cJSON *array)
{
    static const struct policy_field fields[] = {
        {"destination", read_destination}, {"type", read_mount_type}, {"source", read_mount_source}};
    const cJSON *item;

    policy_array(reader, array, POLICY_FIELDS(fields));
    if (!cJSON_IsArray(array))
        return;
    cJSON_ArrayForEach(item, array)
        for (size_t i = 0; i < 2; i++)
            if (cJSON_IsObject(item) && json_get(item, fields[i].key) == NULL)
                json_finding(reader->document, item, FINDING_ERROR, FINDING_SCHEMA, "needs %s", fields[i].key);
}

/* ---- linux ---------------------------------------------------------------------------- */

static void read_namespace_type(const struct policy_reader *reader, const cJSON *item)
{
    static const struct {
        const char *type;
        uint32_t flag;
    } types[] = {{"mount", 0}, {"network", POLICY_NEW_NET}, {"ipc", POLICY_NEW_IPC}, {"uts", POLICY_NEW_UTS}};

    if (!policy_is_string(reader, item))
        return;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].type, item->valuestring) == 0) {
            reader->plan->flags |= types[i].flag;
            return;
        }
    POLICY_ERROR(reader, item, "namespaces of this type are not implemented, but mount, network, ipc and uts: '%s'",
                 item->valuestring);
}

static void read_namespaces(const struct policy_reader *reader, const cJSON *array)
{
    static const struct policy_field fields[] = {{"type", read_namespace_type}};
    const cJSON *item;

    policy_array(reader, array, POLICY_FIELDS(fields));
    if (!cJSON_IsArray(array))
        return;
    cJSON_ArrayForEach(item, array)
        if (cJSON_IsObject(item) && json_get(item, "type") == NULL)
            json_finding(reader->document, item, FINDING_ERROR, FINDING_SCHEMA, "needs type");
}

static void read_linux(const struct policy_reader *reader, const cJSON *object)
{
    static const struct policy_field hook[] = {
        {"namespaces", read_namespaces}, {"maskedPaths", read_masked}, {"readonlyPaths", read_readonly_paths},
        {"resources", policy_resources}, {"seccomp", policy_seccomp}};
    static const struct policy_field role[] = {{"seccomp", policy_seccomp}};

    if (reader->use == POLICY_FOR_ROLE)
        policy_fields(reader, object, POLICY_FIELDS(role));
    else
        policy_fields(reader, object, POLICY_FIELDS(hook));
}

/* ---- the whole --------------------------------------------------------------------------- */

static void read_version(const struct policy_reader *reader, const cJSON *item)
{
    if (policy_is_string(reader, item) && strncmp(item->valuestring, "1.", 2) != 0)
        POLICY_ERROR(reader, item, "only version 1 of the OCI runtime specification is implemented");
}

static void read_document(const struct policy_reader *reader, const cJSON *root)
{
    /* process before linux: conditions of seccomp entries look at the bounding set. */
    static const struct policy_field hook[] = {
        {"ociVersion", read_version}, {"annotations", read_annotations}, {"process", policy_process},
        {"root", read_root}, {"mounts", read_mounts}, {"linux", read_linux}};
    static const struct policy_field role[] = {
        {"ociVersion", read_version}, {"annotations", read_annotations}, {"linux", read_linux}};

    if (json_get(root, "defaultAction") != NULL) {
        policy_seccomp(reader, root);
        return;
    }
    if (reader->use == POLICY_FOR_ROLE)
        policy_fields(reader, root, POLICY_FIELDS(role));
    else
        policy_fields(reader, root, POLICY_FIELDS(hook));
    if (cJSON_IsObject(root) && json_get(json_get(root, "linux"), "seccomp") == NULL)
        json_finding(reader->document, root, FINDING_ERROR, FINDING_SCHEMA,
                     "needs linux.seccomp: a hook never runs without a filter");
}

enum policy_use policy_compile(struct policy_plan *plan, const char *source, size_t n, enum policy_use use)
{
    static const struct json_limits limits = {
        .bytes_max = DOC_POLICY_BYTES_MAX, .nesting_max = NESTING_MAX, .code = CODE_POLICY};
    struct json_document document = {0};
    bool learn = use == POLICY_TO_LEARN;
    struct policy_reader reader = {
        .document = &document, .plan = plan, .use = learn ? POLICY_FOR_HOOK : use, .learn = learn};

    memset(plan, 0, sizeof *plan);
    finding_begin(&plan->head);
    if (json_parse(&document, source, n, &limits, &plan->head) == 0) {
        if (use == POLICY_FOR_EITHER)
            reader.use = json_get(json_get(document.root, "annotations"), role_annotation) != NULL ? POLICY_FOR_ROLE
                                                                                                  : POLICY_FOR_HOOK;
        read_document(&reader, document.root);
    }
    json_free(&document);
    return reader.use == POLICY_FOR_ROLE ? POLICY_FOR_ROLE : POLICY_FOR_HOOK;
}
