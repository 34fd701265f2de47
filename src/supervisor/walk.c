/*
 * walk.c - what the safe walk refused, in words and as an outcome.
 */
#include "walk.h"

#include <stdio.h>

#include "base/walk_words.h"

#define NOTHING OUTCOME_APP_CONSISTENT

/* The contract's codes, by kind of document and what was found.  Columns:
 * absent, mode (and set-id), owner, and everything else. */
static const struct {
    enum outcome missing, mode, owner, other;
} outcomes[DOC_KINDS + 1] = {
    [DOC_HOST] = {OUTCOME_HOST_CONFIG_MISSING, OUTCOME_HOST_CONFIG_MODE, OUTCOME_HOST_CONFIG_OWNER,
                  OUTCOME_HOST_CONFIG_WRONG},
    [DOC_VMBACKUP] = {NOTHING, OUTCOME_BACKUP_CONFIG_WRONG, OUTCOME_BACKUP_CONFIG_WRONG, OUTCOME_BACKUP_CONFIG_WRONG},
    [DOC_PLUGIN] = {OUTCOME_PLUGIN_CONFIG_MISSING, OUTCOME_PLUGIN_CONFIG_MODE, OUTCOME_PLUGIN_CONFIG_OWNER,
                    OUTCOME_PLUGIN_CONFIG_WRONG},
    [DOC_POLICY] = {OUTCOME_PLUGIN_CONFIG_WRONG, OUTCOME_PLUGIN_CONFIG_WRONG, OUTCOME_PLUGIN_CONFIG_WRONG,
                    OUTCOME_PLUGIN_CONFIG_WRONG},
    [DOC_PASSWD] = {OUTCOME_PLUGIN_CONFIG_WRONG, OUTCOME_PLUGIN_CONFIG_WRONG, OUTCOME_PLUGIN_CONFIG_WRONG,
                    OUTCOME_PLUGIN_CONFIG_WRONG},
    [DOC_GROUP] = {OUTCOME_PLUGIN_CONFIG_WRONG, OUTCOME_PLUGIN_CONFIG_WRONG, OUTCOME_PLUGIN_CONFIG_WRONG,
                   OUTCOME_PLUGIN_CONFIG_WRONG},
    [DOC_MOUNTS] = {OUTCOME_FREEZE_FAILED, OUTCOME_FREEZE_FAILED, OUTCOME_FREEZE_FAILED, OUTCOME_FREEZE_FAILED},
};

/* Of scripts, by phase.  What is no file that could be run counts as not found;
 * what is there and cannot be taken, as a matter of permission. */
static const struct {
    enum outcome missing, permission;
} script_outcomes[PHASES] = {
    [PHASE_PRE] = {OUTCOME_PRE_NOT_FOUND, OUTCOME_PRE_PERMISSION},
    [PHASE_POST] = {OUTCOME_POST_NOT_FOUND, OUTCOME_POST_PERMISSION},
};

enum outcome walk_outcome(const struct msg_document *d)
{
    uint32_t v = d->walk.verdict;

    if (d->kind == DOC_KINDS) {
        if (v == WALK_MISSING || v == WALK_PATH || v == WALK_TYPE || v == WALK_LINK_LOOP)
            return script_outcomes[d->phase].missing;
        return script_outcomes[d->phase].permission;
    }
    if (v == WALK_MISSING)
        return d->kind == DOC_HOST && !d->given ? NOTHING : outcomes[d->kind].missing;
    if (v == WALK_MODE || v == WALK_SET_ID)
        return outcomes[d->kind].mode;
    if (v == WALK_OWNER || v == WALK_LINK_OWNER)
        return outcomes[d->kind].owner;
    return outcomes[d->kind].other;
}

static const enum finding_kind kinds[WALK_VERDICTS] = {
    [WALK_OK] = FINDING_SYSTEM,         [WALK_MISSING] = FINDING_MISSING,       [WALK_OWNER] = FINDING_PERMISSION,
    [WALK_MODE] = FINDING_PERMISSION,   [WALK_SET_ID] = FINDING_PERMISSION,     [WALK_TYPE] = FINDING_MISSING,
    [WALK_LINK_OWNER] = FINDING_PERMISSION, [WALK_LINK_LOOP] = FINDING_MISSING, [WALK_TOO_LARGE] = FINDING_VALUE,
    [WALK_PATH] = FINDING_VALUE,        [WALK_ERROR] = FINDING_SYSTEM,
};

void walk_finding(const struct msg_document *d, struct finding *f)
{
    bool none = d->walk.verdict == WALK_PATH && d->path[0] == '\0';

    f->kind = (uint8_t)(none ? FINDING_MISSING : kinds[d->walk.verdict]);
    if (none)
        snprintf(f->message, sizeof(f->message), "no path is given");
    else
        walk_words(f->message, sizeof(f->message), &d->walk);
}
