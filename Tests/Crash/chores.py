"""Changes of everything but points, while points are written: collections, field indexes, aliases, snapshots, restores.

A `Chore` sends one request after another and knows what there is after each. When the server dies at most one request
is open: what is found then is what there was before that request, or after it.
"""

import http.client
import threading

from writers import COLLECTION, Connection, Refused


class Chore(threading.Thread):
    """`existing` is what its acknowledged requests have left, `proposed` that with its open request."""

    pause_seconds = 0.02

    def __init__(self, random, existing, port):
        super().__init__(name=type(self).__name__, daemon=True)
        self.random, self.existing, self.port = random, frozenset(existing), port
        self.proposed = self.existing
        self.acknowledged = 0
        self.refusals = []
        self.stopping = threading.Event()

    def run(self):
        connection = Connection(self.port)
        while not self.stopping.wait(self.pause_seconds):
            try:
                self.change(connection)
            except Refused as refusal:
                if refusal.status != 429:
                    self.refusals.append(str(refusal))
                    return
                self.proposed = self.existing
                continue
            except (OSError, http.client.HTTPException):
                return
            self.existing = self.proposed
            self.acknowledged += 1

    def change(self, connection):
        """Sets `proposed` and sends the request."""
        name = self.random.choice(self.names)
        self.proposed = self.existing ^ {name}
        if name in self.existing:
            self.delete(connection, name)
        else:
            self.create(connection, name)

    @classmethod
    def found(cls, connection):
        """What the server has of it."""
        raise NotImplementedError

    def verify(self, connection, context):
        found = self.found(connection)
        assert found in (self.existing, self.proposed), \
            f"{context}: {self.name}: {sorted(found)}, not {sorted(self.existing)} or {sorted(self.proposed)}"
        return found


def collections(connection):
    return frozenset(each["name"] for each in connection.call("GET", "/collections")["collections"])


class Collections(Chore):
    names = [f"temporary_{number}" for number in range(6)]

    def create(self, connection, name):
        connection.call("PUT", f"/collections/{name}", {"vectors": {"size": 2, "distance": "Cosine"}})

    def delete(self, connection, name):
        connection.call("DELETE", f"/collections/{name}")

    @classmethod
    def found(cls, connection):
        return frozenset(name for name in collections(connection) if name.startswith("temporary_"))


class Indexes(Chore):
    names = ["part", "of", "touched"]
    pause_seconds = 0.05

    def create(self, connection, name):
        connection.call("PUT", f"/collections/{COLLECTION}/index?wait=true", {"field_name": name, "field_schema": "integer"})

    def delete(self, connection, name):
        connection.call("DELETE", f"/collections/{COLLECTION}/index/{name}?wait=true")

    @classmethod
    def found(cls, connection):
        return frozenset(connection.call("GET", f"/collections/{COLLECTION}")["payload_schema"]) & set(cls.names)


class Aliases(Chore):
    """Pairs of alias and collection; each request moves some of them at once."""

    targets = [COLLECTION, "steady"]

    def change(self, connection):
        before = dict(self.existing)
        actions = []
        for alias in self.random.sample(["a", "b", "c"], self.random.choice([1, 2, 3])):
            if alias in before and self.random.random() < 0.3:
                actions.append({"delete_alias": {"alias_name": alias}})
                del before[alias]
            else:
                before[alias] = self.random.choice(self.targets)
                actions.append({"create_alias": {"alias_name": alias, "collection_name": before[alias]}})
        self.proposed = frozenset(before.items())
        connection.call("POST", "/collections/aliases", {"actions": actions})

    @classmethod
    def found(cls, connection):
        return frozenset((each["alias_name"], each["collection_name"])
                         for each in connection.call("GET", "/aliases")["aliases"])


class Snapshots(Chore):
    """Snapshots of the collection that is written to. Their names are the server's, so one more may be there than is known."""

    pause_seconds = 0.3

    def change(self, connection):
        if self.existing and (len(self.existing) > 3 or self.random.random() < 0.3):
            name = self.random.choice(sorted(self.existing))
            self.proposed = self.existing - {name}
            connection.call("DELETE", f"/collections/{COLLECTION}/snapshots/{name}")
            return
        self.proposed = None
        made = connection.call("POST", f"/collections/{COLLECTION}/snapshots?wait=true")
        self.proposed = self.existing | {made["name"]}

    @classmethod
    def found(cls, connection):
        return frozenset(each["name"] for each in connection.call("GET", f"/collections/{COLLECTION}/snapshots"))

    def verify(self, connection, context):
        found = self.found(connection)
        if self.proposed is None:
            assert found >= self.existing and len(found) <= len(self.existing) + 1, \
                f"{context}: snapshots {sorted(found)}, not {sorted(self.existing)} and perhaps one more"
        else:
            assert found in (self.existing, self.proposed), f"{context}: snapshots {sorted(found)}, not {sorted(self.existing)}"
        return found


class Restores(Chore):
    """Collections made of a snapshot, and made anew over themselves."""

    names = ["restored_1", "restored_2"]
    pause_seconds = 0.2
    source = "steady"
    location = None

    def change(self, connection):
        name = self.random.choice(self.names)
        if name in self.existing and self.random.random() < 0.4:
            self.proposed = self.existing - {name}
            connection.call("DELETE", f"/collections/{name}")
        else:
            self.proposed = self.existing | {name}
            connection.call("PUT", f"/collections/{name}/snapshots/recover?wait=true", {"location": self.location})

    @classmethod
    def found(cls, connection):
        return frozenset(name for name in collections(connection) if name.startswith("restored_"))

    def verify(self, connection, context):
        found = super().verify(connection, context)
        for name in found:
            points = connection.call("POST", f"/collections/{name}/points/scroll", {
                "limit": 1000, "with_payload": True, "with_vector": True})["points"]
            assert points == steady_points(), f"{context}: {name} holds {len(points)} points"
        return found


def steady_points():
    return [{"id": each, "vector": [each / 4, 1.0], "payload": {"number": each}} for each in range(500)]


def prepare(connection):
    """A collection that stays as it is, and the chores that this server can do."""
    connection.call("PUT", "/collections/steady", {"vectors": {"size": 2, "distance": "Dot"}})
    connection.call("PUT", "/collections/steady/points?wait=true", {"points": steady_points()})
    chores = [Collections, Indexes, Aliases]
    try:
        made = connection.call("POST", "/collections/steady/snapshots?wait=true")
    except Refused as refusal:
        assert refusal.status in (404, 405, 501), refusal
        return chores
    Restores.snapshot = made["name"]
    return chores + [Snapshots, Restores]
