"""Embeddings that need no model: every word has a direction, a text is the sum of its words."""

import re
import zlib

import numpy as np

SIZE = 24


def words(text):
    return re.findall(r"\w+", text.lower())


def dense(text):
    """Texts that share words are near each other; no two words are orthogonal, so no two scores are equal."""
    total = np.zeros(SIZE)
    for word in words(text):
        total += np.random.default_rng(zlib.crc32(word.encode())).standard_normal(SIZE)
    return (total if total.any() else np.ones(SIZE)).tolist()


def sparse(text):
    """(indices, values): how often each word occurs, weighed so that no two texts score equally."""
    counts, weight = {}, 1 + zlib.crc32(text.encode()) % 1000 / 5000
    for word in words(text):
        index = zlib.crc32(word.encode()) % 50_000
        counts[index] = counts.get(index, 0.0) + (1 + len(word) / 10) * weight
    return list(counts), list(counts.values())


TEXTS = [
    "a red bicycle with a strong frame", "a blue bicycle for children", "a folding bicycle for the train",
    "a helmet for riding in the city", "a red helmet for children", "a pump for tyres", "a small pump and a repair kit",
    "a lock of hardened steel", "a lamp for riding at night", "a rear lamp, red and small", "gloves for the winter",
    "a rain jacket for riding in the city", "a saddle of leather", "a basket for the train and the market",
    "a bell, loud and small", "a trailer for children", "a chain and a repair kit", "tyres for the winter",
]
METADATA = [{"shelf": f"s{row % 3}", "price": float(row) / 2, "stock": row % 5, "row": row,
             "tags": ["bike", "red"] if "red" in text else ["bike"], "note": text.split()[-1]}
            for row, text in enumerate(TEXTS)]
QUERIES = ["red bicycle", "riding at night in the city", "children", "repair kit for a pump", "winter"]
