#include "print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- JSON ------------------------------------------------------------------------ */

static void print_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c < 0x20) {
            fprintf(out, "\\u%04x", c);
        } else {
            fputc(c, out);
        }
    }
    fputc('"', out);
}

static void print_member(FILE *out, const char *key, const char *text)
{
    fprintf(out, ",\n\"%s\":", key);
    print_string(out, text);
}

static void print_script(FILE *out, const char *prefix, const struct script_plan *s)
{
    char key[64];

    snprintf(key, sizeof(key), "%sLocation", prefix);
    print_member(out, key, s->path);
    fprintf(out, ",\n\"%sNoOfRetries\":%u,\n\"%sParams\":[", prefix, s->retries, prefix);
    for (uint32_t i = 0, at = 0; i < s->args_count; i++, at += (uint32_t)strlen(s->args + at) + 1) {
        fputs(i > 0 ? "," : "", out);
        print_string(out, s->args + at);
    }
    fputc(']', out);
}

static void print_digest(FILE *out, const char *prefix, const struct script_plan *s)
{
    if (!s->pinned) {
        return;
    }
    fprintf(out, ",\n\"%sSha256\":\"", prefix);
    for (size_t i = 0; i < sizeof(s->sha256); i++) {
        fprintf(out, i % 2 > 0 ? "%02X" : "%02x", s->sha256[i]);
    }
    fputc('"', out);
}

/* The last variable is QUIESCE_PLUGIN, which is made of the name. */
static void print_environment(FILE *out, const struct plugin_plan *p)
{
    fputs(",\n\"environment\":{", out);
    for (uint32_t i = 0, at = 0; i + 1 < p->env_count; i++, at += (uint32_t)strlen(p->env + at) + 1) {
        const char *equals = strchr(p->env + at, '=');
        fprintf(out, "%s\"%.*s\":", i > 0 ? "," : "", (int)(equals - (p->env + at)), p->env + at);
        print_string(out, equals + 1);
    }
    fputc('}', out);
}

static void print_plugin(FILE *out, const struct plugin_plan *p)
{
    fprintf(out, "{\"timeoutInSeconds\":%u,\n\"continueBackupOnFailure\":%s,\n\"fsFreezeEnabled\":%s,\n",
            p->timeout_seconds, p->continue_on_failure ? "true" : "false", p->freeze ? "true" : "false");
    fprintf(out, "\"ScriptsExecutionPollTimeSeconds\":%u", p->poll_seconds);
    print_member(out, "pluginName", p->name);
    print_member(out, "appName", p->app_name);
    print_script(out, "preScript", &p->scripts[PHASE_PRE]);
    print_script(out, "postScript", &p->scripts[PHASE_POST]);
    fprintf(out, ",\n\"quiesce\":{\"killGraceSeconds\":%u", p->grace_seconds);
    print_member(out, "policy", p->policy);
    print_member(out, "runAs", p->run_as);
    print_digest(out, "preScript", &p->scripts[PHASE_PRE]);
    print_digest(out, "postScript", &p->scripts[PHASE_POST]);
    print_environment(out, p);
    fputs("}}\n", out);
}

/* ---- INI --------------------------------------------------------------------------- */

static void print_host(FILE *out, const struct host_plan *p)
{
    fprintf(out, "[pre_post]\ntimeoutInSeconds: %u\nnumberOfPlugins = %u\n", p->timeout_seconds, p->plugins_count);
    for (uint32_t i = 0; i < p->plugins_count; i++) {
        fprintf(out, "pluginName%u: %s\npluginConfigPath%u=%s\n", i, p->plugins[i].name, i, p->plugins[i].config_path);
        if (p->plugins[i].path[0]) {
            fprintf(out, "pluginPath%u = %s\n", i, p->plugins[i].path);
        }
    }
}

static void print_vmbackup(FILE *out, const struct vmbackup_plan *p)
{
    fprintf(out, "[SnapshotThread]\nfsfreeze: %s\ntimeout = %u\nMountsToSkip = ", p->freeze ? "True" : "False",
            p->timeout_seconds);
    for (uint32_t i = 0, at = 0; i < p->skip.count; i++, at += (uint32_t)strlen(p->skip.text + at) + 1) {
        fprintf(out, "%s%s", i > 0 ? ", " : "", p->skip.text + at);
    }
    fputc('\n', out);
}

/* ---- databases ----------------------------------------------------------------------- */

static void print_passwd(FILE *out, const struct passwd_plan *p)
{
    fprintf(out, "# one user\n\n%s:x:%u:%u::%s:/bin/sh\n", p->name, p->uid, p->gid, p->home);
}

static void print_group(FILE *out, const char *user, const struct group_plan *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        fprintf(out, "g%u:x:%u:root,%s\n", i, p->gids[i], user);
    }
}

char *print_plan(enum document_kind kind, const char *argument, const void *plan, size_t *length)
{
    const struct passwd_plan *user = plan;
    char *text = NULL;
    FILE *out;

    if (kind == DOC_POLICY || kind == DOC_MOUNTS || (kind == DOC_PASSWD && strcmp(user->name, argument) != 0)) {
        return NULL;
    }
    out = open_memstream(&text, length);
    if (!out) {
        abort();
    }
    if (kind == DOC_HOST) {
        print_host(out, plan);
    } else if (kind == DOC_VMBACKUP) {
        print_vmbackup(out, plan);
    } else if (kind == DOC_PLUGIN) {
        print_plugin(out, plan);
    } else if (kind == DOC_PASSWD) {
        print_passwd(out, plan);
    } else {
        print_group(out, argument, plan);
    }
    if (fclose(out) != 0) {
        abort();
    }
    return text;
}
