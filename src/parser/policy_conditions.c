#include "parser/policy_conditions.h"

#include <string.h>

#include "parser/policy_process.h"

/* The oldest kernel this program runs on. */
enum { KERNEL_MAJOR = 5, KERNEL_MINOR = 12 };

#if defined(__x86_64__)
static const char scmp_arch[] = "SCMP_ARCH_X86_64";
static const char go_arch[] = "amd64", machine[] = "x86_64";
#else
static const char scmp_arch[] = "SCMP_ARCH_AARCH64";
static const char go_arch[] = "arm64", machine[] = "aarch64";
#endif

/* What one object of conditions says. */
struct conditions {
    bool caps_given, arches_given, kernel_given;
    uint64_t caps;
    bool arch_named;
    bool kernel_reached;   /* by the oldest kernel */
    const cJSON *kernel;   /* not reached: the running one may */
};

static void read_caps(const struct policy_reader *reader, const cJSON *array)
{
    struct conditions *c = reader->object;

    if (cJSON_IsNull(array))
        return;
    policy_capabilities(reader, array, &c->caps);
    c->caps_given = c->caps != 0;
}

static void read_arches(const struct policy_reader *reader, const cJSON *array)
{
    struct conditions *c = reader->object;
    const cJSON *item;

    if (cJSON_IsNull(array) || !policy_is_array(reader, array))
        return;
    cJSON_ArrayForEach(item, array) {
        if (!policy_is_string(reader, item))
            continue;
        c->arches_given = true;
        if (strcmp(item->valuestring, go_arch) == 0 || strcmp(item->valuestring, machine) == 0)
            c->arch_named = true;
    }
}

/* "5.10" or "5.10.3", digits only, each part below 10,000. */
static bool read_version(const char *text, unsigned version[2])
{
    unsigned part = 0, digits = 0, numbers[3] = {0, 0, 0};

    for (const char *p = text;; p++) {
        if (*p >= '0' && *p <= '9' && digits < 4) {
            numbers[part] = numbers[part] * 10 + (unsigned)(*p - '0');
            digits++;
        } else if (digits > 0 && *p == '.' && part < 2) {
            part++;
            digits = 0;
        } else if (digits > 0 && *p == '\0' && part >= 1) {
            version[0] = numbers[0];
            version[1] = numbers[1] + (numbers[2] > 0 ? 1 : 0); /* x.y.z is surely there from x.(y+1) */
            return true;
        } else {
            return false;
        }
    }
}

static void read_kernel(const struct policy_reader *reader, const cJSON *item)
{
    struct conditions *c = reader->object;
    unsigned version[2];

    if (!policy_is_string(reader, item) || item->valuestring[0] == '\0')
        return;
    if (!read_version(item->valuestring, version)) {
        json_finding(reader->document, item, FINDING_ERROR, FINDING_VALUE, "must be a kernel version, such as 4.8");
        return;
    }
    c->kernel_given = true;
    c->kernel_reached = version[0] < KERNEL_MAJOR || (version[0] == KERNEL_MAJOR && version[1] <= KERNEL_MINOR);
    c->kernel = item;
}

static void read_conditions(const struct policy_reader *reader, const cJSON *object, struct conditions *c)
{
    static const struct policy_field fields[] = {
        {"caps", read_caps}, {"arches", read_arches}, {"minKernel", read_kernel}};
    struct policy_reader inner = *reader;

    *c = (struct conditions){0};
    inner.object = c;
    policy_fields(&inner, object, POLICY_FIELDS(fields));
}

static void warn_kernel(const struct policy_reader *reader, const struct conditions *c)
{
    POLICY_WARNING(reader, c->kernel, "newer than %d.%d, the oldest kernel this program runs on, so the entry is read "
                                      "in the way that denies more on every kernel", KERNEL_MAJOR, KERNEL_MINOR);
}

bool policy_includes(const struct policy_reader *reader, const cJSON *object, bool allows)
{
    struct conditions c;

    read_conditions(reader, object, &c);
    if (c.caps_given && (c.caps & ~reader->plan->cap_bounding) != 0)
        return false;
    if (c.arches_given && !c.arch_named)
        return false;
    if (!c.kernel_given || c.kernel_reached)
        return true;
    warn_kernel(reader, &c);
    return !allows;
}

bool policy_excludes(const struct policy_reader *reader, const cJSON *object, bool allows)
{
    struct conditions c;

    read_conditions(reader, object, &c);
    if ((c.caps & reader->plan->cap_bounding) != 0 || c.arch_named)
        return true;
    if (!c.kernel_given)
        return false;
    if (c.kernel_reached)
        return true;
    warn_kernel(reader, &c);
    return allows;
}

/* ---- the filter's own architectures ---------------------------------------------- */

void policy_architectures(const struct policy_reader *reader, const cJSON *array)
{
    const cJSON *item;
    bool native = false;

    if (cJSON_IsNull(array) || !policy_is_array(reader, array))
        return;
    cJSON_ArrayForEach(item, array)
        if (policy_is_string(reader, item) && strcmp(item->valuestring, scmp_arch) == 0)
            native = true;
    if (!native && cJSON_GetArraySize(array) > 0)
        POLICY_ERROR(reader, array, "does not name this machine's, %s", scmp_arch);
}

static void read_map_architecture(const struct policy_reader *reader, const cJSON *item)
{
    bool *native = reader->object;

    if (policy_is_string(reader, item) && strcmp(item->valuestring, scmp_arch) == 0)
        *native = true;
}

void policy_arch_map(const struct policy_reader *reader, const cJSON *array)
{
    /* subArchitectures are the machine's other ABIs: killed, never let through. */
    static const struct policy_field fields[] = {
        {"architecture", read_map_architecture}, {"subArchitectures", policy_passed}};
    struct policy_reader inner = *reader;
    bool native = false;

    if (cJSON_IsNull(array))
        return;
    inner.object = &native;
    policy_array(&inner, array, POLICY_FIELDS(fields));
    if (!native && cJSON_GetArraySize(array) > 0)
        POLICY_ERROR(reader, array, "does not name this machine's, %s", scmp_arch);
}
