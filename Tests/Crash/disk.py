"""The disk below a server under test: which of its calls fail, what it was asked, and what a power cut may leave of it.

`Disk` talks to the library that is made of preload/disk.c. `read_log` reads what that library recorded; `Model` replays
it and answers what may be on the disk at any moment. What the model assumes is stated in docs/DURABILITY.md.
"""

import errno
import mmap
import os
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).parent / "preload/disk.c"

# In the order of `enum kind`.
KINDS = ["open", "create", "read", "write", "truncate", "sync", "map", "rename", "unlink", "mkdir", "rmdir", "link"]
ERRORS = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC, "-": 0}

OPEN, CREATE, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, MKDIR, RMDIR, LINK, MARKS, MAP_WRITABLE, FAILED = range(1, 14)
O_TRUNC = os.O_TRUNC
MARK_COUNT = 32
SECTOR, PAGE = 512, 4096


def build_library(directory):
    """Compiles the library; its path, or None without a C compiler."""
    library = Path(directory) / "disk.so"
    try:
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"],
                       check=True, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return library


class Disk:
    """The switches of one server's disk. Words are those of `struct control`."""

    KINDS_WORD, AT, ERROR, PERSISTS, IS_SHORT, MATCHED, INJECTED, SKIP_SYNC = range(1, 9)
    COUNTS, MARKS_WORD, FILTER, LAST = 16, 32, 512, 768

    def __init__(self, library, root, control, log=None):
        self.root, self.log = Path(root).resolve(), log
        Path(control).write_bytes(bytes(4096))
        with open(control, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 4096)
        self.words = memoryview(self.memory).cast("Q")
        self.words[self.SKIP_SYNC] = 1
        self.environment = {"LD_PRELOAD": str(library), "QUIVER_DISK_ROOT": str(self.root),
                            "QUIVER_DISK_CONTROL": str(control)}
        if log:
            self.environment["QUIVER_DISK_LOG"] = str(log)

    def arm(self, kinds, at, error=0, how="once", filter=""):
        """The `at`-th call of these kinds from now on fails: `once`, that and every later one (`on`), after half of what
        is to be written (`short`), or it is the moment of a kill -9 (`kill`)."""
        self.words[self.KINDS_WORD] = 0
        self.words[self.AT], self.words[self.ERROR] = at, error
        self.words[self.PERSISTS], self.words[self.IS_SHORT] = {"on": 1, "kill": 2}.get(how, 0), how == "short"
        self.words[self.MATCHED] = self.words[self.INJECTED] = 0
        self.memory[self.FILTER:self.FILTER + 256] = filter.encode().ljust(256, b"\0")
        self.memory[self.LAST:self.LAST + 512] = bytes(512)
        self.words[self.KINDS_WORD] = sum(1 << KINDS.index(kind) for kind in kinds)

    def disarm(self):
        self.words[self.KINDS_WORD] = 0

    @property
    def matched(self):
        return self.words[self.MATCHED]

    @property
    def injected(self):
        return self.words[self.INJECTED]

    @property
    def last(self):
        return self.memory[self.LAST:self.LAST + 512].split(b"\0")[0].decode().removeprefix(str(self.root))

    @property
    def counts(self):
        return {kind: self.words[self.COUNTS + place] for place, kind in enumerate(KINDS)}

    def mark(self, number, value):
        self.words[self.MARKS_WORD + number] = value


HEADER = struct.Struct("<IIQQQQ")


def read_log(path):
    """[(kind, flags, file, offset, first, second)], in the order of the calls. A last, torn record is left out."""
    data = memoryview(Path(path).read_bytes())
    records, place = [], 0
    while place + HEADER.size <= len(data):
        kind, flags, file, offset, first, second = HEADER.unpack_from(data, place)
        place += HEADER.size
        end = place + first + second
        if end > len(data):
            break
        if kind == MARKS:
            text = data[place:end].cast("Q").tolist() if not place % 8 else list(struct.unpack_from("<32Q", data, place))
            records.append((kind, flags, file, offset, text, b""))
        else:
            name = bytes(data[place:place + first]).decode()
            rest = data[place + first:end]
            records.append((kind, flags, file, offset, name, rest if kind == WRITE else bytes(rest).decode()))
        place = end
    return records


class File:
    """Bytes that are durable, and changes that are not, in order: (offset, bytes), or (None, length) of a truncation."""

    def __init__(self):
        self.durable = bytearray()
        self.pending = []
        self.is_mapped = False

    def write(self, offset, data):
        self.pending.append((offset, data))

    def resize(self, length):
        self.pending.append((None, length))

    def sync(self):
        for change in self.pending:
            apply(self.durable, change)
        self.pending = []

    def write_through(self, offset, data):
        """What is written durably takes with it what waits for the same pages."""
        first, last = offset // PAGE * PAGE, (offset + len(data) + PAGE - 1) // PAGE * PAGE
        rest = []
        for change in self.pending:
            start, value = change
            if start is None or start >= last or start + len(value) <= first:
                rest.append(change)
                continue
            inner, end = max(start, first), min(start + len(value), last)
            apply(self.durable, (inner, value[inner - start:end - start]))
            if start < inner:
                rest.append((start, value[:inner - start]))
            if end < start + len(value):
                rest.append((end, value[end - start:]))
        self.pending = rest
        apply(self.durable, (offset, data))

    def volatile(self):
        content = bytearray(self.durable)
        for change in self.pending:
            apply(content, change)
        return content

    def after_cut(self, random, policy):
        """Some of what was not synced is there: whole writes or sectors of them."""
        content = bytearray(self.durable)
        if policy == "none":
            return content
        kept = len(self.pending) if policy == "all" else random.randrange(len(self.pending) + 1)
        grain = random.choice([SECTOR, PAGE, None])
        for number, change in enumerate(self.pending):
            if policy == "all" or policy == "prefix" and number < kept:
                apply(content, change)
            elif policy in ("subset", "prefix"):
                offset, value = change
                last = policy == "prefix" and number == kept
                if policy == "prefix" and not last:
                    continue
                if offset is None or grain is None:
                    if not last and random.random() < 0.5:
                        apply(content, change)
                    continue
                place = offset
                while place < offset + len(value):
                    end = min(place // grain * grain + grain, offset + len(value))
                    if random.random() < 0.5:
                        apply(content, (place, value[place - offset:end - offset]))
                    place = end
        if policy == "subset" and random.random() < 0.3:
            # The length came to the disk, and some of the data did not.
            longest = max([len(content)] + [offset + len(value) for offset, value in self.pending if offset is not None])
            content.extend(bytes(random.choice([longest, (len(content) + longest) // 2]) - len(content)))
        return content


def load(path, directory):
    for each in path.iterdir():
        if each.is_dir():
            entry = Directory()
            load(each, entry)
        else:
            entry = File()
            entry.durable = bytearray(each.read_bytes())
        directory.names[each.name] = directory.durable[each.name] = entry


def apply(content, change):
    offset, value = change
    if offset is None:
        if value < len(content):
            del content[value:]
        else:
            content.extend(bytes(value - len(content)))
        return
    if offset > len(content):
        content.extend(bytes(offset - len(content)))
    content[offset:offset + len(value)] = value


class Directory:
    """Names that are durable, names now, and the changes between. A change is one or more (name, entry or None), and is
    there as a whole or not at all."""

    def __init__(self):
        self.durable, self.names, self.pending = {}, {}, []

    def change(self, *changes):
        for name, entry in changes:
            if entry is None:
                self.names.pop(name, None)
            else:
                self.names[name] = entry
        self.pending.append(changes)

    def sync(self):
        self.durable = dict(self.names)
        self.pending = []

    def after_cut(self, random, policy):
        names = dict(self.durable)
        kept = random.randrange(len(self.pending) + 1)
        for number, changes in enumerate(self.pending):
            if policy == "all" or policy == "prefix" and number < kept or policy == "subset" and random.random() < 0.5:
                for name, entry in changes:
                    if entry is None:
                        names.pop(name, None)
                    else:
                        names[name] = entry
        return names


class Model:
    """The disk while the log is replayed; `step` takes the next record."""

    def __init__(self):
        self.root = Directory()
        self.files = {}
        self.marks = [0] * MARK_COUNT

    @classmethod
    def of(cls, path):
        """What lies in a directory, all of it durable."""
        model = cls()
        load(Path(path), model.root)
        return model

    def parent(self, path):
        *above, name = path.strip("/").split("/")
        directory = self.root
        for each in above:
            directory = directory.names[each]
        return directory, name

    def find(self, path):
        if not path:
            return self.root
        directory, name = self.parent(path)
        return directory.names.get(name)

    def step(self, record):
        kind, flags, file, offset, first, second = record
        if kind == WRITE:
            if flags & 1:
                self.files[file].write_through(offset, second)
            else:
                self.files[file].write(offset, second)
        elif kind == TRUNCATE:
            self.files[file].resize(offset)
        elif kind == SYNC:
            self.files[file].sync()
        elif kind == CREATE:
            directory, name = self.parent(first)
            self.files[file] = File()
            directory.change((name, self.files[file]))
        elif kind == OPEN:
            found = self.find(first)
            if found is None:
                raise ValueError(f"{first} was opened, but never made")
            self.files[file] = found
        elif kind == RENAME:
            source, name = self.parent(first)
            target, new = self.parent(second)
            entry = source.names[name]
            if source is target:
                source.change((name, None), (new, entry))
            else:
                target.change((new, entry))
                source.change((name, None))
        elif kind in (UNLINK, RMDIR):
            directory, name = self.parent(first)
            directory.change((name, None))
        elif kind == MKDIR:
            if first:
                directory, name = self.parent(first)
                directory.change((name, Directory()))
        elif kind == LINK:
            directory, name = self.parent(second)
            directory.change((name, self.find(first)))
        elif kind == MARKS:
            self.marks = first
        elif kind == MAP_WRITABLE:
            self.files[file].is_mapped = True

    def write_volatile(self, path):
        """What the server itself saw, into `path`."""
        self.write_names(path, self.root, lambda each: each.names, lambda each: each.volatile())

    def cut(self, path, random):
        """What a power cut may leave, into `path`. Returns the policy, for the message."""
        policy = random.choice(["none", "all", "prefix", "subset", "subset", "subset"])
        names_policy = random.choice(["none", "all", "prefix", "subset", "subset", "subset"])
        self.write_names(path, self.root, lambda each: each.after_cut(random, names_policy),
                         lambda each: each.after_cut(random, policy))
        return f"data {policy}, names {names_policy}"

    def write_names(self, path, directory, names, content):
        os.makedirs(path, exist_ok=True)
        for name, entry in sorted(names(directory).items()):
            if isinstance(entry, Directory):
                self.write_names(f"{path}/{name}", entry, names, content)
            else:
                with open(f"{path}/{name}", "wb") as file:
                    file.write(content(entry))
