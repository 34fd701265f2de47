#include "policy/calls.h"

#include <stdio.h>
#include <string.h>

#include "base/native.h"
#include "base/syscall_names.h"

/* Numbers of the native ABI lie below x32's, which begin at __X32_SYSCALL_BIT. */
#ifdef __x86_64__
#define FOREIGN_BITS 0xc0000000u
#else
#define FOREIGN_BITS 0x80000000u /* negative */
#endif

/* Other ABIs that the machine runs, by what tells them from the native one. */
static const struct abi {
    const char *name;
    struct condition given[2];
    unsigned count;
} abis[] = {
#ifdef __x86_64__
    { "i386 (int 0x80)", { { WORD_ARCH, true, UINT32_MAX, AUDIT_ARCH_I386 } }, 1 },
    { "x32", { { WORD_ARCH, true, UINT32_MAX, NATIVE_ARCH }, { WORD_NR, false, FOREIGN_BITS, 0 } }, 2 },
    { "every other architecture", { { WORD_ARCH, false, UINT32_MAX, NATIVE_ARCH }, { WORD_ARCH, false, UINT32_MAX, AUDIT_ARCH_I386 } }, 2 },
#else
    { "arm (32 bits)", { { WORD_ARCH, true, UINT32_MAX, AUDIT_ARCH_ARM } }, 1 },
    { "every other architecture", { { WORD_ARCH, false, UINT32_MAX, NATIVE_ARCH }, { WORD_ARCH, false, UINT32_MAX, AUDIT_ARCH_ARM } }, 2 },
#endif
};
_Static_assert(sizeof abis / sizeof *abis <= ABIS_MAX, "more ABIs than places");

/* All paths of a walk end alike, whatever their conditions. */
static enum paths_error ask(struct call_answer *answer, struct paths *paths, const struct sock_filter *filter, unsigned length,
                            const struct condition *given, unsigned count)
{
    enum paths_error error = paths_walk(paths, filter, length, given, count);
    *answer = (struct call_answer){ .depends = paths->count == 0 };
    for (uint32_t i = 0; error == PATHS_OK && i < paths->count; i++) {
        answer->depends = answer->depends || paths->list[i].action != paths->list[0].action;
        answer->action = paths->list[i].action;
    }
    return error;
}

static bool same(const struct call_answer *a, const struct call_answer *b)
{
    return !a->depends && !b->depends && a->action == b->action;
}

enum paths_error calls_make(struct calls *c, const struct sock_filter *filter, unsigned length, uint32_t *failed)
{
    const struct condition above[] = {
        { WORD_ARCH, true, UINT32_MAX, NATIVE_ARCH },
        { WORD_NR, true, FOREIGN_BITS, 0 },
        { WORD_NR, false, (uint32_t)~(CALL_NUMBERS - 1), 0 },
    };
    struct paths paths = { 0 };
    *failed = CALL_NUMBERS;
    enum paths_error error = ask(&c->above, &paths, filter, length, above, sizeof above / sizeof *above);
    for (uint32_t n = 0; n < CALL_NUMBERS && error == PATHS_OK; n++) {
        const struct condition given[] = { above[0], { WORD_NR, true, UINT32_MAX, n } };
        *failed = n;
        error = ask(&c->numbers[n], &paths, filter, length, given, 2);
    }
    c->abis_count = sizeof abis / sizeof *abis;
    for (unsigned i = 0; i < c->abis_count && error == PATHS_OK; i++) {
        *failed = CALL_NUMBERS;
        c->abis[i].name = abis[i].name;
        error = ask(&c->abis[i].answer, &paths, filter, length, abis[i].given, abis[i].count);
    }
    c->newest = CALL_NUMBERS - 1;
    while (c->newest != UINT32_MAX && same(&c->numbers[c->newest], &c->above)) {
        c->newest--;
    }
    paths_free(&paths);
    return error;
}

const char *call_name(char text[CALL_NAME_MAX], uint32_t number)
{
    const char *name = syscall_name(number);
    if (name == NULL) {
        snprintf(text, CALL_NAME_MAX, "%u", number);
    }
    return name != NULL ? name : text;
}

/* Fills call->actions; false if they are more than fit. */
static bool sort_actions(struct call *call)
{
    unsigned count = 0, longest = 0;
    for (uint32_t i = 0; i < call->terms.count; i++) {
        uint32_t action = call->terms.list[i].action; /* terms are sorted by it */
        if (count > 0 && call->actions[count - 1] == action) {
            continue;
        }
        if (count == ANSWERS_MAX) {
            return false;
        }
        call->actions[count++] = action;
    }
    for (unsigned i = 1; i < count; i++) {
        longest = terms_weight(&call->terms, call->actions[i]) >= terms_weight(&call->terms, call->actions[longest]) ? i : longest;
    }
    if (count > 0) {
        uint32_t last = call->actions[longest];
        memmove(call->actions + longest, call->actions + longest + 1, (count - longest - 1) * sizeof last);
        call->actions[count - 1] = last;
    }
    call->actions_count = count;
    return true;
}

enum paths_error call_begin(struct call *call, const struct sock_filter *filter, unsigned length, uint32_t number)
{
    *call = (struct call){ .number = number };
    enum paths_error error = paths_of_call(&call->paths, filter, length, NATIVE_ARCH, number);
    if (error == PATHS_OK && terms_make(&call->terms, &call->paths) != 0) {
        error = PATHS_MEMORY;
    }
    return error == PATHS_OK && !sort_actions(call) ? PATHS_MANY : error;
}

void call_end(struct call *call)
{
    terms_free(&call->terms);
    paths_free(&call->paths);
}

bool action_grants(uint32_t action)
{
    return action_rank(action) <= action_rank(SECCOMP_RET_LOG);
}

void call_print(FILE *out, const struct call *call, bool grants)
{
    char words[ACTION_WORDS_MAX];
    const char *name = syscall_name(call->number), *semicolon = "";
    for (unsigned i = 0; i < call->actions_count; i++) {
        uint32_t action = call->actions[i];
        bool last = i + 1 == call->actions_count && i > 0;
        if (grants && !action_grants(action)) {
            continue;
        }
        fprintf(out, "%s%s%s", semicolon, last && !grants ? "else " : "", action_words(words, action));
        semicolon = "; ";
        if ((!last || grants) && terms_weight(&call->terms, action) > 0) {
            fputs(" if ", out);
            terms_print(out, &call->terms, action, name, ", or ");
        }
    }
}
