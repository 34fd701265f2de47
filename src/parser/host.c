#include "parser/host.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "parser/ini.h"
#include "parser/text.h"

enum { CODE = 304 };
static const char section[] = "pre_post";

/* The keys that stand once, and those that stand once for each plugin. */
static const char timeout_key[] = "timeoutInSeconds", count_key[] = "numberOfPlugins";

static void parse_name(const struct ini_document *document, const struct ini_entry *entry, struct host_plugin *plugin)
{
    const struct ini_text *value = &entry->value;

    if (value->length == 0 || !text_printable(value->at, value->length) ||
        !text_copy(plugin->name, sizeof(plugin->name), value->at, value->length))
        ini_finding(document, entry, FINDING_ERROR, FINDING_VALUE,
                    "a plugin's name must have 1 to %d bytes without control characters", PLAN_NAME_MAX - 1);
}

static void parse_path(const struct ini_document *document, const struct ini_entry *entry,
                       enum finding_severity severity, char path[PLAN_PATH_MAX])
{
    const struct ini_text *value = &entry->value;
    const char *problem = text_path_problem(value->at, value->length);

    if (problem)
        ini_finding(document, entry, severity, FINDING_VALUE, "%s", problem);
    else
        text_copy(path, PLAN_PATH_MAX, value->at, value->length);
}

static void parse_plugin_name(const struct ini_document *d, const struct ini_entry *e, struct host_plugin *p)
{
    parse_name(d, e, p);
}

static void parse_plugin_path(const struct ini_document *d, const struct ini_entry *e, struct host_plugin *p)
{
    parse_path(d, e, FINDING_WARNING, p->path); /* nothing here depends on it */
}

static void parse_config_path(const struct ini_document *d, const struct ini_entry *e, struct host_plugin *p)
{
    parse_path(d, e, FINDING_ERROR, p->config_path);
}

static const struct plugin_key {
    const char *name;
    bool required;
    void (*parse)(const struct ini_document *, const struct ini_entry *, struct host_plugin *);
} plugin_keys[] = {
    {"pluginName", true, parse_plugin_name},
    {"pluginPath", false, parse_plugin_path},
    {"pluginConfigPath", true, parse_config_path},
};
enum { PLUGIN_KEYS = sizeof(plugin_keys) / sizeof(plugin_keys[0]) };

static void missing(struct plan_head *head, struct place place, const char *key)
{
    char dotted[80];

    snprintf(dotted, sizeof(dotted), "%s.%s", section, key);
    finding_add(head, CODE, FINDING_ERROR, FINDING_SCHEMA, place, dotted, "this key is missing");
}

static void parse_timeout(const struct ini_document *document, struct host_plan *out)
{
    const struct ini_entry *entry = ini_get(document, section, timeout_key);
    uint64_t seconds;

    out->timeout_seconds = PLAN_TIMEOUT_MAX;
    if (!entry || !ini_number(document, entry, &seconds)) return;
    if (seconds == 0) {
        ini_finding(document, entry, FINDING_ERROR, FINDING_VALUE, "must be 1 to %d seconds", PLAN_TIMEOUT_MAX);
    } else if (seconds > PLAN_TIMEOUT_MAX) {
        ini_finding(document, entry, FINDING_WARNING, FINDING_VALUE, "lowered to %d seconds, the most that is allowed",
                    PLAN_TIMEOUT_MAX);
    } else {
        out->timeout_seconds = (uint32_t)seconds;
    }
}

/* The number of plugins, or -1 after an error. */
static int parse_count(const struct ini_document *document, struct place place)
{
    const struct ini_entry *entry = ini_get(document, section, count_key);
    uint64_t count;

    if (!entry) {
        missing(document->head, place, count_key);
        return -1;
    }
    if (!ini_number(document, entry, &count)) return -1;
    if (count > PLAN_PLUGINS_MAX) {
        ini_finding(document, entry, FINDING_ERROR, FINDING_VALUE, "at most %d plugins are possible", PLAN_PLUGINS_MAX);
        return -1;
    }
    if (count == 0)
        ini_finding(document, entry, FINDING_WARNING, FINDING_VALUE, "no plugin is configured, so no script will run");
    return (int)count;
}

static void parse_plugin(const struct ini_document *document, int number, struct place place,
                         struct host_plugin *plugin)
{
    char key[64];

    for (unsigned i = 0; i < PLUGIN_KEYS; i++) {
        snprintf(key, sizeof(key), "%s%d", plugin_keys[i].name, number);
        const struct ini_entry *entry = ini_get(document, section, key);
        if (entry && ini_value_plain(document, entry))
            plugin_keys[i].parse(document, entry, plugin);
        else if (!entry && plugin_keys[i].required)
            missing(document->head, place, key);
    }
}

/* True if a key is one of ours; number says how many plugins there are, -1: not known. */
static bool is_known(const struct ini_entry *entry, int number)
{
    if (ini_key_is(entry, timeout_key) || ini_key_is(entry, count_key)) return true;
    for (unsigned i = 0; i < PLUGIN_KEYS; i++) {
        size_t length = strlen(plugin_keys[i].name);
        uint64_t index, last = number < 0 ? PLAN_PLUGINS_MAX : (uint64_t)number;
        if (entry->key.length <= length || strncasecmp(entry->key.at, plugin_keys[i].name, length) != 0) continue;
        if (text_decimal(entry->key.at + length, entry->key.length - length, last, &index) && index < last) return true;
    }
    return false;
}

static void warn_of_unknown(const struct ini_document *document, int ours, int number)
{
    for (unsigned i = 0; i < document->entries_count; i++) {
        const struct ini_entry *entry = &document->entries[i];
        if ((int)entry->section == ours && !is_known(entry, number))
            ini_finding(document, entry, FINDING_WARNING, FINDING_SCHEMA,
                        "this key means nothing here, or its number is not below numberOfPlugins");
    }
    for (unsigned i = 0; i < document->sections_count; i++) {
        const struct ini_section *other = &document->sections[i];
        if ((int)i != ours && i != (unsigned)ini_section(document, "DEFAULT"))
            finding_add(document->head, CODE, FINDING_WARNING, FINDING_SCHEMA, other->place, "",
                        "the section '%.*s' means nothing here", (int)other->name.length, other->name.at);
    }
}

void host_parse(const char *bytes, size_t n, struct host_plan *out)
{
    struct ini_document document;
    struct place place = {0, 0};
    int ours, count;

    memset(out, 0, sizeof(*out));
    finding_begin(&out->head);
    ini_parse(&document, bytes, n, DOC_CONFIG_BYTES_MAX, CODE, &out->head);
    ours = ini_section(&document, section);
    if (ours < 0) {
        finding_add(&out->head, CODE, FINDING_ERROR, FINDING_SCHEMA, place, section, "the section [%s] is missing",
                    section);
        return;
    }
    place = document.sections[ours].place;
    parse_timeout(&document, out);
    count = parse_count(&document, place);
    for (int i = 0; i < count; i++) parse_plugin(&document, i, place, &out->plugins[i]);
    if (count > 0) out->plugins_count = (uint32_t)count;
    warn_of_unknown(&document, ours, count);
}
