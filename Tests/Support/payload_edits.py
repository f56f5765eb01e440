"""Records what Qdrant's engine makes of random edits of payloads: payload_edits.py FILE COUNT.

One JSON object a line: the payload before, the edit, the payload after it. Tests/Data/payload_edits.jsonl was made by it with
qdrant-edge-py 0.8.0; PayloadEditTests repeats the edits.
"""

import json
import random
import sys
import tempfile

import qdrant_edge as edge

KEYS = ["a", "b", "c", "d-e"]
numbers = random.Random(7)


def value(depth):
    kind = numbers.random()
    if depth > 0 and kind < 0.3:
        return {numbers.choice(KEYS): value(depth - 1) for _ in range(numbers.randint(0, 3))}
    if depth > 0 and kind < 0.6:
        return [value(depth - 1) for _ in range(numbers.randint(0, 3))]
    return numbers.choice([None, 1, 2.5, "x", True, -3])


def payload(depth):
    return {numbers.choice(KEYS): value(depth - 1) for _ in range(numbers.randint(0, 3))}


def path():
    steps = [numbers.choice(KEYS)]
    for _ in range(numbers.randint(0, 2)):
        kind = numbers.random()
        if kind < 0.35:
            steps.append("." + numbers.choice(KEYS))
        elif kind < 0.6:
            steps.append(f"[{numbers.randint(0, 3)}]")
        elif kind < 0.9:
            steps.append("[]")
        else:
            steps.append("." + numbers.choice(KEYS) + "[]")
    return "".join(steps)


def main(file, count):
    shard = edge.EdgeShard.create(
        tempfile.mkdtemp(), edge.EdgeConfig(vectors=edge.EdgeVectorParams(size=1, distance=edge.Distance.Dot)))
    change = edge.UpdateOperation
    with open(file, "w") as out:
        for _ in range(count):
            record = {"before": payload(3), "kind": numbers.choice(["set", "set", "set", "delete", "overwrite"])}
            shard.update(change.upsert_points([edge.Point(1, [1.0], record["before"])]))
            if record["kind"] == "delete":
                record["keys"] = [path() for _ in range(numbers.randint(1, 2))]
                shard.update(change.delete_payload([1], record["keys"]))
            else:
                is_merge = record["kind"] == "set"
                record["payload"] = payload(2)
                record["key"] = path() if numbers.random() < (0.85 if is_merge else 0.3) else None
                update = change.set_payload if is_merge else change.overwrite_payload
                shard.update(update([1], record["payload"], key=record["key"]))
            record["after"] = shard.retrieve([1], True, False)[0].payload
            out.write(json.dumps(record, separators=(",", ":")) + "\n")


main(sys.argv[1], int(sys.argv[2]))
