#include "front/sanitise.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

/* The longest that one character becomes: "\u2066", or four bytes of UTF-8. */
enum { PIECE_MAX = 8 };

struct range {
    uint32_t first, last;
};

/* Characters beside the controls that are valid and yet deceive: soft hyphen, zero
 * width and direction marks, line and paragraph separators, direction embeddings
 * and isolates, the byte order mark, interlinear and tag characters (Unicode 15,
 * general categories Cf, Zl, Zp). */
static const struct range deceptive[] = {
    { 0x00ad, 0x00ad }, { 0x061c, 0x061c }, { 0x180e, 0x180e }, { 0x200b, 0x200f },   { 0x2028, 0x202e },
    { 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe007f },
};

static bool is_deceptive(uint32_t c)
{
    if (utf8_is_control(c)) {
        return true;
    }
    for (size_t i = 0; i < sizeof deceptive / sizeof *deceptive; i++) {
        if (c >= deceptive[i].first && c <= deceptive[i].last) {
            return true;
        }
    }
    return false;
}

/* Takes one character of s; writes what it becomes to piece.  Returns the bytes taken. */
static size_t take(const char *s, size_t length, char piece[PIECE_MAX + 1], size_t *piece_length)
{
    uint32_t c = 0;
    size_t taken = utf8_character(s, length, &c);
    if (taken == 0 || (taken == 1 && is_deceptive(c))) {
        *piece_length = (size_t)snprintf(piece, PIECE_MAX + 1, "\\x%02x", (unsigned char)s[0]);
        return 1;
    }
    if (is_deceptive(c)) {
        *piece_length = (size_t)snprintf(piece, PIECE_MAX + 1, "\\u%04x", c);
    } else {
        memcpy(piece, s, taken);
        *piece_length = taken;
    }
    return taken;
}

size_t sanitise(char *destination, size_t capacity, const char *src, size_t length)
{
    size_t used = 0, room_for_dots = 0; /* how long the text is where "..." still fits behind it */
    while (length > 0) {
        char piece[PIECE_MAX + 1];
        size_t piece_length;
        size_t taken = take(src, length, piece, &piece_length);
        if (used + piece_length >= capacity) {
            if (capacity > 4) {
                memcpy(destination + room_for_dots, "...", 3);
                used = room_for_dots + 3;
            }
            break;
        }
        memcpy(destination + used, piece, piece_length);
        used += piece_length;
        if (used + 4 <= capacity) {
            room_for_dots = used;
        }
        src += taken;
        length -= taken;
    }
    destination[used] = '\0';
    return used;
}

void sanitise_print(FILE *out, const char *src, size_t length)
{
    while (length > 0) {
        char piece[PIECE_MAX + 1];
        size_t piece_length;
        size_t taken = take(src, length, piece, &piece_length);
        (void)fwrite(piece, 1, piece_length, out);
        src += taken;
        length -= taken;
    }
}

void sanitise_print_tail(FILE *out, const char *prefix, const char *src, size_t length, unsigned lines)
{
    if (length > 0 && src[length - 1] == '\n') {
        length--;
    }
    size_t start = length;
    for (unsigned found = 0; start > 0; start--) {
        if (src[start - 1] == '\n' && ++found == lines) {
            break;
        }
    }
    while (start < length) {
        const char *end = memchr(src + start, '\n', length - start);
        size_t n = end != NULL ? (size_t)(end - (src + start)) : length - start;
        fputs(prefix, out);
        sanitise_print(out, src + start, n);
        putc('\n', out);
        start += n + 1;
    }
}
