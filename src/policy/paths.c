#include "policy/paths.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A register: ((word << shift) & mask) ^ flip, where a negative shift goes right.
 * Loads, masks, shifts and comparisons keep that form.  Mask 0: the constant flip. */
struct value {
    uint8_t word;
    int8_t shift;
    uint32_t mask, flip;
};

struct walker {
    const struct sock_filter *filter;
    unsigned length;
    struct paths *paths;
    enum paths_error error;
    bool given[CALL_WORDS]; /* the whole word was */
    /* What holds on the way to where the walk is: in order, and the equalities of
     * each word together. */
    unsigned count, capacity;
    struct condition *trail;
    uint32_t mask[CALL_WORDS], fixed[CALL_WORDS];
};

static void visit(struct walker *w, unsigned pc, struct value a, struct value x);

static struct value constant(uint32_t number)
{
    return (struct value){ .flip = number };
}

static uint32_t shifted(uint32_t bits, int shift)
{
    return shift <= -32 || shift >= 32 ? 0 : shift < 0 ? bits >> -shift : bits << shift;
}

/* ---- paths -------------------------------------------------------------------------- */

/* Room for one more of an array of elements; false if there is no memory. */
static bool grow(void **array, uint32_t *capacity, uint32_t needed, size_t size)
{
    if (needed <= *capacity) {
        return true;
    }
    uint32_t more = *capacity < 16 ? 16 : 2 * *capacity;
    more = more < needed ? needed : more;
    void *new = realloc(*array, more * size);
    if (new == NULL) {
        return false;
    }
    *array = new;
    *capacity = more;
    return true;
}

static void add_path(struct walker *w, uint32_t action)
{
    struct paths *p = w->paths;
    if (p->count == PATHS_MAX || p->conditions_count + w->count > PATHS_CONDITIONS_MAX) {
        w->error = PATHS_MANY;
        return;
    }
    if (!grow((void **)&p->list, &p->capacity, p->count + 1, sizeof *p->list)
        || !grow((void **)&p->conditions, &p->conditions_capacity, p->conditions_count + w->count, sizeof *p->conditions)) {
        w->error = PATHS_MEMORY;
        return;
    }
    struct condition *out = p->conditions + p->conditions_count;
    unsigned count = w->count > 0 ? conditions_simplify(w->trail, w->count, out) : 0, kept = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!w->given[out[i].word]) {
            out[kept++] = out[i];
        }
    }
    p->list[p->count++] = (struct path){ .action = action, .first = p->conditions_count, .count = kept };
    p->conditions_count += kept;
}

/* ---- branches ------------------------------------------------------------------------ */

/* Adds a condition; CONDITIONS_NEVER if it cannot hold here: then it is not added. */
static int push(struct walker *w, struct condition c)
{
    uint32_t witness;
    if (!grow((void **)&w->trail, &w->capacity, w->count + 1, sizeof *w->trail)) {
        w->error = PATHS_MEMORY;
        return CONDITIONS_NEVER;
    }
    w->trail[w->count] = c;
    int found = conditions_solve_word(c.word, w->mask[c.word], w->fixed[c.word], w->trail, w->count + 1, &witness);
    if (found != CONDITIONS_NEVER) {
        w->count++;
    }
    if (found == CONDITIONS_SOLVED && c.equal) {
        w->mask[c.word] |= c.mask;
        w->fixed[c.word] |= c.value;
    }
    return found;
}

/* Goes on at pc with one condition more, if it can hold. */
static void visit_if(struct walker *w, struct condition c, unsigned pc, struct value a, struct value x)
{
    uint32_t mask = w->mask[c.word], fixed = w->fixed[c.word];
    unsigned count = w->count;
    int found = w->error == PATHS_OK ? push(w, c) : CONDITIONS_NEVER;
    if (found == CONDITIONS_HARD) {
        w->error = PATHS_HARD;
    } else if (found == CONDITIONS_SOLVED) {
        visit(w, pc, a, x);
    }
    w->mask[c.word] = mask;
    w->fixed[c.word] = fixed;
    w->count = count;
}

/* Goes on at yes if the value under a mask equals number, and at no, unless that is
 * NULL, if not. */
static void branch(struct walker *w, struct value v, uint32_t under, uint32_t number, const unsigned *yes,
                   const unsigned *no, struct value a, struct value x)
{
    uint32_t bits = v.mask & under, wanted = number ^ (v.flip & under);
    if ((wanted & ~bits) != 0 || bits == 0) {
        const unsigned *way = (wanted & ~bits) != 0 ? no : yes;
        if (way != NULL) {
            visit(w, *way, a, x);
        }
        return;
    }
    struct condition c = { .word = v.word, .equal = true, .mask = shifted(bits, -v.shift), .value = shifted(wanted, -v.shift) };
    if (yes != NULL) {
        visit_if(w, c, *yes, a, x);
    }
    c.equal = false;
    if (no != NULL) {
        visit_if(w, c, *no, a, x);
    }
}

/*
 * v > k, in pieces that are each an equality under a mask: v agrees with k above some
 * bit where k has 0 and v has 1.  v <= k: they are equal, or agree above some bit
 * where k has 1 and v has 0.
 */
static void branch_greater(struct walker *w, struct value v, uint32_t k, unsigned yes, unsigned no, struct value a,
                           struct value x)
{
    for (unsigned bit = 32; bit-- > 0 && w->error == PATHS_OK;) {
        uint32_t here = 1u << bit, above = ~(here - 1);
        branch(w, v, above, (k & above) ^ here, (k & here) == 0 ? &yes : &no, NULL, a, x);
    }
    branch(w, v, ~0u, k, &no, NULL, a, x);
}

static void jump(struct walker *w, unsigned pc, const struct sock_filter *f, struct value a, struct value x)
{
    unsigned yes = pc + 1 + f->jt, no = pc + 1 + f->jf;
    uint32_t k = f->k;
    if (BPF_SRC(f->code) == BPF_X) {
        if (x.mask != 0) {
            w->error = PATHS_ARITHMETIC;
            return;
        }
        k = x.flip;
    }
    if (yes == no) {
        visit(w, yes, a, x);
        return;
    }
    switch (BPF_OP(f->code)) {
    case BPF_JEQ:
        branch(w, a, ~0u, k, &yes, &no, a, x);
        break;
    case BPF_JSET:
        branch(w, a, k, 0, &no, &yes, a, x);
        break;
    case BPF_JGT:
        branch_greater(w, a, k, yes, no, a, x);
        break;
    default: /* BPF_JGE */
        if (k == 0) {
            visit(w, yes, a, x);
        } else {
            branch_greater(w, a, k - 1, yes, no, a, x);
        }
        break;
    }
}

/* ---- instructions ----------------------------------------------------------------------- */

/* Bits that are known already become part of flip. */
static struct value load(const struct walker *w, uint32_t offset)
{
    uint8_t word = offset == offsetof(struct seccomp_data, nr)     ? (uint8_t)WORD_NR
        : offset == offsetof(struct seccomp_data, arch)            ? (uint8_t)WORD_ARCH
        : offset < offsetof(struct seccomp_data, args)             ? (uint8_t)(WORD_IP_LOW + (offset - 8) / 4)
                                                                   : (uint8_t)((offset - 16) / 4);
    return (struct value){ .word = word, .mask = ~w->mask[word], .flip = w->fixed[word] };
}

/* False if the result has not the form that a value has. */
static bool calculate(struct value *a, uint16_t op, uint32_t k)
{
    switch (op) {
    case BPF_AND:
        a->mask &= k;
        a->flip &= k;
        return true;
    case BPF_OR:
        a->mask &= ~k;
        a->flip |= k;
        return true;
    case BPF_XOR:
        a->flip ^= k;
        return true;
    case BPF_LSH:
    case BPF_RSH: {
        int by = op == BPF_LSH ? (int)k : -(int)k;
        a->mask = shifted(a->mask, by);
        a->flip = shifted(a->flip, by);
        a->shift = (int8_t)(a->mask != 0 ? a->shift + by : 0);
        return true;
    }
    default:
        break;
    }
    if (a->mask != 0) {
        return false;
    }
    a->flip = op == BPF_ADD ? a->flip + k : op == BPF_SUB ? a->flip - k : op == BPF_MUL ? a->flip * k : -a->flip;
    return true;
}

/* Depth: one call for each branch on the way, which goes forward only. */
static void visit(struct walker *w, unsigned pc, struct value a, struct value x)
{
    for (; w->error == PATHS_OK && pc < w->length; pc++) {
        const struct sock_filter *f = &w->filter[pc];
        switch (BPF_CLASS(f->code)) {
        case BPF_LD:
            a = BPF_MODE(f->code) == BPF_ABS ? load(w, f->k) : constant(f->k);
            break;
        case BPF_LDX:
            x = constant(f->k);
            break;
        case BPF_ALU:
            if (!calculate(&a, BPF_OP(f->code), f->k)) {
                w->error = PATHS_ARITHMETIC;
            }
            break;
        case BPF_RET:
            add_path(w, f->k);
            return;
        case BPF_JMP:
            if (BPF_OP(f->code) != BPF_JA) {
                jump(w, pc, f, a, x);
                return;
            }
            pc += f->k;
            break;
        default: /* BPF_MISC */
            if (f->code == (BPF_MISC | BPF_TAX)) {
                x = a;
            } else {
                a = x;
            }
            break;
        }
    }
}

/* ---- public --------------------------------------------------------------------------------- */

enum paths_error paths_walk(struct paths *paths, const struct sock_filter *filter, unsigned length,
                            const struct condition *given, unsigned given_count)
{
    struct walker w = { .filter = filter, .length = length, .paths = paths };
    paths->count = paths->conditions_count = 0;
    int found = CONDITIONS_SOLVED;
    for (unsigned i = 0; i < given_count && found == CONDITIONS_SOLVED; i++) {
        found = push(&w, given[i]);
        w.given[given[i].word] = w.mask[given[i].word] == UINT32_MAX;
    }
    if (found == CONDITIONS_HARD) {
        w.error = PATHS_HARD;
    } else if (found == CONDITIONS_SOLVED) {
        visit(&w, 0, constant(0), constant(0));
    }
    free(w.trail);
    return w.error;
}

enum paths_error paths_of_call(struct paths *paths, const struct sock_filter *filter, unsigned length, uint32_t arch,
                               uint32_t number)
{
    const struct condition given[] = {
        { .word = WORD_ARCH, .equal = true, .mask = UINT32_MAX, .value = arch },
        { .word = WORD_NR, .equal = true, .mask = UINT32_MAX, .value = number },
    };
    return paths_walk(paths, filter, length, given, 2);
}

const struct condition *path_conditions(const struct paths *paths, const struct path *path)
{
    return paths->conditions + path->first;
}

const struct path *paths_find(const struct paths *paths, const uint32_t words[CALL_WORDS])
{
    for (uint32_t i = 0; i < paths->count; i++) {
        if (conditions_hold(path_conditions(paths, &paths->list[i]), paths->list[i].count, words)) {
            return &paths->list[i];
        }
    }
    return NULL;
}

const char *paths_message(enum paths_error error)
{
    static const char *const messages[PATHS_ERRORS] = {
        [PATHS_OK] = "is complete",
        [PATHS_MANY] = "has more cases than can be looked at",
        [PATHS_ARITHMETIC] = "computes with arguments in a way that cannot be followed",
        [PATHS_HARD] = "has conditions too entangled to be solved",
        [PATHS_MEMORY] = "needs more memory than there is",
    };
    return messages[error];
}

void paths_free(struct paths *paths)
{
    free(paths->list);
    free(paths->conditions);
    *paths = (struct paths){ 0 };
}
