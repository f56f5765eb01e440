// Words and normal forms by ICU, as plain C functions: ICU's own names are macros that carry a version number, which
// Swift does not see.
//
// Texts are UTF-8 with lengths in bytes. Nothing here is shared between threads except normal forms, which ICU never
// changes.

#ifndef CICU_H
#define CICU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct qicu_words qicu_words;

/// A finder of word boundaries by the root locale's rules and ICU's dictionaries (Chinese, Japanese, Thai, Lao,
/// Khmer, Burmese). NULL if ICU's data is missing or memory has run out.
qicu_words *qicu_words_create(void);

void qicu_words_free(qicu_words *words);

/// The text must stay where it is while it is asked about. False if memory has run out.
bool qicu_words_set(qicu_words *words, const char *text, size_t byte_count);

/// The byte behind the next word or gap, from the start of the text on; -1 at the end.
int64_t qicu_words_next(qicu_words *words);

/// The compatibility decomposition (NFKD). Writes at most `capacity` bytes and returns the length of the whole, which
/// may be more; -1 if that failed.
int64_t qicu_decompose(const char *text, size_t byte_count, char *output, size_t capacity);

#endif
