#include "CICU.h"

#include <stdlib.h>
#include <unicode/ubrk.h>
#include <unicode/utext.h>

struct qicu_words {
    UBreakIterator *boundaries;
    UText text;
};

qicu_words *qicu_words_create(void) {
    qicu_words *words = malloc(sizeof *words);
    if (!words) {
        return NULL;
    }
    UErrorCode error = U_ZERO_ERROR;
    words->boundaries = ubrk_open(UBRK_WORD, "", NULL, 0, &error);
    if (U_FAILURE(error)) {
        free(words);
        return NULL;
    }
    words->text = (UText)UTEXT_INITIALIZER;
    return words;
}

void qicu_words_free(qicu_words *words) {
    if (words) {
        ubrk_close(words->boundaries);
        utext_close(&words->text);
        free(words);
    }
}

bool qicu_words_set(qicu_words *words, const char *text, size_t byte_count) {
    UErrorCode error = U_ZERO_ERROR;
    utext_openUTF8(&words->text, text, (int64_t)byte_count, &error);
    ubrk_setUText(words->boundaries, &words->text, &error);
    return U_SUCCESS(error) && ubrk_first(words->boundaries) == 0;
}

int64_t qicu_words_next(qicu_words *words) {
    int32_t end = ubrk_next(words->boundaries);
    return end == UBRK_DONE ? -1 : end;
}
