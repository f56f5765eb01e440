"""Collections that have, between them, every kind of vector, id, payload, index and setting."""

import random
import uuid

WORDS = ["alpha", "beta", "Gamma", "délta", "εψιλον", "zeta\n", "\"quoted\"", "emoji 🙂", ""]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def dense(self, size, scale=1.0):
        return [self.random.uniform(-scale, scale) for _ in range(size)]

    def bytes(self, size):
        return [self.random.randrange(256) for _ in range(size)]

    def multi(self, size):
        return [self.dense(size) for _ in range(self.random.randint(1, 5))]

    def sparse(self):
        indices = self.random.sample(range(500), self.random.randint(0, 12))
        return {"indices": indices, "values": [self.random.uniform(0.1, 2) for _ in indices]}

    def ids(self, count):
        """Small and huge numbers, and UUIDs, all different."""
        random_ = self.random
        found = {0, 1, 2**63, 2**64 - 1, "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"}
        while len(found) < count:
            found.add(random_.choice([
                random_.randrange(3 * count), random_.getrandbits(64), str(uuid.UUID(int=random_.getrandbits(128))),
                # As UUIDs of version 7 are: beginnings alike.
                str(uuid.UUID(int=0x0190_0000_0000_7000_8000 << 48 | random_.getrandbits(40)))]))
        return list(found)[:count]

    def value(self, depth=2):
        random_ = self.random
        kind = random_.randrange(11 if depth else 8)
        return [None, True, False, random_.randrange(-2**63, 2**63), random_.randrange(2**63, 2**64),
                random_.uniform(-1e9, 1e9), random_.choice([1e-300, 1.0, 1e22, -0.5]), random_.choice(WORDS),
                [self.value(depth - 1) for _ in range(random_.randrange(4))] if depth else None,
                {random_.choice(WORDS): self.value(depth - 1) for _ in range(random_.randrange(4))} if depth else None,
                []][kind]

    def payload(self):
        random_ = self.random
        if random_.random() < 0.05:
            return random_.choice([None, {}])
        return {
            "any": self.value(), "keyword": random_.choice(WORDS), "number": random_.randrange(1000),
            "price": random_.uniform(0, 100), "flag": random_.random() < 0.5,
            "time": f"2026-{random_.randint(1, 12):02}-{random_.randint(1, 28):02}T00:00:00Z",
            "uuid": str(uuid.UUID(int=random_.getrandbits(128))),
            "place": {"lon": random_.uniform(-180, 180), "lat": random_.uniform(-85, 85)},
            "text": " ".join(random_.choice(WORDS) for _ in range(5)), "nested": [{"deep": {"er": random_.randrange(9)}}],
            "key with.dots": 1,
        }

    def some(self, vectors):
        """Any of the named vectors may be missing."""
        return {name: vector for name, vector in vectors.items() if self.random.random() < 0.85}


INDEXES = {
    "keyword": {"type": "keyword", "is_tenant": True, "on_disk": True},
    "number": {"type": "integer", "lookup": True, "range": False},
    "nested[].deep.er": "integer",
    "price": {"type": "float", "is_principal": True},
    "flag": "bool",
    "time": {"type": "datetime", "on_disk": False},
    "uuid": {"type": "uuid", "is_tenant": False},
    "place": "geo",
    "text": {"type": "text", "tokenizer": "word", "min_token_len": 1, "max_token_len": 15, "lowercase": True,
             "ascii_folding": True, "phrase_matching": True, "stopwords": {"languages": ["english"], "custom": ["zeta"]},
             "stemmer": {"type": "snowball", "language": "english"}},
    "any": {"type": "text", "tokenizer": "multilingual", "stopwords": "german"},
    '"key with.dots"': "float",
}

PLAIN = {"vectors": {"size": 24, "distance": "Cosine"}}

NAMED = {
    "vectors": {
        "single": {"size": 8, "distance": "Cosine", "hnsw_config": {"m": 24, "ef_construct": 64}, "on_disk": True},
        "half": {"size": 12, "distance": "Dot", "datatype": "float16",
                 "quantization_config": {"scalar": {"type": "int8", "quantile": 0.98, "always_ram": True}}},
        "half cosine": {"size": 12, "distance": "Cosine", "datatype": "float16"},
        "octets": {"size": 6, "distance": "Euclid", "datatype": "uint8",
                   "quantization_config": {"product": {"compression": "x4"}}},
        "size": {"size": 5, "distance": "Manhattan", "quantization_config": {"binary": {"encoding": "two_bits"}}},
        "colbert": {"size": 4, "distance": "Dot", "multivector_config": {"comparator": "max_sim"},
                    "hnsw_config": {"m": 0}},
        "four bits": {"size": 32, "distance": "Dot", "datatype": "turbo4"},
    },
    "sparse_vectors": {
        "words": {"modifier": "idf", "index": {"on_disk": True, "full_scan_threshold": 100}},
        "plain words": {"index": {"datatype": "float16"}},
        "bare": {},
    },
    "hnsw_config": {"m": 20, "ef_construct": 80, "full_scan_threshold": 2000, "payload_m": 8, "on_disk": True},
    "optimizers_config": {"indexing_threshold": 50, "deleted_threshold": 0.3, "vacuum_min_vector_number": 500,
                          "default_segment_number": 2, "max_segment_size": 100_000, "flush_interval_sec": 7},
    "wal_config": {"wal_capacity_mb": 16, "wal_segments_ahead": 1},
    "quantization_config": {"turbo": {"bits": "bits2"}},
    "on_disk_payload": False, "replication_factor": 1, "write_consistency_factor": 1,
    "metadata": {"owner": "somebody", "nested": {"null": None, "list": [1, 2.5]}},
}

STRICT_MODE = {"enabled": True, "max_query_limit": 100, "upsert_max_batchsize": 40, "search_allow_exact": True,
               "unindexed_filtering_retrieve": False, "max_points_count": 100_000}


def named_vectors(maker):
    return maker.some({
        "single": maker.dense(8), "half": maker.dense(12, 50), "half cosine": maker.dense(12), "octets": maker.bytes(6),
        "size": maker.dense(5, 1e6), "colbert": maker.multi(4), "four bits": maker.dense(32), "words": maker.sparse(),
        "plain words": maker.sparse(), "bare": maker.sparse(),
    })


def fill(rest, seed, points=1500):
    """Makes the collections plain, named, no vectors and empty, with aliases."""
    maker = Maker(seed)
    rest("PUT", "/collections/plain", PLAIN)
    rest.upsert("plain", [{"id": each, "vector": maker.dense(24), "payload": maker.payload()}
                          for each in maker.ids(points)])
    rest("PUT", "/collections/named", NAMED)
    for field, schema in INDEXES.items():
        rest("PUT", "/collections/named/index?wait=true", {"field_name": field, "field_schema": schema})
    rest.upsert("named", [{"id": each, "vector": named_vectors(maker), "payload": maker.payload()}
                          for each in maker.ids(points)])
    rest("PATCH", "/collections/named", {"strict_mode_config": STRICT_MODE})
    rest("PUT", "/collections/no%20vectors%2C%20n%C3%BC", {})
    rest.upsert("no%20vectors%2C%20n%C3%BC", [{"id": each, "vector": {}, "payload": maker.payload()} for each in maker.ids(50)])
    rest("PUT", "/collections/empty", {"sparse_vectors": {"s": {}}})
    rest("POST", "/collections/aliases", {"actions": [
        {"create_alias": {"collection_name": "plain", "alias_name": "shop"}},
        {"create_alias": {"collection_name": "plain", "alias_name": "ünïcode"}},
        {"create_alias": {"collection_name": "named", "alias_name": "search"}}]})
    return ["plain", "named", "no%20vectors%2C%20n%C3%BC", "empty"]
