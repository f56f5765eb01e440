/* The floor of a durable load: the same bytes that Quiver stores for a batch of points, written to LMDB by a plain
 * loop, one fsynced transaction per batch. No network, no JSON, no graph.
 *
 *   cc -O2 lmdb_floor.c -llmdb -o lmdb_floor && ./lmdb_floor payloads.jsonl DIMENSION DIRECTORY [BATCH]
 *
 * Per point: id -> slot, slot -> version and id, slot -> payload text, five index postings (section, team, tags,
 * installed_size, priority); per batch: one log record of ids, payloads and float32 vectors in parts of 60 KiB.
 * Prints one line of JSON. */
#include <lmdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define CHECK(call) do { int code_ = (call); if (code_ && code_ != MDB_KEYEXIST) { \
    fprintf(stderr, "%s: %s\n", #call, mdb_strerror(code_)); exit(74); } } while (0)
enum { FIELDS = 5, PART = 60 << 10, MOST = 256 << 10 };
static const char *fields[FIELDS] = {"section", "team", "tags", "installed_size", "priority"};

static double seconds(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }

static void put(MDB_txn *txn, MDB_dbi dbi, void *key, size_t key_size, void *value, size_t size, unsigned flags) {
    MDB_val k = {key_size, key}, v = {size, value};
    CHECK(mdb_put(txn, dbi, &k, &v, flags));
}

/* The text of a top-level member's value, or of each element of an array of strings. */
static void index_field(MDB_txn *txn, MDB_dbi dbi, const char *line, const char *name, uint32_t slot) {
    char pattern[64]; snprintf(pattern, sizeof pattern, "\"%s\":", name);
    const char *at = strstr(line, pattern);
    if (!at) return;
    at += strlen(pattern); while (*at == ' ') at++;
    if (*at != '[' && *at != '"') {                 /* a number: big-endian, as an ordered key */
        uint64_t number = __builtin_bswap64((uint64_t)strtoll(at, 0, 10) ^ (1ull << 63));
        put(txn, dbi, &number, 8, &slot, 4, MDB_NODUPDATA);
        return;
    }
    int list = *at == '[';
    const char *end = at;
    while ((at = strchr(at, '"')) && (end = strchr(at + 1, '"'))) {
        size_t size = end - at - 1;
        if (size > 0 && size < 500) put(txn, dbi, (void *)(at + 1), size, &slot, 4, MDB_NODUPDATA);
        at = end + 1;
        while (*at == ' ' || *at == ',') at++;
        if (!list || *at != '"') break;
    }
}

int main(int argc, char **argv) {
    if (argc < 4) { fprintf(stderr, "usage: lmdb_floor payloads.jsonl DIMENSION DIRECTORY [BATCH]\n"); return 64; }
    size_t dimension = strtoul(argv[2], 0, 10), batch = argc > 4 ? strtoul(argv[4], 0, 10) : 256, count = 0;
    char **lines = malloc(sizeof *lines * (MOST * 8)), *line = 0; size_t capacity = 0; ssize_t length;
    FILE *file = fopen(argv[1], "r"); if (!file) { perror(argv[1]); return 66; }
    while ((length = getline(&line, &capacity, file)) > 0 && count < MOST * 8) { line[length - 1] = 0; lines[count++] = strdup(line); }
    mkdir(argv[3], 0755);
    char path[4096]; snprintf(path, sizeof path, "%s/points.mdb", argv[3]); remove(path);

    MDB_env *env; CHECK(mdb_env_create(&env)); CHECK(mdb_env_set_maxdbs(env, 16));
    CHECK(mdb_env_set_mapsize(env, (size_t)16 << 30)); CHECK(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOTLS, 0644));
    MDB_txn *txn; MDB_dbi ids, points, payload, wal, index[FIELDS];
    CHECK(mdb_txn_begin(env, 0, 0, &txn));
    CHECK(mdb_dbi_open(txn, "ids", MDB_CREATE, &ids)); CHECK(mdb_dbi_open(txn, "wal", MDB_CREATE, &wal));
    CHECK(mdb_dbi_open(txn, "points", MDB_CREATE | MDB_INTEGERKEY, &points));
    CHECK(mdb_dbi_open(txn, "payload", MDB_CREATE | MDB_INTEGERKEY, &payload));
    for (int f = 0; f < FIELDS; f++) {
        char name[64]; snprintf(name, sizeof name, "index/%s", fields[f]);
        CHECK(mdb_dbi_open(txn, name, MDB_CREATE | MDB_DUPSORT | MDB_DUPFIXED | MDB_INTEGERDUP, &index[f]));
    }
    CHECK(mdb_txn_commit(txn));

    float *vector = malloc(dimension * sizeof(float));
    for (size_t i = 0; i < dimension; i++) vector[i] = rand() / (float)RAND_MAX;
    char *record = malloc(batch * (dimension * 4 + 64) + (64 << 20));
    double began = seconds();
    for (size_t first = 0, sequence = 1; first < count; first += batch, sequence++) {
        size_t end = first + batch < count ? first + batch : count, size = 0;
        CHECK(mdb_txn_begin(env, 0, 0, &txn));
        for (size_t i = first; i < end; i++) {
            uint32_t slot = i; unsigned char id[9] = {0}, point[17];
            uint64_t number = __builtin_bswap64(i); memcpy(id + 1, &number, 8);
            memcpy(point, &sequence, 8); memcpy(point + 8, id, 9);
            put(txn, ids, id, 9, &slot, 4, 0);
            put(txn, points, &slot, 4, point, 17, 0);
            size_t bytes = strlen(lines[i]);
            put(txn, payload, &slot, 4, lines[i], bytes, 0);
            for (int f = 0; f < FIELDS; f++) index_field(txn, index[f], lines[i], fields[f], slot);
            memcpy(record + size, id, 9); size += 9;
            memcpy(record + size, lines[i], bytes); size += bytes;
            memcpy(record + size, vector, dimension * 4); size += dimension * 4;
        }
        for (size_t at = 0, part = 0; at < size; at += PART, part++) {
            unsigned char key[12]; uint64_t s = __builtin_bswap64(sequence); uint32_t p = __builtin_bswap32(part);
            memcpy(key, &s, 8); memcpy(key + 8, &p, 4);
            put(txn, wal, key, 12, record + at, size - at < PART ? size - at : PART, MDB_APPEND);
        }
        CHECK(mdb_txn_commit(txn));
    }
    double took = seconds() - began;
    printf("{\"what\":\"lmdb floor\",\"points\":%zu,\"dimension\":%zu,\"batch\":%zu,\"seconds\":%.3f,\"points_per_s\":%.0f}\n",
           count, dimension, batch, took, count / took);
    mdb_env_close(env);
    return 0;
}
