"""What a storage directory should hold: read with LMDB itself, without the server."""

import ctypes
import ctypes.util
import shutil
import subprocess
import tempfile
from pathlib import Path

NOSUBDIR, READ_ONLY, NOLOCK = 0x4000, 0x20000, 0x400000


class Value(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("data", ctypes.c_void_p)]


def library():
    return ctypes.CDLL(ctypes.util.find_library("lmdb") or "liblmdb.so.0")


def keys(path, table):
    """The keys of one table of an LMDB file that nobody has open."""
    lmdb = library()
    pointer = ctypes.c_void_p
    environment, transaction, cursor, number = pointer(), pointer(), pointer(), ctypes.c_uint()

    def done(code):
        if code != 0:
            raise OSError(f"LMDB reported {code} for {table} of {path}")

    done(lmdb.mdb_env_create(ctypes.byref(environment)))
    try:
        done(lmdb.mdb_env_set_maxdbs(environment, 64))
        done(lmdb.mdb_env_open(environment, str(path).encode(), NOSUBDIR | READ_ONLY | NOLOCK, 0o644))
        done(lmdb.mdb_txn_begin(environment, None, READ_ONLY, ctypes.byref(transaction)))
        try:
            done(lmdb.mdb_dbi_open(transaction, table.encode(), 0, ctypes.byref(number)))
            done(lmdb.mdb_cursor_open(transaction, number, ctypes.byref(cursor)))
            key, value, found = Value(), Value(), []
            move = 0  # MDB_FIRST
            while lmdb.mdb_cursor_get(cursor, ctypes.byref(key), ctypes.byref(value), move) == 0:
                found.append(ctypes.string_at(key.data, key.size))
                move = 8  # MDB_NEXT
            lmdb.mdb_cursor_close(cursor)
            return found
        finally:
            lmdb.mdb_txn_abort(transaction)
    finally:
        lmdb.mdb_env_close(environment)


def leaks(storage, collections, was_remade=False):
    """Files that a storage of so many collections should not have, and those it lacks; the server is not running.
    `was_remade`: the catalogue may have been made anew, and the damaged one kept."""
    storage = Path(storage)
    wrong = []
    expected = {"LOCK", "catalog.mdb", "catalog.mdb-lock", "catalog.mdb.stamp", "catalog.json", "collections", "snapshots"}
    for path in storage.iterdir():
        if path.name not in expected | ({"quarantine"} if was_remade else set()):
            wrong.append(f"{path.relative_to(storage)} is left over")
    for path in (storage / "snapshots").rglob("*"):
        if path.is_file() and path.suffix not in (".snapshot", ".checksum"):
            wrong.append(f"{path.relative_to(storage)} is left over")
    directories = sorted((storage / "collections").iterdir()) if (storage / "collections").exists() else []
    if len(directories) != collections:
        wrong.append(f"{len(directories)} directories of {collections} collections")
    for directory in directories:
        names = {path.name for path in directory.iterdir()}
        for name in names - {"points.mdb", "points.mdb-lock", "points.mdb.stamp", "segments", "collection.json"}:
            wrong.append(f"{directory.name}/{name} is left over")
        if "collection.json" not in names:
            wrong.append(f"{directory.name}/collection.json is missing")
        with tempfile.TemporaryDirectory() as aside:
            copy = shutil.copy(directory / "points.mdb", aside)
            named = {f"{int.from_bytes(key, 'big'):016x}.seg" for key in keys(copy, "segments")}
        present = {path.name for path in (directory / "segments").iterdir()}
        wrong += [f"{directory.name}/segments/{name} is in no manifest" for name in sorted(present - named)]
        wrong += [f"{directory.name}/segments/{name} is missing" for name in sorted(named - present)]
    return wrong


class Verifier:
    """`quiver verify`, where the binary has it."""

    def __init__(self, binary):
        self.binary = str(binary)
        told = subprocess.run([self.binary, "--help"], capture_output=True, text=True).stdout
        self.exists = any(line.split()[:1] == ["verify"] for line in told.split("SUBCOMMANDS")[-1].splitlines())

    def complaint(self, storage):
        """What it finds wrong; None if all is well."""
        if not self.exists:
            return None
        told = subprocess.run([self.binary, "verify", str(storage)], capture_output=True, text=True, timeout=120)
        return None if told.returncode == 0 else f"exit code {told.returncode}\n{told.stdout[-3000:]}{told.stderr[-3000:]}"
