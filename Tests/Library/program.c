/* Uses every function of quiver.h as a program would. The argument is a directory; it may be run on it again. */
#include "quiver.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 200, DIMENSION = 8, K = 5 };

static void expect(int condition, const char *what) {
    if (!condition) {
        fprintf(stderr, "%s: %s\n", what, quiver_last_error());
        exit(1);
    }
}

int main(int count, char **arguments) {
    expect(count == 2, "a directory");
    expect(strlen(quiver_version()) > 0 && strlen(quiver_last_error()) == 0, "version");

    quiver_options options = {.query_threads = 2, .indexing_threads = 1};
    quiver_database *database = NULL;
    expect(quiver_database_open(arguments[1], &options, &database) == QUIVER_OK, "open");
    (void)quiver_collection_delete(database, "c");
    expect(
        quiver_collection_create(database, "c", "{\"vectors\": {\"size\": 8, \"distance\": \"Euclid\"}}") == QUIVER_OK,
        "create");
    expect(quiver_collection_update(database, "c", "{\"hnsw_config\": {\"m\": 8}}") == QUIVER_OK, "update");
    quiver_collection *collection = NULL;
    expect(quiver_collection_open(database, "c", &collection) == QUIVER_OK, "collection");
    expect(
        quiver_index_create(collection, "{\"field_name\": \"half\", \"field_schema\": \"integer\"}") == QUIVER_OK,
        "index");

    static float vectors[COUNT * DIMENSION];
    static uint64_t ids[COUNT];
    static const char *payloads[COUNT];
    for (int row = 0; row < COUNT; row++) {
        for (int column = 0; column < DIMENSION; column++) vectors[row * DIMENSION + column] = (float)row;
        ids[row] = (uint64_t)row;
        payloads[row] = row < COUNT / 2 ? "{\"half\": 1}" : row == COUNT - 1 ? NULL : "{\"half\": 2}";
    }
    expect(quiver_upsert(collection, NULL, ids, vectors, COUNT, DIMENSION, payloads) == QUIVER_OK, "upsert");
    expect(
        quiver_upsert_lines(collection, "", ids, vectors, 2, DIMENSION, "{\"half\": 1}\n", 12) == QUIVER_OK, "lines");
    expect(quiver_wait_indexed(collection, 30) == QUIVER_OK, "wait");

    uint64_t found_ids[2 * K];
    float scores[2 * K];
    size_t found[2] = {0, 0};
    const float *query = vectors + 150 * DIMENSION;
    expect(
        quiver_query(collection, NULL, query, DIMENSION, K, 0, NULL, NULL, found_ids, scores, found) == QUIVER_OK,
        "query");
    expect(found[0] == K && found_ids[0] == 150 && scores[0] == 0, "nearest to itself");
    expect(fabsf(scores[1] - sqrtf(DIMENSION)) < 1e-4f, "distance");
    const char *filter = "{\"must\": [{\"key\": \"half\", \"match\": {\"value\": 1}}]}";
    expect(
        quiver_query_many(
            collection, NULL, query, 2, DIMENSION, K, 32, filter, "{\"exact\": true}", 2, found_ids, NULL, found)
            == QUIVER_OK,
        "query_many");
    expect(found[0] == K && found[1] == K && found_ids[0] == 99 && found_ids[K] == 99, "filtered");

    char *answer = NULL;
    expect(quiver_query_json(collection, "{\"query\": 7, \"limit\": 1}", &answer) == QUIVER_OK, "query_json");
    expect(strstr(answer, "\"status\":\"ok\"") != NULL, answer);
    quiver_free(answer);
    expect(quiver_delete(collection, ids, 100) == QUIVER_OK, "delete");
    expect(quiver_call(collection, "points/count", "{}", 10, &answer) == QUIVER_OK, "count");
    expect(strstr(answer, "{\"count\":100}") != NULL, answer);
    quiver_free(answer);
    expect(quiver_collection_info(collection, &answer) == QUIVER_OK, "info");
    quiver_free(answer);
    expect(quiver_database_call(database, "collections", NULL, &answer) == QUIVER_OK, "collections");
    quiver_free(answer);
    expect(quiver_index_delete(collection, "half") == QUIVER_OK, "index_delete");
    expect(
        quiver_vector_create(collection, "second", "{\"dense\": {\"size\": 2, \"distance\": \"Dot\"}}") == QUIVER_OK,
        "vector_create");
    expect(
        quiver_vector_create(collection, "second", "{\"dense\": {\"size\": 3, \"distance\": \"Dot\"}}")
            == QUIVER_ERROR_BAD_INPUT,
        "vector_create with another size");
    expect(quiver_vector_delete(collection, "second") == QUIVER_OK, "vector_delete");

    expect(
        quiver_query(collection, NULL, query, 3, K, 0, NULL, NULL, found_ids, NULL, found) == QUIVER_ERROR_BAD_INPUT,
        "wrong dimension");
    expect(quiver_database_close(database) == QUIVER_OK, "close");
    expect(
        quiver_query(collection, NULL, query, DIMENSION, K, 0, NULL, NULL, found_ids, NULL, found)
            == QUIVER_ERROR_CLOSED,
        "query after close");
    expect(quiver_collection_close(collection) == QUIVER_OK, "collection_close");
    expect(quiver_collection_close(collection) == QUIVER_ERROR_HANDLE, "closing twice");
    printf("ok %s\n", quiver_version());
    return 0;
}
