#include "policy/table.h"

#include <linux/audit.h>
#include <inttypes.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/plan_check.h"
#include "base/syscall_names.h"
#include "parser/finding.h"
#include "parser/text.h"
#include "policy/answer.h"

enum { X32_BIT = 0x40000000, CODE_POLICY = 305, ARGUMENTS = 6 };
enum { FIRST_COMMON = 424 }; /* from pidfd_send_signal on, all number alike */

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif

static const struct abi {
    const char *name;
    uint32_t arch, bits; /* bits: set in every number */
    uint32_t library;    /* SCMP_ARCH_* */
} abis[] = {
    { "native", NATIVE, 0, SCMP_ARCH_NATIVE },
    { "x32", AUDIT_ARCH_X86_64, X32_BIT, SCMP_ARCH_X32 },
    { "i386", AUDIT_ARCH_I386, 0, SCMP_ARCH_X86 },
    { "arm", AUDIT_ARCH_ARM, 0, SCMP_ARCH_ARM },
};
enum { ABIS = sizeof abis / sizeof abis[0] };

/* ---- one line --------------------------------------------------------------------- */

struct line {
    struct table *table;
    uint32_t number;
    const char *p, *begin, *end;
};

struct word {
    const char *p;
    size_t n; /* 0: there is none */
};

#define WRONG(line, at, ...) \
    finding_add(&(line)->table->head, CODE_POLICY, FINDING_ERROR, FINDING_SYNTAX, \
                (struct place){ (line)->number, (uint32_t)((at) - (line)->begin) + 1 }, "", __VA_ARGS__)

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct word next_word(struct line *line)
{
    while (line->p < line->end && blank(*line->p)) {
        line->p++;
    }
    struct word word = { line->p, 0 };
    while (line->p < line->end && !blank(*line->p)) {
        line->p++;
        word.n++;
    }
    return word;
}

static bool is(struct word word, const char *text)
{
    return strlen(text) == word.n && memcmp(text, word.p, word.n) == 0;
}

/* Decimal, or hexadecimal after 0x, at most maximum. */
static bool read_number(struct word word, uint64_t maximum, uint64_t *value)
{
    if (word.n < 3 || word.p[0] != '0' || word.p[1] != 'x') {
        return text_decimal(word.p, word.n, maximum, value);
    }
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    uint64_t number = 0;
    for (size_t i = 2; i < word.n; i++) {
        const char *digit = word.p[i] != '\0' ? strchr(digits, word.p[i]) : NULL;
        if (digit == NULL || number > maximum >> 4) {
            return false;
        }
        number = number << 4 | (uint64_t)((digit - digits) & 15);
    }
    *value = number;
    return number <= maximum;
}

/* A name's number: -1 if the ABI does not have it, -2 if none has. */
static int64_t number_of(const struct abi *abi, struct word word)
{
    static const uint32_t all[] = { SCMP_ARCH_NATIVE, SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64, SCMP_ARCH_X86,
                                    SCMP_ARCH_ARM };
    char name[64];
    if (!text_copy(name, sizeof name, word.p, word.n)) {
        return -2;
    }
    int native = syscall_number(name);
    if (native >= 0 && (abi == &abis[0] || native >= FIRST_COMMON)) {
        return native;
    }
    int number = abi == &abis[0] ? -1 : seccomp_syscall_resolve_name_arch(abi->library, name);
    if (number >= 0) {
        return number;
    }
    bool known = native >= 0;
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
        known = known || seccomp_syscall_resolve_name_arch(all[i], name) != __NR_SCMP_ERROR;
    }
    return known ? -1 : -2;
}

/* Returns 1; 0 if the row is of a call that the ABI does not have; -1 after a finding. */
static int read_call(struct line *line, struct table_row *row)
{
    struct word word = next_word(line);
    const struct abi *abi = NULL;
    for (unsigned i = 0; i < ABIS; i++) {
        abi = is(word, abis[i].name) ? &abis[i] : abi;
    }
    if (abi == NULL) {
        WRONG(line, word.p, "a row begins with native, x32, i386 or arm");
        return -1;
    }
    word = next_word(line);
    uint64_t number = 0;
    if (word.n > 0 && word.p[0] >= '0' && word.p[0] <= '9') {
        if (!read_number(word, UINT32_MAX, &number)) {
            WRONG(line, word.p, "not the number of a system call: digits, or 0x and hexadecimal digits, of 32 bits");
            return -1;
        }
    } else {
        int64_t found = word.n > 0 && !is(word, "->") ? number_of(abi, word) : -2;
        if (found == -2) {
            WRONG(line, word.p, "no system call of this name");
            return -1;
        }
        if (found == -1) {
            return 0;
        }
        number = (uint64_t)found;
    }
    row->call.arch = abi->arch;
    row->call.nr = (int)((uint32_t)number | abi->bits);
    return 1;
}

/* Arguments and the arrow.  Returns false after a finding. */
static bool read_arguments(struct line *line, struct table_row *row)
{
    for (unsigned i = 0;; i++) {
        struct word word = next_word(line);
        uint64_t value = 0;
        if (is(word, "->")) {
            return true;
        }
        if (word.n == 0) {
            WRONG(line, word.p, "' -> ' and an action are missing");
            return false;
        }
        if (i >= ARGUMENTS) {
            WRONG(line, word.p, "more than six arguments");
            return false;
        }
        if (!read_number(word, UINT64_MAX, &value)) {
            WRONG(line, word.p, "not an argument: digits, or 0x and hexadecimal digits, of 64 bits");
            return false;
        }
        row->call.args[i] = value;
    }
}

static bool read_action(struct line *line, struct table_row *row)
{
    while (line->p < line->end && blank(*line->p)) {
        line->p++;
    }
    size_t n = (size_t)(line->end - line->p);
    while (n > 0 && blank(line->p[n - 1])) {
        n--;
    }
    if (answer_read(line->p, n, &row->expected)) {
        return true;
    }
    WRONG(line, line->p, "not an action: allow, log, trap, kill, kill_thread, or errno with a name or number");
    return false;
}

static bool same_call(const struct seccomp_data *a, const struct seccomp_data *b)
{
    return a->nr == b->nr && a->arch == b->arch && memcmp(a->args, b->args, sizeof a->args) == 0;
}

static void add_row(const struct line *line, const struct table_row *row)
{
    struct table *table = line->table;
    for (uint32_t i = 0; i < table->rows_count; i++) {
        if (same_call(&table->rows[i].call, &row->call)) {
            WRONG(line, line->begin, "the same call stands in line %u", table->rows[i].line);
            return;
        }
    }
    table->rows[table->rows_count++] = *row;
}

/* False: nothing behind this line is looked at. */
static bool read_line(struct line *line)
{
    struct table *table = line->table;
    size_t n = (size_t)(line->end - line->begin);
    if (n > TABLE_LINE_MAX) {
        WRONG(line, line->begin, "the line is longer than %d bytes", TABLE_LINE_MAX);
        return false;
    }
    for (const char *p = line->begin; p < line->end; p++) {
        if (*p != '\t' && ((unsigned char)*p < ' ' || *p == 0x7f)) {
            WRONG(line, p, "byte 0x%02x: a table is text, and its lines end in a line feed alone", (unsigned char)*p);
            return false;
        }
    }
    if (!text_valid(line->begin, n)) {
        WRONG(line, line->begin, "not UTF-8");
        return false;
    }
    struct word first = next_word(line);
    if (first.n == 0 || first.p[0] == '#') {
        return true;
    }
    line->p = first.p;
    struct table_row row = { .line = line->number };
    int known = read_call(line, &row);
    if (known < 0 || !read_arguments(line, &row) || !read_action(line, &row)) {
        return true;
    }
    if (known == 0) {
        table->passed_over++;
        return true;
    }
    if (table->rows_count == TABLE_ROWS_MAX) {
        WRONG(line, line->begin, "more than %d rows", TABLE_ROWS_MAX);
        return false;
    }
    add_row(line, &row);
    return true;
}

void table_parse(struct table *table, const char *bytes, size_t n)
{
    memset(table, 0, sizeof *table);
    finding_begin(&table->head);
    if (n > TABLE_BYTES_MAX) {
        finding_add(&table->head, CODE_POLICY, FINDING_ERROR, FINDING_SYNTAX, (struct place){ 0, 0 }, "",
                    "the table is larger than %d bytes", TABLE_BYTES_MAX);
        return;
    }
    const char *end = bytes + n;
    uint32_t number = 0;
    while (bytes < end) {
        const char *feed = memchr(bytes, '\n', (size_t)(end - bytes));
        const char *stop = feed != NULL ? feed : end;
        struct line line = { table, ++number, bytes, bytes, stop };
        if (!read_line(&line)) {
            break;
        }
        bytes = stop + 1;
    }
    if (table->head.usable == 1 && table->rows_count == 0) {
        finding_add(&table->head, CODE_POLICY, FINDING_ERROR, FINDING_SYNTAX, (struct place){ 0, 0 }, "",
                    "the table has no row that this machine can look at");
    }
}

/* ---- a table from elsewhere ----------------------------------------------------------- */

static bool valid_row(const struct table_row *row, uint32_t line_before)
{
    bool known = false;
    for (unsigned i = 0; i < ABIS; i++) {
        known = known || (abis[i].arch == row->call.arch && ((uint32_t)row->call.nr & abis[i].bits) == abis[i].bits);
    }
    return known && row->call.instruction_pointer == 0 && answer_valid(row->expected) && row->line > line_before;
}

bool table_valid(const struct table *table)
{
    if (!plan_head_valid(&table->head)) {
        return false;
    }
    if (table->head.usable == 0) {
        return true;
    }
    if (table->rows_count == 0 || table->rows_count > TABLE_ROWS_MAX || table->passed_over > TABLE_BYTES_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < table->rows_count; i++) {
        if (!valid_row(&table->rows[i], i == 0 ? 0 : table->rows[i - 1].line)) {
            return false;
        }
    }
    return true;
}

/* ---- a call as text ---------------------------------------------------------------------- */

static const struct abi *abi_of(const struct seccomp_data *call)
{
    const struct abi *best = &abis[0];
    for (unsigned i = 0; i < ABIS; i++) {
        bool fits = abis[i].arch == call->arch && ((uint32_t)call->nr & abis[i].bits) == abis[i].bits;
        best = fits ? &abis[i] : best;
    }
    return best;
}

void table_write_call(char text[TABLE_CALL_MAX], const struct seccomp_data *call)
{
    const struct abi *abi = abi_of(call);
    bool native = abi == &abis[0];
    char *found = native ? NULL : seccomp_syscall_resolve_num_arch(abi->library, call->nr);
    const char *name = native ? syscall_name((uint32_t)call->nr) : found;
    unsigned arguments = ARGUMENTS;
    while (arguments > 0 && call->args[arguments - 1] == 0) {
        arguments--;
    }
    size_t n = name != NULL
        ? (size_t)snprintf(text, TABLE_CALL_MAX, "%s %s", abi->name, name)
        : (size_t)snprintf(text, TABLE_CALL_MAX, "%s 0x%x", abi->name, (uint32_t)call->nr & ~abi->bits);
    for (unsigned i = 0; i < arguments && n < TABLE_CALL_MAX; i++) {
        n += (size_t)snprintf(text + n, TABLE_CALL_MAX - n, " 0x%" PRIx64, (uint64_t)call->args[i]);
    }
    free(found);
}
