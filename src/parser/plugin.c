#include "parser/plugin.h"

#include <string.h>
#include <strings.h>

#include "base/environment.h"
#include "parser/environment.h"
#include "parser/json.h"
#include "parser/text.h"

enum { CODE = 305 };
static const struct json_limits limits = {DOC_CONFIG_BYTES_MAX, 16, CODE};

struct context {
    struct json_document document;
    struct plugin_plan *plan;
};

/* One key that an object may have. */
struct member {
    const char *key;
    bool required;
    enum hook_phase phase; /* of keys that come in two */
    void (*parse)(struct context *, const struct member *, const cJSON *);
};

static void wrong_type(struct context *c, const cJSON *item, const char *wanted)
{
    json_finding(&c->document, item, FINDING_ERROR, FINDING_SCHEMA, "%s was expected, not %s", wanted,
                 json_type_name(item));
}

static void wrong_value(struct context *c, const cJSON *item, const char *what)
{
    json_finding(&c->document, item, FINDING_ERROR, FINDING_VALUE, "%s", what);
}

/* A string's bytes, or NULL after an error. */
static const char *string_of(struct context *c, const cJSON *item)
{
    if (cJSON_IsString(item)) return item->valuestring;
    wrong_type(c, item, "a string");
    return NULL;
}

static void parse_short(struct context *c, const cJSON *item, bool may_be_empty, char out[PLAN_NAME_MAX])
{
    const char *text = string_of(c, item);
    size_t length = text ? strlen(text) : 0;

    if (!text) return;
    if ((length == 0 && !may_be_empty) || length >= PLAN_NAME_MAX || !text_printable(text, length))
        json_finding(&c->document, item, FINDING_ERROR, FINDING_VALUE,
                     "must have %d to %d bytes without control characters", may_be_empty ? 0 : 1, PLAN_NAME_MAX - 1);
    else
        text_copy(out, PLAN_NAME_MAX, text, length);
}

static void parse_boolean(struct context *c, const cJSON *item, uint8_t *out)
{
    if (cJSON_IsBool(item))
        *out = cJSON_IsTrue(item) ? 1 : 0;
    else
        wrong_type(c, item, "true or false");
}

/* An integer of minimum..maximum; above that it is lowered with a warning, if lower says so. */
static void parse_integer(struct context *c, const cJSON *item, int64_t minimum, int64_t maximum, bool lower,
                          uint32_t *out)
{
    int64_t value;

    if (!json_integer(&c->document, item, &value)) {
        if (cJSON_IsNumber(item))
            json_finding(&c->document, item, FINDING_ERROR, FINDING_SCHEMA,
                         "an integer was expected, written without fraction and exponent");
        else
            wrong_type(c, item, "an integer");
    } else if (lower && value > maximum) {
        json_finding(&c->document, item, FINDING_WARNING, FINDING_VALUE, "lowered to %lld, the most that is allowed",
                     (long long)maximum);
        *out = (uint32_t)maximum;
    } else if (value < minimum || value > maximum) {
        json_finding(&c->document, item, FINDING_ERROR, FINDING_VALUE, "must be %lld to %lld", (long long)minimum,
                     (long long)maximum);
    } else {
        *out = (uint32_t)value;
    }
}

/* ---- the members of the document ---------------------------------------------- */

static void on_name(struct context *c, const struct member *m, const cJSON *item)
{
    (void)m;
    parse_short(c, item, false, c->plan->name);
}

static void on_app_name(struct context *c, const struct member *m, const cJSON *item)
{
    (void)m;
    parse_short(c, item, true, c->plan->app_name);
}

static void on_location(struct context *c, const struct member *m, const cJSON *item)
{
    const char *text = string_of(c, item), *problem = text && text[0] ? text_path_problem(text, strlen(text)) : NULL;

    if (problem)
        wrong_value(c, item, problem);
    else if (text)
        text_copy(c->plan->scripts[m->phase].path, PLAN_PATH_MAX, text, strlen(text));
}

/* One parameter: a string as it is, a number or boolean as it stands in the document. */
static const char *argument_text(struct context *c, const cJSON *item, size_t *length)
{
    if (cJSON_IsString(item)) {
        *length = strlen(item->valuestring);
        return item->valuestring;
    }
    if (!cJSON_IsNumber(item) && !cJSON_IsBool(item)) {
        wrong_type(c, item, "a string");
        return NULL;
    }
    json_finding(&c->document, item, FINDING_WARNING, FINDING_SCHEMA,
                 "%s is passed as its text; put it in double quotes", json_type_name(item));
    return json_text(&c->document, item, length);
}

static void on_params(struct context *c, const struct member *m, const cJSON *item)
{
    struct script_plan *script = &c->plan->scripts[m->phase];
    const cJSON *param;

    if (!cJSON_IsArray(item)) {
        wrong_type(c, item, "an array of strings");
        return;
    }
    cJSON_ArrayForEach(param, item) {
        size_t length = 0;
        const char *text = argument_text(c, param, &length);
        if (!text) continue;
        if (script->args_count == PLAN_ARGS_COUNT_MAX || length >= PLAN_ARGS_MAX - script->args_length) {
            json_finding(&c->document, param, FINDING_ERROR, FINDING_VALUE,
                         "at most %d parameters of together %d bytes, each with its NUL, are possible",
                         PLAN_ARGS_COUNT_MAX, PLAN_ARGS_MAX);
            return;
        }
        text_copy(script->args + script->args_length, PLAN_ARGS_MAX - script->args_length, text, length);
        script->args_length += (uint32_t)length + 1;
        script->args_count++;
    }
}

/* UINT32_MAX tries are as many as an attempt's number can count. */
static void on_retries(struct context *c, const struct member *m, const cJSON *item)
{
    parse_integer(c, item, 0, (int64_t)UINT32_MAX - 1, false, &c->plan->scripts[m->phase].retries);
}

static void on_timeout(struct context *c, const struct member *m, const cJSON *item)
{
    (void)m;
    parse_integer(c, item, 1, PLAN_TIMEOUT_MAX, true, &c->plan->timeout_seconds);
}

static void on_continue(struct context *c, const struct member *m, const cJSON *item)
{
    (void)m;
    parse_boolean(c, item, &c->plan->continue_on_failure);
}

static void on_freeze(struct context *c, const struct member *m, const cJSON *item)
{
    (void)m;
    parse_boolean(c, item, &c->plan->freeze);
}

static void on_poll(struct context *c, const struct member *m, const cJSON *item)
{
    (void)m;
    parse_integer(c, item, 1, PLAN_POLL_MAX, false, &c->plan->poll_seconds);
}

/* ---- the members of "quiesce" ---------------------------------------------------- */

/* A policy's name becomes part of a file name: nothing in it may lead elsewhere. */
static bool is_policy_name(const char *text, size_t length)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

    return length > 0 && length < PLAN_NAME_MAX && !strchr("._-", text[0]) && strspn(text, allowed) == length;
}

static void on_policy(struct context *c, const struct member *m, const cJSON *item)
{
    const char *text = string_of(c, item);
    size_t length = text ? strlen(text) : 0;

    (void)m;
    if (!text) return;
    if (!is_policy_name(text, length) && text_path_problem(text, length))
        wrong_value(c, item, "must be the name of a policy (letters, digits, '.', '_', '-') or an absolute path");
    else
        text_copy(c->plan->policy, PLAN_PATH_MAX, text, length);
}

static void on_run_as(struct context *c, const struct member *m, const cJSON *item)
{
    (void)m;
    parse_short(c, item, true, c->plan->run_as);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void on_sha256(struct context *c, const struct member *m, const cJSON *item)
{
    struct script_plan *script = &c->plan->scripts[m->phase];
    const char *text = string_of(c, item);

    if (!text) return;
    script->pinned = 1;
    for (size_t i = 0; i < sizeof(script->sha256); i++) {
        int high = hex_digit(text[2 * i]), low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
        if (low < 0) {
            wrong_value(c, item, "a SHA-256 has 64 hexadecimal digits");
            return;
        }
        script->sha256[i] = (uint8_t)(high * 16 + low);
    }
    if (text[2 * sizeof(script->sha256)] != '\0') wrong_value(c, item, "a SHA-256 has 64 hexadecimal digits");
}

static void on_grace(struct context *c, const struct member *m, const cJSON *item)
{
    (void)m;
    parse_integer(c, item, 0, PLAN_GRACE_MAX, false, &c->plan->grace_seconds);
}

static void on_environment(struct context *c, const struct member *m, const cJSON *item)
{
    const cJSON *variable;

    (void)m;
    if (!cJSON_IsObject(item)) {
        wrong_type(c, item, "an object");
        return;
    }
    cJSON_ArrayForEach(variable, item) {
        const char *problem = environment_name_problem(variable->string, strlen(variable->string)), *value;
        if (problem) {
            json_key_finding(&c->document, variable, FINDING_ERROR, FINDING_VALUE, "%s", problem);
            continue;
        }
        value = string_of(c, variable);
        if (!value) continue;
        problem = environment_append(c->plan->env, &c->plan->env_length, &c->plan->env_count, variable->string, value);
        if (problem) wrong_value(c, variable, problem);
    }
}

/* ---- objects ------------------------------------------------------------------------- */

/* What an unknown key may have been meant to be, or NULL. */
static const char *similar_key(const char *key, const struct member *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(members[i].key, key) == 0) return members[i].key;
    return NULL;
}

static void warn_of_unknown(struct context *c, const cJSON *item, const char *similar)
{
    if (similar)
        json_key_finding(&c->document, item, FINDING_WARNING, FINDING_SCHEMA,
                         "unknown key '%s', passed over; the key is spelled '%s'", item->string, similar);
    else
        json_key_finding(&c->document, item, FINDING_WARNING, FINDING_SCHEMA, "unknown key '%s', passed over",
                         item->string);
}

static void parse_object(struct context *c, const cJSON *object, const struct member *members, size_t count)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, object) {
        size_t i = 0;
        while (i < count && strcmp(members[i].key, item->string) != 0) i++;
        if (i < count)
            members[i].parse(c, &members[i], item);
        else
            warn_of_unknown(c, item, similar_key(item->string, members, count));
    }
    for (size_t i = 0; i < count; i++)
        if (members[i].required && !json_get(object, members[i].key))
            finding_add(&c->plan->head, CODE, FINDING_ERROR, FINDING_SCHEMA, json_where(&c->document, object),
                        members[i].key, "this key is missing");
}

static void on_quiesce(struct context *c, const struct member *m, const cJSON *item)
{
    static const struct member members[] = {
        {"policy", false, 0, on_policy},
        {"runAs", false, 0, on_run_as},
        {"preScriptSha256", false, PHASE_PRE, on_sha256},
        {"postScriptSha256", false, PHASE_POST, on_sha256},
        {"killGraceSeconds", false, 0, on_grace},
        {"environment", false, 0, on_environment},
    };

    (void)m;
    if (cJSON_IsObject(item))
        parse_object(c, item, members, sizeof(members) / sizeof(members[0]));
    else
        wrong_type(c, item, "an object");
}

/* The table of the contract. */
static const struct member members_of_document[] = {
    {"pluginName", false, 0, on_name},
    {"preScriptLocation", true, PHASE_PRE, on_location},
    {"postScriptLocation", true, PHASE_POST, on_location},
    {"preScriptParams", false, PHASE_PRE, on_params},
    {"postScriptParams", false, PHASE_POST, on_params},
    {"preScriptNoOfRetries", false, PHASE_PRE, on_retries},
    {"postScriptNoOfRetries", false, PHASE_POST, on_retries},
    {"timeoutInSeconds", false, 0, on_timeout},
    {"continueBackupOnFailure", false, 0, on_continue},
    {"fsFreezeEnabled", false, 0, on_freeze},
    {"ScriptsExecutionPollTimeSeconds", false, 0, on_poll},
    {"appName", false, 0, on_app_name},
    {"quiesce", false, 0, on_quiesce},
};

/* All but the head, which has what was found so far. */
static void set_defaults(struct plugin_plan *plan)
{
    memset((char *)plan + sizeof(plan->head), 0, sizeof(*plan) - sizeof(plan->head));
    text_copy(plan->name, sizeof(plan->name), "ScriptRunner", strlen("ScriptRunner"));
    text_copy(plan->policy, sizeof(plan->policy), "default", strlen("default"));
    plan->continue_on_failure = 1;
    plan->freeze = 1;
    plan->timeout_seconds = PLAN_TIMEOUT_DEFAULT;
    plan->poll_seconds = PLAN_POLL_DEFAULT;
    plan->grace_seconds = PLAN_GRACE_DEFAULT;
}

void plugin_parse(const char *bytes, size_t n, struct plugin_plan *out)
{
    struct context c = {.plan = out};
    const char *problem;

    finding_begin(&out->head);
    /* Of a document whose only fault is duplicate keys the rest is checked too. */
    json_parse(&c.document, bytes, n, &limits, &out->head);
    if (!c.document.root) goto out;
    set_defaults(out);
    if (!cJSON_IsObject(c.document.root)) {
        wrong_type(&c, c.document.root, "an object");
        goto out;
    }
    parse_object(&c, c.document.root, members_of_document,
                 sizeof(members_of_document) / sizeof(members_of_document[0]));
    problem = environment_append(out->env, &out->env_length, &out->env_count, "QUIESCE_PLUGIN", out->name);
    if (problem)
        json_finding(&c.document, json_get(json_get(c.document.root, "quiesce"), "environment"), FINDING_ERROR,
                     FINDING_VALUE, "%s", problem);
out:
    json_free(&c.document);
}
