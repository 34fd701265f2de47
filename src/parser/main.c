/*
 * quiesce-parser: turns one document's bytes into one typed, bounded plan.
 *
 * Descriptors: 0, 1 /dev/null, 2 log pipe, 3 socket to the monitor, 15 the empty
 * root (closed by the drop).  Runs as a uid of its own without capabilities, in
 * an empty root, behind policy/roles/parser.json.
 *
 * The master was executed and confined before any document was opened.  It reads
 * no document: for each PARSE it forks a child, which has the document, the
 * socket for its answer, perhaps the compiled policy, the log pipe, and nothing
 * else; which answers once and ends.
 *
 * MUST NOT parse in the master: one document must not be able to change the
 * answer about another.
 */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/drop.h"
#include "base/fatal.h"
#include "base/message.h"
#include "parser/document.h"

const char program_name[] = "quiesce-parser";

enum { FD_MONITOR = ROLE_FD_CONTROL };

/* Many times what the largest document of any kind takes. */
enum { MEMORY_MAX = 64 * 1024 * 1024, CHILD_CPU_SECONDS = 5 };

/* Descriptors of PARSE, see wire.h. */
enum { PARSE_DOCUMENT, PARSE_ANSWER, PARSE_COMPILED };

static const struct sock_filter role_filter[] = {
#include "filter_parser.inc"
};

static const struct role role = {
    .id = ROLE_PARSER,
    .last_fd = FD_MONITOR,
    .nofile = 128, /* four, and as many as one message can bring */
    .nproc = 256,  /* children of all runs at once: the limit counts a whole uid */
    .memory = MEMORY_MAX,
    .filter = role_filter,
    .filter_length = sizeof(role_filter) / sizeof(role_filter[0]),
};

static struct parser {
    struct wire_buffer buffer;
    union document_plan plan; /* touched by children only */
} parser;

/* ---- the child -------------------------------------------------------------------- */

static void limit(__rlimit_resource_t resource, rlim_t value)
{
    const struct rlimit both = {value, value};

    if (setrlimit(resource, &both) != 0) fatal("cannot set a limit", errno);
}

/* The bytes of a sealed memfd, of which none can go away while they are read. */
static const void *map(int fd, size_t bytes_max, size_t *size)
{
    static const char empty[1];
    struct stat st;
    void *bytes;

    if (fstat(fd, &st) != 0) fatal("cannot see a document's size", errno);
    *size = (size_t)st.st_size;
    if (*size == 0 || *size > bytes_max) return empty; /* too large: refused by its size alone */
    bytes = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) fatal("cannot map a document", errno);
    return bytes;
}

static _Noreturn void answer(const struct msg_parse *parse, const struct wire_packet *packet)
{
    enum document_kind kind = (enum document_kind)parse->kind;
    const void *bytes, *compiled = NULL;
    size_t n, compiled_size = 0;
    int error;

    /* The master holds nothing else. */
    close(ROLE_FD_NULL_IN);
    close(ROLE_FD_NULL_OUT);
    close(FD_MONITOR);
    /* It makes no process of its own, and does not outlive the master. */
    limit(RLIMIT_NPROC, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fatal("cannot tie a parser to its master", errno);
    limit(RLIMIT_CPU, CHILD_CPU_SECONDS);
    bytes = map(packet->fds[PARSE_DOCUMENT], document_bytes_max(kind), &n);
    if (packet->fds_count > PARSE_COMPILED) {
        compiled = map(packet->fds[PARSE_COMPILED], DOC_POLICY_BYTES_MAX, &compiled_size);
        if (compiled_size > DOC_POLICY_BYTES_MAX) compiled = NULL;
    }
    document_parse(kind, parse->argument, bytes, n, compiled, compiled_size, &parser.plan);
    error = wire_send(packet->fds[PARSE_ANSWER], WIRE_ANSWER(kind), &parser.plan, NULL, 0);
    /* A monitor that has gone wants no answer. */
    if (error != 0 && error != -EPIPE && error != -ECONNRESET) fatal("cannot answer", -error);
    _exit(0);
}

/* ---- the master ---------------------------------------------------------------------- */

static void on_parse(void *context, const struct wire_packet *packet)
{
    const struct msg_parse *parse = packet->body;
    pid_t child;

    if (parse->kind >= DOC_KINDS || !memchr(parse->argument, '\0', sizeof(parse->argument)) ||
        (packet->fds_count > PARSE_COMPILED && parse->kind != DOC_POLICY))
        fatal("PARSE makes no sense", 0);
    child = fork();
    if (child < 0) fatal("cannot fork", errno);
    if (child == 0) answer(parse, packet);
    for (unsigned i = 0; i < packet->fds_count; i++) close(packet->fds[i]);
}

static const struct wire_rule rules[] = { PARSER_RULES(WIRE_RULE) };
static wire_handler *const handlers[] = { PARSER_RULES(WIRE_HANDLER) };

int main(void)
{
    const struct wire_receiver receiver = {
        rules, handlers, sizeof(rules) / sizeof(rules[0]), &parser.buffer, NULL,
    };

    role_begin();
    /* Children are not waited for: what one has to say it says in its answer. */
    if (signal(SIGCHLD, SIG_IGN) == SIG_ERR) fatal("cannot ignore SIGCHLD", errno);
    /* libseccomp asks the kernel once what it can do, by calls that the filter kills. */
    (void)seccomp_api_get();
    drop_privileges(&role);
    while (wire_serve(&receiver, FD_MONITOR, PEER_MONITOR, PARSER_READY)) {
    }
    return 0; /* the monitor is gone, or needs no more */
}
