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

static const struct condition above[] = {
    { WORD_ARCH, true, UINT32_MAX, NATIVE_ARCH },
    { WORD_NR, true, FOREIGN_BITS, 0 },
    { WORD_NR, false, (uint32_t)~(CALL_NUMBERS - 1), 0 },
};

bool calls_walk_class(unsigned class, struct paths *paths, const struct sock_filter *filter, unsigned length,
                      const char **name, enum paths_error *error)
{
    if (class > sizeof abis / sizeof *abis) {
        return false;
    }
    const struct abi *abi = class > 0 ? &abis[class - 1] : NULL;
    *name = abi != NULL ? abi->name : "all higher numbers";
    *error = paths_walk(paths, filter, length, abi != NULL ? abi->given : above,
                        abi != NULL ? abi->count : sizeof above / sizeof *above);
    return true;
}

/* All paths of a walk end alike, whatever their conditions, or it depends. */
static struct call_answer answer_of(const struct paths *paths)
{
    struct call_answer answer = { .depends = paths->count == 0 };
    for (uint32_t i = 0; i < paths->count; i++) {
        answer.depends = answer.depends || paths->list[i].action != paths->list[0].action;
        answer.action = paths->list[i].action;
    }
    return answer;
}

static bool same(const struct call_answer *a, const struct call_answer *b)
{
    return !a->depends && !b->depends && a->action == b->action;
}

enum paths_error calls_make(struct calls *c, const struct sock_filter *filter, unsigned length, uint32_t *failed)
{
    struct paths paths = { 0 };
    enum paths_error error = PATHS_OK;
    for (uint32_t n = 0; n < CALL_NUMBERS && error == PATHS_OK; n++) {
        *failed = n;
        error = paths_of_call(&paths, filter, length, NATIVE_ARCH, n);
        c->numbers[n] = answer_of(&paths);
    }
    const char *name;
    for (unsigned class = 0; error == PATHS_OK && calls_walk_class(class, &paths, filter, length, &name, &error); class++) {
        *failed = CALL_NUMBERS;
        if (class == 0) {
            c->above = answer_of(&paths);
        } else {
            c->abis[class - 1].name = name;
            c->abis[class - 1].answer = answer_of(&paths);
        }
    }
    c->abis_count = sizeof abis / sizeof *abis;
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
