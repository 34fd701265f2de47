#include "parser/mount_table.h"

#include <stdlib.h>
#include <string.h>

#include "parser/text.h"

enum { NONE = UINT32_MAX };

/* ---- one line ---------------------------------------------------------------------
 *
 *   36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 *   |  |  |    |     |     |          |          |    |         |
 *   id |  dev  root  point options    any number type source    super options
 *      parent                         of fields
 */

/* The text up to the next blank or the end of the line, and what is behind the blank. */
static bool take_field(const char **at, const char *end, struct mount_field *field)
{
    const char *blank;

    if (!*at) return false;
    blank = memchr(*at, ' ', (size_t)(end - *at));
    *field = (struct mount_field){*at, (size_t)((blank ? blank : end) - *at)};
    *at = blank ? blank + 1 : NULL;
    return true;
}

static bool take_number(const struct mount_field *field, uint32_t *out)
{
    uint64_t value;

    if (!text_decimal(field->at, field->length, UINT32_MAX, &value)) return false;
    *out = (uint32_t)value;
    return true;
}

static bool take_device(const struct mount_field *field, struct mount *mount)
{
    const char *colon = memchr(field->at, ':', field->length);
    struct mount_field major, minor;

    if (!colon) return false;
    major = (struct mount_field){field->at, (size_t)(colon - field->at)};
    minor = (struct mount_field){colon + 1, field->length - major.length - 1};
    return take_number(&major, &mount->major) && take_number(&minor, &mount->minor);
}

static bool parse_line(const char *at, const char *end, struct mount *mount)
{
    struct mount_field id, parent, device, other;

    if (memchr(at, '\0', (size_t)(end - at))) return false;
    if (!take_field(&at, end, &id) || !take_number(&id, &mount->id)) return false;
    if (!take_field(&at, end, &parent) || !take_number(&parent, &mount->parent)) return false;
    if (!take_field(&at, end, &device) || !take_device(&device, mount)) return false;
    if (!take_field(&at, end, &mount->root) || mount->root.length == 0) return false;
    if (!take_field(&at, end, &mount->point) || mount->point.length == 0 || mount->point.at[0] != '/') return false;
    if (!take_field(&at, end, &mount->options)) return false;
    do {
        if (!take_field(&at, end, &other)) return false;
    } while (!mount_is(&other, "-"));
    return take_field(&at, end, &mount->type) && mount->type.length > 0 && take_field(&at, end, &mount->source) &&
           take_field(&at, end, &mount->super_options) && !at;
}

/* ---- the table ---------------------------------------------------------------------- */

static struct mount *add(struct mount_table *table)
{
    if (table->count == table->capacity) {
        uint32_t capacity = table->capacity > 0 ? table->capacity * 2 : 64;
        struct mount *mounts = reallocarray(table->mounts, capacity, sizeof(*mounts));
        if (!mounts) return NULL;
        table->mounts = mounts;
        table->capacity = capacity;
    }
    memset(&table->mounts[table->count], 0, sizeof(*table->mounts));
    return &table->mounts[table->count++];
}

/* FNV-1a.  Nobody who may mount here gains anything from collisions. */
static uint32_t hash_byte(uint32_t hash, char byte)
{
    return (hash ^ (unsigned char)byte) * 16777619u;
}

static uint32_t hash_parent(uint32_t parent)
{
    return (2166136261u ^ parent) * 16777619u;
}

static uint32_t hash_place(uint32_t parent, const struct mount_field *point)
{
    uint32_t hash = hash_parent(parent);

    for (size_t i = 0; i < point->length; i++) hash = hash_byte(hash, point->at[i]);
    return hash;
}

/* Chains the mounts by id and by place, so that looking up who covers whom does
 * not go through the whole table each time. */
static int chain(struct mount_table *table)
{
    for (table->buckets = 64; table->buckets < table->count; table->buckets *= 2) continue;
    table->ids = calloc(table->buckets, sizeof(*table->ids));
    table->places = calloc(table->buckets, sizeof(*table->places));
    if (!table->ids || !table->places) return -1;
    memset(table->ids, 0xFF, table->buckets * sizeof(*table->ids));
    memset(table->places, 0xFF, table->buckets * sizeof(*table->places));
    for (uint32_t i = 0; i < table->count; i++) {
        struct mount *mount = &table->mounts[i];
        uint32_t *id = &table->ids[mount->id & (table->buckets - 1)];
        uint32_t *place = &table->places[hash_place(mount->parent, &mount->point) & (table->buckets - 1)];
        mount->next_id = *id;
        *id = i;
        mount->next_place = *place;
        *place = i;
    }
    return 0;
}

int mount_table_read(struct mount_table *table, const char *bytes, size_t n, struct plan_head *head)
{
    const char *at = bytes, *end = bytes + n;
    uint32_t line = 0;
    int result = 0;

    memset(table, 0, sizeof(*table));
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at)), *last = newline ? newline : end;
        struct mount *mount = add(table);
        if (!mount) goto no_memory;
        mount->line = ++line;
        if (!parse_line(at, last, mount)) {
            table->count--;
            finding_add(head, MOUNTS_CODE, FINDING_ERROR, FINDING_SYNTAX, (struct place){line, 0}, "",
                        "this is not a line of a mount table");
            result = -1;
        }
        at = newline ? newline + 1 : end;
    }
    if (chain(table) == 0) return result;
no_memory:
    finding_add(head, MOUNTS_CODE, FINDING_ERROR, FINDING_SYSTEM, (struct place){0, 0}, "", "out of memory");
    return -1;
}

void mount_table_free(struct mount_table *table)
{
    free(table->mounts);
    free(table->ids);
    free(table->places);
    memset(table, 0, sizeof(*table));
}

/* ---- who covers whom ------------------------------------------------------------------- */

static const struct mount *by_id(const struct mount_table *table, uint32_t id)
{
    uint32_t i = table->ids[id & (table->buckets - 1)];

    while (i != NONE && table->mounts[i].id != id) i = table->mounts[i].next_id;
    return i != NONE ? &table->mounts[i] : NULL;
}

static bool same(const struct mount_field *a, const struct mount_field *b)
{
    return a->length == b->length && memcmp(a->at, b->at, a->length) == 0;
}

/* A mount other than this one, of this parent, on these first bytes of its mount
 * point, of which hash is the hash. */
static bool is_place_taken(const struct mount_table *table, const struct mount *mount, uint32_t parent, size_t length,
                           uint32_t hash)
{
    const struct mount_field place = {mount->point.at, length};
    uint32_t i = table->places[hash & (table->buckets - 1)];

    for (; i != NONE; i = table->mounts[i].next_place) {
        const struct mount *other = &table->mounts[i];
        if (other != mount && other->parent == parent && same(&other->point, &place)) return true;
    }
    return false;
}

/* Another mount stands on the root of this one. */
static bool is_covered(const struct mount_table *table, const struct mount *mount)
{
    return is_place_taken(table, mount, mount->id, mount->point.length, hash_place(mount->id, &mount->point));
}

/* A sibling stands on a directory above this one's mount point.  Had it been there
 * first, this mount would be its child. */
static bool is_shadowed(const struct mount_table *table, const struct mount *mount)
{
    const struct mount_field *point = &mount->point;
    uint32_t hash = hash_parent(mount->parent);

    for (size_t length = 1; length < point->length; length++) {
        hash = hash_byte(hash, point->at[length - 1]);
        if ((length == 1 || point->at[length] == '/') && is_place_taken(table, mount, mount->parent, length, hash))
            return true;
    }
    return false;
}

bool mount_visible(const struct mount_table *table, const struct mount *mount)
{
    if (is_covered(table, mount)) return false;
    /* A parent that is its own ancestor would go round for ever. */
    for (uint32_t steps = 0; steps <= table->count; steps++) {
        const struct mount *parent = by_id(table, mount->parent);
        if (parent == mount) return true;
        if (is_shadowed(table, mount)) return false;
        if (!parent) return true;
        if (!same(&parent->point, &mount->point) && is_covered(table, parent)) return false;
        mount = parent;
    }
    return false;
}

/* ---- fields ------------------------------------------------------------------------------- */

bool mount_is(const struct mount_field *field, const char *text)
{
    return field->length == strlen(text) && memcmp(field->at, text, field->length) == 0;
}

bool mount_option(const struct mount_field *options, const char *option)
{
    const char *at = options->at, *end = at + options->length;

    for (;;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        struct mount_field one = {at, (size_t)((comma ? comma : end) - at)};
        if (mount_is(&one, option)) return true;
        if (!comma) return false;
        at = comma + 1;
    }
}

/* The byte that \ooo stands for, or -1 if at is no such escape (or stands for NUL). */
static int escape(const char *at, size_t n)
{
    int value = 0;

    if (n < 4 || at[0] != '\\') return -1;
    for (int i = 1; i < 4; i++) {
        if (at[i] < '0' || at[i] > '7') return -1;
        value = value * 8 + (at[i] - '0');
    }
    return value > 0 && value < 256 ? value : -1;
}

size_t mount_text(char *out, size_t capacity, const struct mount_field *field)
{
    size_t used = 0;

    for (size_t i = 0; i < field->length;) {
        int byte = escape(field->at + i, field->length - i);
        if (used + 1 >= capacity) return 0;
        out[used++] = byte >= 0 ? (char)byte : field->at[i];
        i += byte >= 0 ? 4 : 1;
    }
    if (used >= capacity) return 0;
    out[used] = '\0';
    return used + 1;
}
