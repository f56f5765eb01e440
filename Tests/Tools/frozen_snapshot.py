"""Reads a snapshot with nothing but Python's standard library and the program `zstd`. Written from docs/FORMAT.md alone."""

import hashlib
import json
import math
import struct
import subprocess
import uuid

LEVELS = [0, 15, 26, 34, 42, 48, 55, 61, 66, 72, 79, 85, 93, 101, 112, 127]
NOTHING = 0xFFFF_FFFF


def crc32c_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = crc32c_table()


def crc32c(data):
    crc = NOTHING
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ NOTHING


def checked(key, stored):
    """A value without its checksum, which has to fit."""
    value = stored[:-4]
    assert struct.unpack("<I", stored[-4:])[0] == crc32c(key + value), key
    return value


class Bytes:
    """Reads one thing after the other."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        assert self.at + count <= len(self.data)
        self.at += count
        return self.data[self.at - count : self.at]

    def read(self, form):
        found = struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))
        return found[0] if len(found) == 1 else found

    def leb(self):
        number = shift = 0
        while True:
            byte = self.take(1)[0]
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number

    def block(self):
        return self.take(self.read("I"))

    def text(self):
        return self.block().decode()

    def id(self):
        return "{}".format(uuid.UUID(bytes=self.take(16))) if self.read("B") else struct.unpack(">Q", self.take(8))[0]


def files(data):
    """The files of an archive by name, and in order; parts put together."""
    at, found = 0, {}
    while data[at]:
        header = data[at : at + 512]
        name = header[:100].rstrip(b"\0").decode()
        size = int(header[124:135], 8)
        assert header[156:157] == b"0" and header[257:265] == b"ustar\x0000"
        blank = header[:148] + b" " * 8 + header[156:]
        assert int(header[148:154], 8) == sum(blank)
        content = data[at + 512 : at + 512 + size]
        if name == "checksums":
            assert content == f"sha256 {hashlib.sha256(data[:at]).hexdigest()} {at}\n".encode()
        stem, _, part = name.rpartition("/")
        if part.endswith(".zst"):
            content = subprocess.run(["zstd", "-dcq"], input=content, stdout=subprocess.PIPE, check=True).stdout
        if part.split(".")[0].isdigit() and len(part.split(".")[0]) == 8:
            found.setdefault(stem, []).append(content)
        else:
            found[name] = content
        at += 512 + (size + 511) // 512 * 512
    assert data[at:] == bytes(1024)
    return found


def records(parts):
    """The databases of the stream: by name, a list of keys and values, or of keys and slots."""
    databases, entries, last = {}, [], 0
    for number, part in enumerate(parts):
        reader = Bytes(part)
        assert reader.read("IIQ") == (0x43455251, 1, number)
        while reader.at < len(part):
            kind = reader.read("B")
            if kind == 1:
                name, form = reader.take(reader.leb()).decode(), reader.read("BB")[0]
                count = reader.leb()
                entries, last = [], 0
                databases[name] = entries
            elif kind in (2, 6):
                key = reader.take(reader.leb())
                if kind == 6:
                    reader.leb()
                entries.append([key, reader.take(reader.leb())])
            elif kind in (3, 7):
                last += reader.leb()
                if kind == 7:
                    reader.leb()
                entries.append([struct.pack("<I", last), reader.take(reader.leb())])
            elif kind in (4, 5):
                if kind == 4:
                    entries.append([reader.take(reader.leb()), []])
                slots = entries[-1][1]
                for _ in range(reader.leb()):
                    slots.append(reader.leb() + (slots[-1] if slots else 0))
            elif kind == 8:
                entries[-1][1] += reader.take(reader.leb())
            else:
                assert kind == 9 and reader.leb() == len(databases) and reader.at == len(part)
    return databases


# Vectors


def mix(x):
    mask = (1 << 64) - 1
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & mask
    x = (x ^ x >> 27) * 0x94D049BB133111EB & mask
    return x ^ x >> 31


def signs(count):
    state, bits = 0x717569766572, []
    while len(bits) < count:
        state = state + 0x9E3779B97F4A7C15 & (1 << 64) - 1
        bits += [mix(state) >> i & 1 for i in range(64)]
    return bits


def hadamard(x):
    step = 1
    while step < len(x):
        for i in range(len(x)):
            if not i & step:
                x[i], x[i + step] = x[i] + x[i + step], x[i] - x[i + step]
        step *= 2
    return [value / math.sqrt(len(x)) for value in x]


def turbo4(row, n, is_rotated):
    factor = struct.unpack("<f", row[:4])[0]
    half = (n + 1) // 2
    x = [(2 * LEVELS[row[8 + i % half] >> 4 * (i // half) & 15] - 127) * factor for i in range(n)]
    if not is_rotated:
        return x
    bits, block = signs(4 * n), 1 << n.bit_length() - 1
    for round_ in (3, 2, 1, 0):
        first = n - block if round_ % 2 else 0
        x[first : first + block] = hadamard(x[first : first + block])
        x = [-value if bits[round_ * n + i] else value for i, value in enumerate(x)]
    return x


def row_bytes(count):
    lines = (count + 63) // 64 * 64
    return lines if lines <= 192 and (lines - count) * 6 <= count else (count + 7) // 8 * 8


class Segment:
    def __init__(self, entry, data):
        reader = Bytes(entry)
        assert reader.read("B") == 2
        self.name = reader.text()
        assert reader.read("Q") == len(data) and reader.take(32) == hashlib.sha256(data).digest()
        meta = Bytes(reader.block())
        assert meta.read("II") == (0x47455351, 2)
        self.kind, self.metric, self.datatype, self.dimension, self.points, self.rows = meta.read("BBBIII")
        meta.read("II")
        self.indexing = json.loads(meta.block() or b"null")
        self.has_graph, self.m, self.entry, self.top, self.link_bytes = meta.read("BIIIB")
        self.chunks = {}
        for _ in range(reader.read("I")):
            name, at, size = reader.text(), *reader.read("QQ")
            chunk = data[at : at + size]
            header = data[at - 48 : at]
            assert reader.take(32) == hashlib.sha256(chunk).digest() == header[16:]
            assert struct.unpack("<IIQ", header[:16]) == (0x47455351, 0, size) and at % 64 == 0
            self.chunks[name] = chunk
        assert reader.at == len(entry)
        self.slots = self.numbers("slots", "I")
        assert len(self.slots) == self.points
        if self.has_graph:
            self.check_graph()

    def numbers(self, name, form):
        return list(struct.unpack(f"<{len(self.chunks[name]) // struct.calcsize(form)}{form}", self.chunks[name]))

    def check_graph(self):
        """Every link of the ground leads to a point."""
        width, links = self.link_bytes, self.chunks["links"]
        assert len(links) == self.points * 2 * self.m * width + (63 if width < 4 else 0)
        for at in range(0, self.points * 2 * self.m * width, width):
            link = int.from_bytes(links[at : at + width], "little")
            assert link < self.points or link == (1 << 8 * width) - 1
        upper = self.numbers("upper_offsets", "I")
        assert len(upper) == self.points + 1 and len(self.chunks["upper_links"]) == upper[-1] * self.m * 4
        assert upper[self.entry + 1] - upper[self.entry] == self.top

    def row(self, row):
        n, data = self.dimension, self.chunks["vectors"]
        if self.datatype == 3:
            size = row_bytes(8 + (n + 1) // 2)
            return turbo4(data[row * size : (row + 1) * size], n, self.metric != 3)
        form, size = [("f", 4), ("e", 2), ("B", 1)][self.datatype]
        return [float(x) for x in struct.unpack(f"<{n}{form}", data[row * n * size : (row + 1) * n * size])]

    def vector(self, point):
        if self.kind == 0:
            return self.row(point)
        if self.kind == 1:
            offsets = self.numbers("row_offsets", "I")
            return [self.row(row) for row in range(offsets[point], offsets[point + 1])]
        offsets = self.numbers("sparse_offsets", "Q")
        entries = slice(offsets[point], offsets[point + 1])
        return {"indices": self.numbers("sparse_indices", "I")[entries], "values": self.numbers("vectors", "f")[entries]}


def log_vector(reader):
    rows, count = reader.read("II")
    indices = list(struct.unpack(f"<{count}I", reader.take(4 * count))) if rows == 0 else None
    values = list(struct.unpack(f"<{count}f", reader.take(4 * count)))
    if rows == 0:
        return {"indices": indices, "values": values}
    return values, rows


def apply(record, vectors, is_multi):
    """What a record does to the vectors: by slot, by name."""
    assert struct.unpack("<I", record[-4:])[0] == crc32c(record[:-4]) and record[0] == 3
    reader = Bytes(record[:-4])
    reader.read("BQQ")

    def names():
        return [reader.text() for _ in range(reader.read("H"))]

    def point():
        slot = reader.read("I")
        reader.id()
        return slot

    def points():
        return [point() for _ in range(reader.read("I"))]

    for _ in range(reader.read("I")):
        kind = reader.read("B")
        if kind in (1, 2):
            known = names()
            for _ in range(reader.read("I")):
                slot, size = point(), reader.read("I")
                if size != NOTHING:
                    json.loads(reader.take(size))
                if kind == 1:
                    vectors[slot] = {}
                for _ in range(reader.read("H")):
                    name = known[reader.read("H")]
                    vector = log_vector(reader)
                    if isinstance(vector, tuple):
                        values, rows = vector
                        size = len(values) // rows
                        cut = [values[i * size : (i + 1) * size] for i in range(rows)]
                        vector = cut if is_multi(name) else cut[0]
                    vectors.setdefault(slot, {})[name] = vector
        elif kind == 3:
            for slot in points():
                vectors.pop(slot, None)
        elif kind == 4:
            gone = names()
            for slot in points():
                for name in gone:
                    vectors.get(slot, {}).pop(name, None)
        elif kind in (5, 6):
            if kind == 5:
                reader.text()
            json.loads(reader.block())
            points()
        elif kind == 7:
            names(), points()
        elif kind == 8:
            points()
        elif kind == 9:
            name = reader.text()
            for held in vectors.values():
                held.pop(name, None)
        elif kind == 10:
            reader.text(), json.loads(reader.block())
        elif kind == 11:
            reader.text()
        elif kind == 12:
            reader.text(), reader.read("B"), json.loads(reader.block())
        else:
            assert kind == 13
            json.loads(reader.block())
    assert reader.at == len(record) - 4


def params(config):
    vectors = config.get("vectors", {})
    return {"": vectors["unnamed"]["_0"]} if "unnamed" in vectors else vectors.get("named", {}).get("_0", {})


def collection(found, directory):
    manifest = json.loads(found[directory + "/collection.json"])
    databases = records(found[directory + "/records"])

    def values(name):
        return {key: checked(key, value) for key, value in databases.get(name, [])}

    state = values("meta").get(b"state")
    form, sequence, sealed, _, _, _, _, _ = struct.unpack("<IQQIQQQQ", state or struct.pack("<IQQIQQQQ", 3, *[0] * 7))
    assert form == 3 and sequence == manifest["sequence"]
    dead = dict(map(tuple, databases.get("dead", [])))
    vectors = {}
    for key, entry in values("segments").items():
        number = struct.unpack(">Q", key)[0]
        segment = Segment(entry, b"".join(found[f"{directory}/segments/{number:016x}"]))
        for place, slot in enumerate(segment.slots):
            if place not in dead.get(key, []):
                vectors.setdefault(slot, {})[segment.name] = segment.vector(place)
    log = {}
    for key, part in values("wal").items():
        log.setdefault(struct.unpack(">QI", key)[0], []).append(part)
    multi = {name for name, value in params(manifest["config"]).items() if "multivector_config" in value}
    for number in sorted(log):
        # Those before have to be whole as well; what they say is in the segments.
        apply(b"".join(log[number]), vectors if number > sealed else {}, lambda name: name in multi)
    ids = dict(map(tuple, databases.get("ids", [])))
    payloads = values("payload")
    points = {}
    for key, value in values("points").items():
        assert ids[value[8:]] == key
        points[Bytes(value[8:]).id()] = {
            "version": struct.unpack("<Q", value[:8])[0],
            "payload": payloads[key].decode(),
            "vectors": vectors.get(struct.unpack("<I", key)[0], {}),
        }
    assert len(ids) == len(points) == len(payloads)
    return manifest["name"], {"config": manifest["config"], "sequence": sequence, "points": points}


def snapshot(path):
    """Aliases, and by name the collections with sequence, configuration and points."""
    with open(path, "rb") as file:
        found = files(file.read())
    head = json.loads(found["quiver.json"])
    assert head["format"] == 1
    collections = dict(collection(found, f"collections/{n:08}") for n in range(len(head["collections"])))
    assert list(collections) == head["collections"]
    return {alias["alias"]: alias["collection"] for alias in head["aliases"]}, collections
