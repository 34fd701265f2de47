#include "base/syscall_names.h"

#include <stddef.h>
#include <string.h>

enum { NAMES = 512 };

static const char *const names[NAMES] = {
#include "syscall_names.inc"
};

/* Calls of Linux 6.5 and later, numbered alike on x86-64 (arch/x86/entry/syscalls/
 * syscall_64.tbl) and arm64 (scripts/syscall.tbl); a name that libseccomp has too
 * is the same one. */
struct newer {
    uint32_t number;
    const char *name;
};
static const struct newer newer[] = {
    {451, "cachestat"},      {452, "fchmodat2"},         {453, "map_shadow_stack"},  {454, "futex_wake"},
    {455, "futex_wait"},     {456, "futex_requeue"},     {457, "statmount"},         {458, "listmount"},
    {459, "lsm_get_self_attr"}, {460, "lsm_set_self_attr"}, {461, "lsm_list_modules"}, {462, "mseal"},
    {463, "setxattrat"},     {464, "getxattrat"},        {465, "listxattrat"},       {466, "removexattrat"},
    {467, "open_tree_attr"}, {468, "file_getattr"},      {469, "file_setattr"},
};
enum { NEWER = sizeof newer / sizeof newer[0] };

const char *syscall_name(uint32_t number)
{
    if (number < NAMES && names[number] != NULL)
        return names[number];
    for (unsigned i = 0; i < NEWER; i++)
        if (newer[i].number == number)
            return newer[i].name;
    return NULL;
}

int syscall_number(const char *name)
{
    for (int i = 0; i < NAMES; i++)
        if (names[i] != NULL && strcmp(names[i], name) == 0)
            return i;
    for (unsigned i = 0; i < NEWER; i++)
        if (strcmp(newer[i].name, name) == 0)
            return (int)newer[i].number;
    return -1;
}
