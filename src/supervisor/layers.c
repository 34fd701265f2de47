/*
 * layers.c - what the file systems of a mount table lie on.
 */
#include "layers.h"

#include <stdlib.h>
#include <string.h>

#include "base/fatal.h"

enum {
    NODES_MAX = PLAN_FS_MAX + 2 * PLAN_BELOW_MAX,
    EDGES_MAX = 2 * PLAN_BELOW_MAX, /* with those that may be */
};

struct node {
    uint64_t number;  /* major in the upper half */
    uint32_t entry;   /* of the mount table, or LAYERS_NOWHERE */
    uint32_t first;   /* edge */
    uint32_t above;   /* reached nodes directly above that have not been settled */
    uint32_t depth;
    bool told;        /* TOPOLOGY says something of it */
    bool based;       /* all of it is on others: else it is a disk */
    bool anonymous, unknown;
    bool chosen, seen;
    bool round; /* it lies on itself */
};

struct edge {
    uint32_t from, to; /* from lies on to */
    uint32_t next;     /* edge with the same from, or LAYERS_NOWHERE */
};

static struct graph {
    struct node nodes[NODES_MAX];
    struct edge edges[EDGES_MAX];
    uint32_t nodes_count, edges_count, chosen_count;
    uint32_t stack[NODES_MAX];
    bool overflow;
} graph; /* large, and there is one thread */

/* ---- building -------------------------------------------------------------------- */

static uint64_t number(uint32_t major, uint32_t minor)
{
    return (uint64_t)major << 32 | minor;
}

static int compare(const void *a, const void *b)
{
    const struct node *x = a, *y = b;

    return x->number < y->number ? -1 : x->number > y->number;
}

/* Every number that is spoken of has a node. */
static struct node *find(uint64_t wanted)
{
    const struct node key = {.number = wanted};
    struct node *found = bsearch(&key, graph.nodes, graph.nodes_count, sizeof(key), compare);

    if (!found)
        fatal("a number without a node", 0);
    return found;
}

static uint32_t index_of(const struct node *node)
{
    return (uint32_t)(node - graph.nodes);
}

static void add_node(uint64_t value)
{
    graph.nodes[graph.nodes_count++] = (struct node){.number = value, .entry = LAYERS_NOWHERE, .first = LAYERS_NOWHERE};
}

/* Shell's sort, as qsort(3) may ask for memory and for how much the machine has. */
static void sort_nodes(void)
{
    for (uint32_t gap = graph.nodes_count / 2; gap > 0; gap /= 2)
        for (uint32_t i = gap; i < graph.nodes_count; i++) {
            struct node node = graph.nodes[i];
            uint32_t at = i;

            for (; at >= gap && graph.nodes[at - gap].number > node.number; at -= gap)
                graph.nodes[at] = graph.nodes[at - gap];
            graph.nodes[at] = node;
        }
}

/* One node for each number that is spoken of, sorted. */
static void add_nodes(const struct mount_plan *table, const struct msg_topology *topology)
{
    uint32_t kept = 0;

    graph.nodes_count = graph.edges_count = graph.chosen_count = 0;
    graph.overflow = false;
    for (uint32_t i = 0; i < table->count; i++)
        add_node(number(table->entries[i].major, table->entries[i].minor));
    for (uint32_t i = 0; i < topology->count; i++) {
        const struct block_below *b = &topology->devices[i];

        add_node(number(b->major, b->minor));
        if (b->kind == BELOW_NUMBER || b->kind == BELOW_BESIDE)
            add_node(number(b->below_major, b->below_minor));
    }
    sort_nodes();
    for (uint32_t i = 0; i < graph.nodes_count; i++)
        if (kept == 0 || graph.nodes[kept - 1].number != graph.nodes[i].number)
            graph.nodes[kept++] = graph.nodes[i];
    graph.nodes_count = kept;
}

static void add_edge(struct node *from, uint32_t to)
{
    graph.edges[graph.edges_count] = (struct edge){index_of(from), to, from->first};
    from->first = graph.edges_count++;
}

/* Nothing is said of what it lies on.  A device then lies on nothing, and so does what
 * is elsewhere or never written; of anything else it is not known. */
static bool is_unknown(const struct mount_plan *table, const struct node *node)
{
    uint8_t skip = node->entry != LAYERS_NOWHERE ? table->entries[node->entry].skip : FS_UNKNOWN;

    if (node->told)
        return false;
    if (skip == FS_FUSE || skip == FS_OVERLAY)
        return true;
    return node->number >> 32 == 0 && skip != FS_READ_ONLY && skip != FS_NETWORK && skip != FS_NO_DEVICE;
}

static void build(const struct mount_plan *table, const struct msg_topology *topology, const bool chosen[PLAN_FS_MAX])
{
    add_nodes(table, topology);
    for (uint32_t i = 0; i < table->count; i++) {
        struct node *node = find(number(table->entries[i].major, table->entries[i].minor));

        node->entry = i;
        node->chosen = chosen[i];
        graph.chosen_count += chosen[i];
    }
    for (uint32_t i = 0; i < topology->count; i++) {
        const struct block_below *b = &topology->devices[i];
        struct node *from = find(number(b->major, b->minor));

        from->told = true;
        from->anonymous = from->anonymous || b->kind == BELOW_ANONYMOUS;
        from->unknown = from->unknown || b->kind == BELOW_UNKNOWN;
        from->based = from->based || b->kind == BELOW_NUMBER;
        if (b->kind == BELOW_NUMBER || b->kind == BELOW_BESIDE)
            add_edge(from, index_of(find(number(b->below_major, b->below_minor))));
    }
    for (uint32_t i = 0; i < graph.nodes_count; i++)
        graph.nodes[i].unknown = graph.nodes[i].unknown || is_unknown(table, &graph.nodes[i]);
}

/* ---- walking ------------------------------------------------------------------------ */

static void forget_seen(void)
{
    for (uint32_t i = 0; i < graph.nodes_count; i++)
        graph.nodes[i].seen = false;
}

/* Sees whatever lies below a node; itself only if it lies on itself. */
static void see_below(uint32_t start)
{
    uint32_t height = 0, at = start;

    for (;;) {
        for (uint32_t e = graph.nodes[at].first; e != LAYERS_NOWHERE; e = graph.edges[e].next)
            if (!graph.nodes[graph.edges[e].to].seen) {
                graph.nodes[graph.edges[e].to].seen = true;
                graph.stack[height++] = graph.edges[e].to;
            }
        if (height == 0)
            return;
        at = graph.stack[--height];
    }
}

/* ---- what may be ------------------------------------------------------------------------ */

static void link_edges(uint32_t from)
{
    for (uint32_t e = from; e < graph.edges_count; e++) {
        graph.edges[e].next = graph.nodes[graph.edges[e].from].first;
        graph.nodes[graph.edges[e].from].first = e;
    }
}

/* A file on an anonymous device is in memory, or in a subvolume of a file system that
 * cannot be told: freezing it before each of those is right either way, but for those
 * that lie on it.  Which do is looked up before the first of these edges is there. */
static void add_what_may_be(void)
{
    uint32_t sure = graph.edges_count;

    for (uint32_t c = 0; c < graph.nodes_count; c++) {
        if (!graph.nodes[c].chosen || graph.nodes[c].number >> 32 != 0)
            continue;
        forget_seen();
        see_below(c);
        for (uint32_t d = 0; d < graph.nodes_count; d++) {
            if (!graph.nodes[d].anonymous || graph.nodes[d].seen || d == c)
                continue;
            if (graph.edges_count == EDGES_MAX) {
                graph.overflow = true;
                return;
            }
            graph.edges[graph.edges_count++] = (struct edge){d, c, LAYERS_NOWHERE};
        }
    }
    link_edges(sure);
}

/* ---- depths and cycles --------------------------------------------------------------------- */

/* Settles what has nothing unsettled above it, and what then has not, and so on, of all
 * that chosen ones lie on.  What is in a cycle, or below one, is never settled.  Returns
 * true if all was. */
static bool settle(void)
{
    uint32_t height = 0, left = 0;

    forget_seen();
    for (uint32_t i = 0; i < graph.nodes_count; i++) {
        graph.nodes[i].above = graph.nodes[i].depth = 0;
        if (graph.nodes[i].chosen)
            see_below(i);
    }
    for (uint32_t i = 0; i < graph.nodes_count; i++)
        if (graph.nodes[i].seen || graph.nodes[i].chosen)
            for (uint32_t e = graph.nodes[i].first; e != LAYERS_NOWHERE; e = graph.edges[e].next)
                graph.nodes[graph.edges[e].to].above++;
    for (uint32_t i = 0; i < graph.nodes_count; i++) {
        left += graph.nodes[i].seen || graph.nodes[i].chosen;
        if (graph.nodes[i].chosen && graph.nodes[i].above == 0)
            graph.stack[height++] = i;
    }
    for (; height > 0; left--) {
        const struct node *node = &graph.nodes[graph.stack[--height]];

        for (uint32_t e = node->first; e != LAYERS_NOWHERE; e = graph.edges[e].next) {
            struct node *below = &graph.nodes[graph.edges[e].to];

            if (below->depth < node->depth + node->chosen)
                below->depth = node->depth + node->chosen;
            if (--below->above == 0)
                graph.stack[height++] = graph.edges[e].to;
        }
    }
    return left == 0;
}

static void mark_cycles(void)
{
    for (uint32_t i = 0; i < graph.nodes_count; i++) {
        graph.nodes[i].round = false;
        if (graph.nodes[i].above == 0)
            continue;
        forget_seen();
        see_below(i);
        graph.nodes[i].round = graph.nodes[i].seen;
    }
}

/* Whether i has a path to a cycle; who lies on one sees itself. */
static bool sees_cycle(uint32_t i)
{
    forget_seen();
    see_below(i);
    for (uint32_t k = 0; k < graph.nodes_count; k++)
        if (graph.nodes[k].seen && graph.nodes[k].round)
            return true;
    return false;
}

/* The entry to name: a chosen one that lies on itself, else any other that does, else a
 * chosen one that lies on devices that do.  Of equals the first of the table. */
static void name_cycle(struct layers *l)
{
    uint32_t best = LAYERS_NOWHERE;
    int best_rank = 0;

    mark_cycles();
    for (uint32_t i = 0; i < graph.nodes_count; i++) {
        const struct node *node = &graph.nodes[i];
        int rank = node->entry == LAYERS_NOWHERE ? 0 : node->round ? 2 + node->chosen : node->chosen && sees_cycle(i);

        if (rank > best_rank || (rank > 0 && rank == best_rank && node->entry < graph.nodes[best].entry)) {
            best = i;
            best_rank = rank;
        }
    }
    if (best == LAYERS_NOWHERE) /* who cannot be settled has a cycle above it, and that a chosen one */
        fatal("a cycle without a chosen file system above it", 0);
    l->entry = graph.nodes[best].entry;
    (void)sees_cycle(best);
    for (uint32_t i = 0; i < graph.nodes_count; i++)
        if (i != best && graph.nodes[i].seen && graph.nodes[i].round && l->other > graph.nodes[i].entry)
            l->other = graph.nodes[i].entry;
}

/* ---- where it ends ----------------------------------------------------------------------------- */

/* Goes down from each chosen one: to what is unknown, and to the disks. */
static void look_down(struct layers *l)
{
    const struct node *disk = NULL;

    l->one_disk = true;
    for (uint32_t c = 0; c < graph.nodes_count; c++) {
        if (!graph.nodes[c].chosen)
            continue;
        forget_seen();
        see_below(c);
        graph.nodes[c].seen = true;
        for (uint32_t i = 0; i < graph.nodes_count; i++) {
            const struct node *node = &graph.nodes[i];
            uint32_t *unknown = &l->unknown[graph.nodes[c].entry];

            if (!node->seen)
                continue;
            if (node->unknown && *unknown == 0)
                *unknown = 1 + (node->entry != LAYERS_NOWHERE ? node->entry : graph.nodes[c].entry);
            if (node->unknown || node->anonymous || (!node->based && disk && disk != node))
                l->one_disk = false;
            if (!node->based)
                disk = node;
        }
    }
    l->one_disk = l->one_disk && disk;
}

static void name_unknown(const struct mount_plan *table, struct layers *l)
{
    for (uint32_t i = 0; i < table->count && l->trouble == LAYERS_NONE; i++) {
        if (l->unknown[i] == 0)
            continue;
        l->trouble = LAYERS_UNKNOWN;
        l->entry = i;
        l->other = l->unknown[i] - 1 != i ? l->unknown[i] - 1 : LAYERS_NOWHERE;
    }
}

void layers_look(const struct mount_plan *table, const struct msg_topology *topology, const bool chosen[PLAN_FS_MAX],
                 struct layers *layers)
{
    memset(layers, 0, sizeof(*layers));
    layers->entry = layers->other = LAYERS_NOWHERE;
    build(table, topology, chosen);
    look_down(layers);
    if (!settle()) {
        layers->trouble = LAYERS_CYCLE;
        name_cycle(layers);
        return;
    }
    if (graph.chosen_count > 1)
        name_unknown(table, layers);
    if (layers->trouble != LAYERS_NONE)
        return;
    add_what_may_be();
    if (graph.overflow) {
        layers->trouble = LAYERS_TOO_MANY;
    } else if (!settle()) {
        layers->trouble = LAYERS_PERHAPS;
        name_cycle(layers);
    }
    for (uint32_t i = 0; i < graph.nodes_count; i++)
        if (graph.nodes[i].chosen)
            layers->depth[graph.nodes[i].entry] = graph.nodes[i].depth;
}

void layers_under(const struct mount_plan *table, const struct msg_topology *topology, uint32_t entry,
                  bool under[PLAN_FS_MAX])
{
    static const bool none[PLAN_FS_MAX];

    memset(under, 0, PLAN_FS_MAX * sizeof(under[0]));
    build(table, topology, none);
    forget_seen();
    see_below(index_of(find(number(table->entries[entry].major, table->entries[entry].minor))));
    for (uint32_t i = 0; i < graph.nodes_count; i++)
        if (graph.nodes[i].seen && graph.nodes[i].entry != LAYERS_NOWHERE)
            under[graph.nodes[i].entry] = true;
}
