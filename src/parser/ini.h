/*
 * ini.h - INI files as the existing framework's ConfigParser reads them, strictly.
 *
 *   [section]              case-sensitive
 *   key = value            keys are case-insensitive, '=' or ':', blanks trimmed
 *   # comment, ; comment   on lines of their own
 *
 * A line indented deeper than the key above continues its value; [DEFAULT] holds
 * for every section.  Refused: malformed lines, a key or section that stands
 * twice, invalid UTF-8, control characters but tab, CR only before LF.
 */
#ifndef QUIESCE_PARSER_INI_H
#define QUIESCE_PARSER_INI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parser/finding.h"

enum { INI_ENTRIES_MAX = 1024, INI_SECTIONS_MAX = 128 };

/* A piece of the document. */
struct ini_text {
    const char *at; /* not terminated */
    size_t length;
};

struct ini_section {
    struct ini_text name;
    struct place place;
};

struct ini_entry {
    unsigned section; /* index into sections */
    uint32_t hash;    /* of the key: equal for keys that are equal */
    struct ini_text key, value;
    struct place key_place, value_place;
    bool continued;   /* the value goes on for further lines */
};

struct ini_document {
    struct plan_head *head;
    uint32_t code; /* of its findings */
    unsigned sections_count, entries_count;
    struct ini_section sections[INI_SECTIONS_MAX];
    struct ini_entry entries[INI_ENTRIES_MAX];
};

/*
 * Parses a document of at most bytes_max bytes; the pieces point into bytes.
 * Findings go to head, which finding_begin() has prepared.  Goes on after an
 * error to find them all.  Returns 0, or -1 if there was one.
 */
int ini_parse(struct ini_document *document, const char *bytes, size_t n, size_t bytes_max, uint32_t code,
              struct plan_head *head);

/* The index of a section, or -1. */
int ini_section(const struct ini_document *document, const char *name);

/* The entry of a section, or of [DEFAULT] if it has none; NULL if there is neither. */
const struct ini_entry *ini_get(const struct ini_document *document, const char *section, const char *key);

/* True if an entry's key is this one, ignoring case. */
bool ini_key_is(const struct ini_entry *entry, const char *key);

/*
 * A value that one of ours is made of: adds an error and returns false if it
 * goes on for further lines or asks for ConfigParser's %-interpolation.
 */
bool ini_value_plain(const struct ini_document *document, const struct ini_entry *entry);

/* A decimal integer, saturated; adds an error and returns false if it is none. */
bool ini_number(const struct ini_document *document, const struct ini_entry *entry, uint64_t *value);

/* Adds a finding about an entry, at the place of its value. */
void ini_finding(const struct ini_document *document, const struct ini_entry *entry, enum finding_severity severity,
                 enum finding_kind kind, const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
