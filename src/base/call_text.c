#include "base/call_text.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <linux/ioctl.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/call_words.h"
#include "base/utf8.h"

static const char more[] = "...";

/* Text that grows by whole pieces; once one did not fit, no other is added. */
struct line {
    char *text;
    size_t size, length;
    bool full;
};

/* A call, and which of its arguments each piece of memory belongs to. */
struct call {
    const uint64_t *args;
    const struct call_memory *memory;
    struct call_want wants[CALL_MEMORIES];
    unsigned wants_count;
};

static void put(struct line *l, const char *piece, size_t length)
{
    if (l->full)
        return;
    if (l->length + length + sizeof(more) > l->size) {
        l->full = true;
        piece = more;
        length = sizeof(more) - 1;
    }
    memcpy(l->text + l->length, piece, length);
    l->length += length;
    l->text[l->length] = '\0';
}

__attribute__((format(printf, 2, 3))) static void say(struct line *l, const char *format, ...)
{
    char piece[128];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(piece, sizeof(piece), format, args);
    va_end(args);
    put(l, piece, n < 0 ? 0 : (size_t)n < sizeof(piece) ? (size_t)n : sizeof(piece) - 1);
}

/* ---- memory ---------------------------------------------------------------------- */

/* In quotation marks, with a backslash where C has one. */
static void quote(struct line *l, const struct call_memory *m)
{
    static const char plain[] = "\"\\\n\t", escaped[] = "\"\\nt";
    char clean[3 * CALL_MEMORY_MAX + 1];
    size_t length = utf8_sanitize(clean, sizeof(clean), (const char *)m->bytes, m->length);
    uint32_t number;

    put(l, "\"", 1);
    for (size_t at = 0, n; at < length; at += n) {
        const char *escape = strchr(plain, clean[at]);

        n = utf8_character(clean + at, length - at, &number);
        n = n > 0 ? n : 1; /* never: it was made so */
        if (escape)
            say(l, "\\%c", escaped[escape - plain]);
        else
            put(l, clean + at, n);
    }
    put(l, "\"", 1);
    if (m->state == MEMORY_CUT)
        put(l, more, sizeof(more) - 1);
}

static void say_family(struct line *l, uint32_t family);

static void unix_address(struct line *l, const struct call_memory *m)
{
    const size_t begin = offsetof(struct sockaddr_un, sun_path);
    struct call_memory path = {.state = MEMORY_READ};
    const uint8_t *end;

    if (m->length <= begin) {
        say(l, " unnamed");
        return;
    }
    path.length = (uint16_t)(m->length - begin);
    memcpy(path.bytes, m->bytes + begin, path.length);
    put(l, " ", 1);
    if (path.bytes[0] == '\0') { /* abstract, unix(7): all of it is the name */
        path.bytes[0] = '@';
    } else {
        end = memchr(path.bytes, 0, path.length);
        path.length = end ? (uint16_t)(end - path.bytes) : path.length;
    }
    quote(l, &path);
}

/* What stands behind the family's name. */
static void address_rest(struct line *l, const struct call_memory *m, uint32_t family)
{
    char host[INET6_ADDRSTRLEN];
    union {
        uint8_t bytes[CALL_MEMORY_MAX];
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_nl netlink;
        struct sockaddr_vm vsock;
        struct sockaddr_ll packet;
    } a;

    memcpy(a.bytes, m->bytes, sizeof(a.bytes));
    if (family == AF_UNIX)
        unix_address(l, m);
    else if (family == AF_INET && m->length >= offsetof(struct sockaddr_in, sin_zero) &&
             inet_ntop(AF_INET, &a.in.sin_addr, host, sizeof(host)))
        say(l, " %s:%u", host, ntohs(a.in.sin_port));
    else if (family == AF_INET6 && m->length >= offsetof(struct sockaddr_in6, sin6_scope_id) &&
             inet_ntop(AF_INET6, &a.in6.sin6_addr, host, sizeof(host)))
        say(l, " [%s]:%u", host, ntohs(a.in6.sin6_port));
    else if (family == AF_NETLINK && m->length >= sizeof(a.netlink))
        say(l, " port %" PRIu32 " groups %#" PRIx32, a.netlink.nl_pid, a.netlink.nl_groups);
    else if (family == AF_VSOCK && m->length >= sizeof(a.vsock))
        say(l, " %" PRIu32 ":%" PRIu32, a.vsock.svm_cid, a.vsock.svm_port);
    else if (family == AF_PACKET && m->length >= offsetof(struct sockaddr_ll, sll_hatype))
        say(l, " interface %d", a.packet.sll_ifindex);
}

static void say_address(struct line *l, const struct call_memory *m)
{
    sa_family_t family;

    if (m->length < sizeof(family)) {
        put(l, more, sizeof(more) - 1);
        return;
    }
    memcpy(&family, m->bytes, sizeof(family));
    say_family(l, family);
    address_rest(l, m, family);
}

/* ---- words ------------------------------------------------------------------------- */

/* What has a name by name, what is left as a number. */
static void say_words(struct line *l, enum call_argument kind, uint64_t value)
{
    size_t count;
    const struct call_word *words = call_words(kind, &count);
    uint64_t left = value;
    uint32_t taken = 0;
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        const struct call_word *w = &words[i];

        if ((taken & w->mask) != 0 || ((uint32_t)left & w->mask) != w->value)
            continue;
        taken |= w->mask;
        left &= ~(uint64_t)w->mask;
        if (*w->name) {
            say(l, "%s%s", any ? "|" : "", w->name);
            any = true;
        }
    }
    if (left != 0)
        say(l, "%s%#" PRIx64, any ? "|" : "", left);
    else if (!any)
        put(l, "0", 1);
}

static void say_family(struct line *l, uint32_t family)
{
    say_words(l, ARG_FAMILY, family);
}

/* By name, or what the number itself says, ioctl(2). */
static void say_ioctl(struct line *l, uint32_t request)
{
    static const char *const directions[4] = {"no data", "write", "read", "read and write"};
    const char *name = call_ioctl_name(request);

    if (name)
        say(l, "%s", name);
    else if (_IOC_DIR(request) == _IOC_NONE && _IOC_SIZE(request) == 0)
        say(l, "%#" PRIx32, request);
    else
        say(l, "%#" PRIx32 " (%s, type %#x, number %u, %u bytes)", request, directions[_IOC_DIR(request)],
            (unsigned)_IOC_TYPE(request), (unsigned)_IOC_NR(request), (unsigned)_IOC_SIZE(request));
}

/* ---- arguments ------------------------------------------------------------------------ */

static const struct call_memory *memory_of(const struct call *c, size_t argument)
{
    for (unsigned i = 0; i < c->wants_count; i++)
        if (c->wants[i].argument == argument)
            return &c->memory[i];
    return NULL;
}

static void say_first(struct line *l, enum call_argument kind, const struct call_memory *m)
{
    uint64_t flags = 0;

    if (m->length < sizeof(flags)) {
        put(l, more, sizeof(more) - 1);
        return;
    }
    memcpy(&flags, m->bytes, sizeof(flags));
    say_words(l, kind == ARG_CLONE3 ? ARG_CLONE : ARG_OPEN, flags);
}

static void say_memory(struct line *l, const struct call *c, enum call_argument kind, size_t argument)
{
    const struct call_memory *m = memory_of(c, argument);

    if (c->args[argument] == 0)
        say(l, "NULL");
    else if (!m || m->state == MEMORY_NONE || m->state == MEMORY_CLOSED)
        say(l, "<not readable>");
    else if (m->state == MEMORY_FAULT)
        say(l, "<bad address>");
    else if (kind == ARG_STRING)
        quote(l, m);
    else if (kind == ARG_ADDRESS)
        say_address(l, m);
    else
        say_first(l, kind, m);
}

/* The kernel takes 32 bits of what is no address, length or set of flags of 64. */
static void say_argument(struct line *l, const struct call *c, enum call_argument kind, size_t argument)
{
    uint64_t value = c->args[argument];

    if (kind == ARG_INT || kind == ARG_DIRECTORY)
        say(l, "%" PRId32, (int32_t)(uint32_t)value);
    else if (kind == ARG_UNSIGNED)
        say(l, "%" PRIu64, value);
    else if (kind == ARG_HEX)
        say(l, "%#" PRIx64, value);
    else if (kind == ARG_MODE)
        say(l, "0%03" PRIo32, (uint32_t)value & 0177777);
    else if (kind == ARG_IOCTL)
        say_ioctl(l, (uint32_t)value);
    else if (kind >= ARG_WORDS)
        say_words(l, kind, (uint32_t)value);
    else
        say_memory(l, c, kind, argument);
}

/* Whether an argument is passed over: it says nothing. */
static bool is_silent(const struct call *c, const uint8_t *kinds, size_t i)
{
    /* A mode matters only where a file is made, open(2). */
    bool makes = i > 0 && kinds[i - 1] == ARG_OPEN && ((uint32_t)c->args[i - 1] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) != 0;

    return kinds[i] == ARG_SKIP || (kinds[i] == ARG_DIRECTORY && (int32_t)(uint32_t)c->args[i] == AT_FDCWD) ||
           (kinds[i] == ARG_MODE && i > 0 && kinds[i - 1] == ARG_OPEN && !makes);
}

void call_text(char *text, size_t size, uint32_t arch, uint32_t number, const uint64_t args[CALL_ARGUMENTS],
               const struct call_memory memory[CALL_MEMORIES])
{
    struct line line = {.text = text, .size = size};
    const uint8_t *kinds = arch == CALL_ARCH ? call_arguments(number) : NULL;
    struct call call = {.args = args, .memory = memory};

    text[0] = '\0';
    call.wants_count = call_wants(number, args, call.wants);
    if (!kinds)
        put(&line, more, sizeof(more) - 1);
    for (size_t i = 0; kinds && i < CALL_ARGUMENTS && kinds[i] != ARG_END; i++) {
        if (is_silent(&call, kinds, i))
            continue;
        put(&line, ", ", line.length > 0 ? 2 : 0);
        say_argument(&line, &call, (enum call_argument)kinds[i], i);
    }
}
