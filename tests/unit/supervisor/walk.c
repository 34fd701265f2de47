/*
 * What the safe walk refused, as codes of the contract and as sentences.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "supervisor/walk.h"

const char program_name[] = "test-walk";

struct code_row {
    uint32_t kind, phase;
    uint8_t given;
    enum walk_verdict verdict;
    uint32_t code; /* 0: nothing is wrong */
};

static const struct code_row code_rows[] = {
    {DOC_HOST, 0, 0, WALK_MISSING, 0},           {DOC_HOST, 0, 1, WALK_MISSING, 313},
    {DOC_HOST, 0, 0, WALK_MODE, 314},            {DOC_HOST, 0, 0, WALK_SET_ID, 314},
    {DOC_HOST, 0, 0, WALK_OWNER, 315},           {DOC_HOST, 0, 0, WALK_LINK_OWNER, 315},
    {DOC_HOST, 0, 1, WALK_TYPE, 304},            {DOC_HOST, 0, 1, WALK_LINK_LOOP, 304},
    {DOC_HOST, 0, 1, WALK_TOO_LARGE, 304},       {DOC_HOST, 0, 1, WALK_PATH, 304},
    {DOC_HOST, 0, 1, WALK_ERROR, 304},           {DOC_PLUGIN, 0, 0, WALK_MISSING, 316},
    {DOC_PLUGIN, 0, 1, WALK_MISSING, 316},       {DOC_PLUGIN, 0, 1, WALK_MODE, 317},
    {DOC_PLUGIN, 0, 1, WALK_SET_ID, 317},        {DOC_PLUGIN, 0, 1, WALK_OWNER, 318},
    {DOC_PLUGIN, 0, 1, WALK_LINK_OWNER, 318},    {DOC_PLUGIN, 0, 1, WALK_TYPE, 305},
    {DOC_PLUGIN, 0, 1, WALK_TOO_LARGE, 305},     {DOC_POLICY, 0, 1, WALK_MISSING, 305},
    {DOC_POLICY, 0, 1, WALK_MODE, 305},          {DOC_PASSWD, 0, 0, WALK_MISSING, 305},
    {DOC_GROUP, 0, 0, WALK_OWNER, 305},          {DOC_VMBACKUP, 0, 0, WALK_MISSING, 0},
    {DOC_VMBACKUP, 0, 0, WALK_MODE, 304},        {DOC_MOUNTS, 0, 0, WALK_ERROR, 121},
    {DOC_KINDS, PHASE_PRE, 1, WALK_MISSING, 302},    {DOC_KINDS, PHASE_POST, 1, WALK_MISSING, 303},
    {DOC_KINDS, PHASE_PRE, 1, WALK_PATH, 302},       {DOC_KINDS, PHASE_POST, 1, WALK_TYPE, 303},
    {DOC_KINDS, PHASE_PRE, 1, WALK_LINK_LOOP, 302},  {DOC_KINDS, PHASE_PRE, 1, WALK_OWNER, 306},
    {DOC_KINDS, PHASE_PRE, 1, WALK_MODE, 306},       {DOC_KINDS, PHASE_PRE, 1, WALK_SET_ID, 306},
    {DOC_KINDS, PHASE_PRE, 1, WALK_LINK_OWNER, 306}, {DOC_KINDS, PHASE_POST, 1, WALK_OWNER, 307},
    {DOC_KINDS, PHASE_POST, 1, WALK_MODE, 307},      {DOC_KINDS, PHASE_POST, 1, WALK_ERROR, 307},
    {DOC_KINDS, PHASE_PRE, 1, WALK_TOO_LARGE, 306},
};

static void codes(void **state)
{
    static struct msg_document d;

    (void)state;
    for (size_t i = 0; i < sizeof(code_rows) / sizeof(code_rows[0]); i++) {
        const struct code_row *r = &code_rows[i];

        d.kind = r->kind;
        d.phase = r->phase;
        d.given = r->given;
        d.walk.verdict = r->verdict;
        if (outcome_table[walk_outcome(&d)].code != r->code)
            fail_msg("row %u: code %u", (unsigned)i, outcome_table[walk_outcome(&d)].code);
    }
}

struct word_row {
    enum walk_verdict verdict;
    uint8_t is_directory;
    uint32_t uid, mode, error;
    enum finding_kind kind;
    const char *message;
};

static const struct word_row word_rows[] = {
    {WALK_MISSING, 0, 0, 0, 0, FINDING_MISSING, "file '/etc/azure' does not exist"},
    {WALK_MISSING, 1, 0, 0, 0, FINDING_MISSING, "directory '/etc/azure' does not exist"},
    {WALK_OWNER, 0, 1000, 0100600, 0, FINDING_PERMISSION, "file '/etc/azure' is owned by uid 1000, not by root"},
    {WALK_MODE, 1, 0, 040775, 0, FINDING_PERMISSION,
     "directory '/etc/azure' may be written by others than root (mode 0775)"},
    {WALK_MODE, 0, 0, 0100644, 0, FINDING_PERMISSION, "file '/etc/azure' has mode 0644, which is not among those it may have"},
    {WALK_SET_ID, 0, 0, 0104700, 0, FINDING_PERMISSION,
     "file '/etc/azure' is set-user-id or set-group-id (mode 4700)"},
    {WALK_TYPE, 1, 0, 0100600, 0, FINDING_MISSING, "'/etc/azure' is not a directory"},
    {WALK_TYPE, 0, 0, 040700, 0, FINDING_MISSING, "'/etc/azure' is not a regular file"},
    {WALK_LINK_OWNER, 0, 1, 0120777, 0, FINDING_PERMISSION,
     "symbolic link '/etc/azure' is owned by uid 1, not by root"},
    {WALK_LINK_LOOP, 0, 0, 0, 0, FINDING_MISSING, "'/etc/azure' leads through more than 40 symbolic links"},
    {WALK_TOO_LARGE, 0, 0, 0, 0, FINDING_VALUE, "file '/etc/azure' is larger than its kind may be"},
    {WALK_ERROR, 0, 0, 0, EIO, FINDING_SYSTEM, "file '/etc/azure' cannot be read: Input/output error"},
};

static void words(void **state)
{
    static struct msg_document d;
    struct finding f;

    (void)state;
    d.kind = DOC_PLUGIN;
    strcpy(d.path, "/etc/azure/x");
    for (size_t i = 0; i < sizeof(word_rows) / sizeof(word_rows[0]); i++) {
        const struct word_row *r = &word_rows[i];

        strcpy(d.walk.component, "/etc/azure");
        d.walk.verdict = r->verdict;
        d.walk.is_directory = r->is_directory;
        d.walk.uid = r->uid;
        d.walk.mode = r->mode;
        d.walk.error = r->error;
        memset(&f, 0, sizeof(f));
        walk_finding(&d, &f);
        assert_string_equal(f.message, r->message);
        assert_int_equal(f.kind, r->kind);
    }
    d.path[0] = '\0'; /* as the template ships it */
    d.walk.verdict = WALK_PATH;
    walk_finding(&d, &f);
    assert_string_equal(f.message, "no path is given");
    assert_int_equal(f.kind, FINDING_MISSING);
}

/* A component of any length and any bytes still gives one printable sentence. */
static void long_component(void **state)
{
    static struct msg_document d;
    struct finding f = {0};

    (void)state;
    memset(d.walk.component, '\x1b', sizeof(d.walk.component) - 1);
    strcpy(d.walk.component + sizeof(d.walk.component) - 8, "/secret");
    d.walk.verdict = WALK_MISSING;
    walk_finding(&d, &f);
    assert_non_null(strstr(f.message, "..."));
    assert_null(strchr(f.message, '\x1b'));
    assert_true(strlen(f.message) < sizeof(f.message));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(codes), cmocka_unit_test(words), cmocka_unit_test(long_component)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
