/* Quiver, an embedded vector database, for C and for every language that can call it.
 *
 * Link with libQuiverC (`swift build -c release --product QuiverC`).
 *
 * Every function that can fail answers a status. When it is not QUIVER_OK, quiver_last_error() says in a sentence
 * what was wrong, for the last failure on the calling thread; what the call was to write to is as it was, unless said
 * otherwise, and a collection that was to be changed is as it was.
 *
 * Texts are UTF-8 and end with a zero byte. JSON bodies and answers are those of Qdrant's REST interface. Texts and
 * arrays that are given are read during the call only. Texts that are answered belong to the caller, who gives them
 * back with quiver_free().
 *
 * Handles are tickets, not addresses: one that is NULL, was closed, or belongs to something else is answered with
 * QUIVER_ERROR_HANDLE. All functions may be called from any thread at any time, also with the same handles. Calls
 * block; none calls back. A process that was forked must not use the handles of its parent.
 */
#ifndef QUIVER_H
#define QUIVER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quiver_database quiver_database;
typedef struct quiver_collection quiver_collection;

typedef enum quiver_status {
    QUIVER_OK = 0,
    /* A value that does not fit the collection: a vector of another dimension, an unknown vector name. */
    QUIVER_ERROR_BAD_INPUT = 1,
    /* A request that makes no sense as it is put, or is no JSON. */
    QUIVER_ERROR_BAD_REQUEST = 2,
    /* A well-formed value that breaks a rule. */
    QUIVER_ERROR_VALIDATION = 3,
    QUIVER_ERROR_NOT_FOUND = 4,
    QUIVER_ERROR_ALREADY_EXISTS = 5,
    QUIVER_ERROR_TIMEOUT = 6,
    QUIVER_ERROR_FORBIDDEN = 7,
    /* Part of Qdrant's interface that is not there yet. */
    QUIVER_ERROR_NOT_IMPLEMENTED = 8,
    /* A queue is full; try again. */
    QUIVER_ERROR_OVERLOADED = 9,
    /* The disk is full. Nothing was written, and reads go on. */
    QUIVER_ERROR_INSUFFICIENT_STORAGE = 10,
    /* The collection takes no more writes after a failure of its storage, until it is opened again. */
    QUIVER_ERROR_READ_ONLY = 11,
    /* Another process has the directory. */
    QUIVER_ERROR_LOCKED = 12,
    /* A file does not hold what it should. */
    QUIVER_ERROR_CORRUPTED = 13,
    /* The database was closed, or the collection deleted, while its handle was open. */
    QUIVER_ERROR_CLOSED = 14,
    /* A failure inside, with its cause. */
    QUIVER_ERROR_SERVICE = 15,
    /* A handle that is NULL, closed, or of another kind. */
    QUIVER_ERROR_HANDLE = 16,
    /* An argument that is NULL and must not be, a size out of bounds, or a text that is not UTF-8. */
    QUIVER_ERROR_ARGUMENT = 17,
    /* A point of the answer has a UUID, which does not fit into a number: ask with quiver_query_json(). */
    QUIVER_ERROR_UUID = 18
} quiver_status;

/* "1.2.3"; static. */
const char *quiver_version(void);

/* What the last call on this thread that did not answer QUIVER_OK had to say; "" before the first. Valid until the
 * next failure on this thread. Never NULL. */
const char *quiver_last_error(void);

/* Gives back a text that was answered. NULL is fine. */
void quiver_free(void *text);

/* ---- databases ---- */

/* Zeros are the defaults. */
typedef struct quiver_options {
    /* Threads that serve quiver_query_many(); 0: one per core. */
    uint32_t query_threads;
    /* Threads that build graphs in the background; 0: half of the cores. */
    uint32_t indexing_threads;
} quiver_options;

/* Opens a storage directory, making it when it is new. One process has a directory at a time.
 * `options` may be NULL. */
quiver_status quiver_database_open(const char *path, const quiver_options *options, quiver_database **database);

/* Finishes what was accepted, and closes the files. The handles of its collections stay valid and answer
 * QUIVER_ERROR_CLOSED until they are closed themselves. */
quiver_status quiver_database_close(quiver_database *database);

/* A request about the whole database: `operation` and `body` are
 *   "collections"        (no body)                      the names
 *   "aliases"            (no body)                      all aliases
 *   "aliases/update"     body of POST /collections/aliases
 * The answer is the body of the REST interface's answer. `body` may be NULL where none is needed. */
quiver_status quiver_database_call(
    quiver_database *database, const char *operation, const char *body, char **answer);

/* ---- collections ---- */

/* `config`: the body of Qdrant's PUT /collections/{name}, as {"vectors": {"size": 384, "distance": "Cosine"}}. */
quiver_status quiver_collection_create(quiver_database *database, const char *name, const char *config);

/* `patch`: the body of Qdrant's PATCH /collections/{name}. */
quiver_status quiver_collection_update(quiver_database *database, const char *name, const char *patch);

/* QUIVER_ERROR_NOT_FOUND when there is none of that name. */
quiver_status quiver_collection_delete(quiver_database *database, const char *name);

/* A handle to the collection of that name or alias. */
quiver_status quiver_collection_open(quiver_database *database, const char *name, quiver_collection **collection);

/* Closes the handle. The collection stays open as long as its database. */
quiver_status quiver_collection_close(quiver_collection *collection);

/* Counts, status, configuration and field indexes: the body of the answer to GET /collections/{name}. */
quiver_status quiver_collection_info(quiver_collection *collection, char **answer);

/* Seals and indexes what has been written so far, and waits until it is done: the collection is green.
 * QUIVER_ERROR_TIMEOUT after so many seconds, and the work goes on; 0 or less waits for as long as it takes. */
quiver_status quiver_wait_indexed(quiver_collection *collection, double timeout_seconds);

/* Creates an index on a payload field, and waits until it is built.
 * `body`: that of PUT /collections/{name}/index, as {"field_name": "city", "field_schema": "keyword"}. */
quiver_status quiver_index_create(quiver_collection *collection, const char *body);

/* Drops it; one that does not exist is fine. */
quiver_status quiver_index_delete(quiver_collection *collection, const char *field);

/* Adds a vector name, under which no point has a vector at first; the same configuration again is fine.
 * `body`: that of PUT /collections/{name}/vectors/{vector_name}, as {"dense": {"size": 384, "distance": "Cosine"}}. */
quiver_status quiver_vector_create(quiver_collection *collection, const char *vector_name, const char *body);

/* Drops a vector name with the vectors that points have under it; one that does not exist is fine. */
quiver_status quiver_vector_delete(quiver_collection *collection, const char *vector_name);

/* ---- writing ---- */

/* Each of these is one update: applied whole or not at all, and on disk when it returns. Many points in one call
 * share one fsync. */

/* Replaces whole points.
 *   vector_name  NULL or "" is the unnamed vector
 *   ids          count numbers
 *   vectors      count × dimension floats, row after row
 *   payloads     NULL, or count JSON objects, each of which may be NULL */
quiver_status quiver_upsert(
    quiver_collection *collection, const char *vector_name, const uint64_t *ids, const float *vectors, size_t count,
    size_t dimension, const char *const *payloads);

/* The same with the payloads in one block of JSON lines, one object for each point. An empty line, or a missing one
 * at the end, is a point without payload. `lines` may be NULL. */
quiver_status quiver_upsert_lines(
    quiver_collection *collection, const char *vector_name, const uint64_t *ids, const float *vectors, size_t count,
    size_t dimension, const char *lines, size_t lines_bytes);

/* Deletes points; ids that do not exist are fine. */
quiver_status quiver_delete(quiver_collection *collection, const uint64_t *ids, size_t count);

/* ---- queries ---- */

/* The k points nearest to a vector, best first.
 *   vector_name  NULL or "" is the unnamed vector
 *   ef           size of the candidate list of the graph walk; 0: the collection's default
 *   filter       NULL, or Qdrant's filter object, as {"must": [{"key": "city", "match": {"value": "Oslo"}}]}
 *   params       NULL, or Qdrant's search params object, as {"exact": true}; its "hnsw_ef" counts when ef is 0
 *   ids, scores  room for k each; scores may be NULL
 *   found        how many there are, at most k
 * QUIVER_ERROR_UUID when a point of the answer has a UUID. */
quiver_status quiver_query(
    quiver_collection *collection, const char *vector_name, const float *vector, size_t dimension, size_t k, size_t ef,
    const char *filter, const char *params, uint64_t *ids, float *scores, size_t *found);

/* The same for `count` vectors of `dimension` floats, row after row, on up to `threads` threads (0: as many as the
 * database has; the calling one is among them).
 *   ids, scores  count × k; the answers to query i begin at i × k; scores may be NULL
 *   found        count
 * After an error the contents of ids, scores and found mean nothing. */
quiver_status quiver_query_many(
    quiver_collection *collection, const char *vector_name, const float *vectors, size_t count, size_t dimension,
    size_t k, size_t ef, const char *filter, const char *params, size_t threads, uint64_t *ids, float *scores,
    size_t *found);

/* A query with everything that Qdrant's POST /collections/{name}/points/query takes; the answer is its answer. */
quiver_status quiver_query_json(quiver_collection *collection, const char *body, char **answer);

/* Every operation on points, by the end of its path in Qdrant's interface; the body and the answer are the same.
 *
 *   reads    "points" (by ids), "points/scroll", "points/count", "points/query", "points/query/batch",
 *            "points/query/groups", "points/search", "points/search/batch", "points/search/groups",
 *            "points/recommend", "points/recommend/batch", "points/recommend/groups", "points/discover",
 *            "points/discover/batch", "points/search/matrix/pairs", "points/search/matrix/offsets", "facet"
 *   updates  "points/upsert", "points/delete", "points/vectors/update", "points/vectors/delete", "points/payload/set",
 *            "points/payload/overwrite", "points/payload/delete", "points/payload/clear", "points/batch"
 *
 * `timeout_seconds` bounds a read; 0 or less does not. This is also how points with UUIDs are written and read. */
quiver_status quiver_call(
    quiver_collection *collection, const char *operation, const char *body, double timeout_seconds, char **answer);

#ifdef __cplusplus
}
#endif

#endif
