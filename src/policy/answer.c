#include "policy/answer.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#include "parser/text.h"

enum { ERRNO_MAX = 4095 }; /* MAX_ERRNO of Linux */

static const struct {
    const char *word;
    uint32_t answer;
} plain[] = {
    { "allow", SECCOMP_RET_ALLOW },        { "log", SECCOMP_RET_LOG },
    { "trap", SECCOMP_RET_TRAP },          { "kill", SECCOMP_RET_KILL_PROCESS },
    { "kill_thread", SECCOMP_RET_KILL_THREAD },
    { "no answer, the call was not made", ANSWER_NOT_ASKED },
    { "not asked: the kernel executed the call", ANSWER_EXECUTED },
};
enum { PLAIN = sizeof plain / sizeof plain[0], PLAIN_ACTIONS = 5 };

static const char errno_word[] = "errno ";

/* 0: no errno of this name or number. */
static uint32_t errno_of(const char *text, size_t n)
{
    uint64_t number = 0;
    if (text_decimal(text, n, ERRNO_MAX, &number)) {
        return (uint32_t)number;
    }
    for (int i = 1; i <= ERRNO_MAX; i++) {
        const char *name = strerrorname_np(i);
        if (name != NULL && strlen(name) == n && memcmp(name, text, n) == 0) {
            return (uint32_t)i;
        }
    }
    static const char other_name[] = "ENOTSUP"; /* of EOPNOTSUPP */
    return n == sizeof other_name - 1 && memcmp(text, other_name, n) == 0 ? ENOTSUP : 0;
}

bool answer_read(const char *text, size_t n, uint32_t *answer)
{
    for (unsigned i = 0; i < PLAIN_ACTIONS; i++) {
        if (strlen(plain[i].word) == n && memcmp(plain[i].word, text, n) == 0) {
            *answer = plain[i].answer;
            return true;
        }
    }
    const size_t prefix = sizeof errno_word - 1;
    if (n <= prefix || memcmp(text, errno_word, prefix) != 0) {
        return false;
    }
    uint32_t number = errno_of(text + prefix, n - prefix);
    *answer = SECCOMP_RET_ERRNO | number;
    return number != 0;
}

void answer_write(char words[ANSWER_WORDS_MAX], uint32_t answer)
{
    for (unsigned i = 0; i < PLAIN; i++) {
        if (plain[i].answer == answer) {
            snprintf(words, ANSWER_WORDS_MAX, "%s", plain[i].word);
            return;
        }
    }
    uint32_t data = answer & SECCOMP_RET_DATA;
    const char *name = strerrorname_np((int)data);
    if ((answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO && name != NULL) {
        snprintf(words, ANSWER_WORDS_MAX, "%s%s", errno_word, name);
    } else if ((answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO) {
        snprintf(words, ANSWER_WORDS_MAX, "%s%u", errno_word, data);
    } else if ((answer & SECCOMP_RET_ACTION_FULL) == ANSWER_DIED) {
        snprintf(words, ANSWER_WORDS_MAX, "ended by signal %u", data);
    } else {
        snprintf(words, ANSWER_WORDS_MAX, "action 0x%08x", answer);
    }
}

bool answer_valid(uint32_t answer)
{
    uint32_t data = answer & SECCOMP_RET_DATA;
    if ((answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO) {
        return data >= 1 && data <= ERRNO_MAX;
    }
    for (unsigned i = 0; i < PLAIN_ACTIONS; i++) {
        if (plain[i].answer == answer) {
            return true;
        }
    }
    return false;
}
