"""Writers whose every request is known, so that what a crash left can be checked exactly.

A writer sends one request after another about ids of its own and keeps the state that its acknowledged requests
make. When the server dies, at most one of its requests is open: afterwards its points have to be exactly those
before that request or exactly those after it. Anything else is a lost, invented or half-applied request.
"""

import http.client
import json
import threading
import uuid

COLLECTION = "crash"
SIZE = 8
IDS_PER_WRITER = 1500


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status = status


class Connection:
    """One keep-alive connection. A dead server raises OSError or HTTPException."""

    def __init__(self, port):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call(self, method, path, body=None):
        self.http.request(method, path, None if body is None else json.dumps(body),
                          {"Content-Type": "application/json"})
        answer = self.http.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise Refused(answer.status, text.decode(errors="replace")[:500])
        return json.loads(text)["result"]

    def download(self, path):
        self.http.request("GET", path)
        answer = self.http.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise Refused(answer.status, content.decode(errors="replace")[:500])
        return content


def create_collection(connection):
    connection.call("PUT", f"/collections/{COLLECTION}", {
        "vectors": {"size": SIZE, "distance": "Dot"},
        # Low, so that sealing, indexing and merging are under way when the process dies.
        "optimizers_config": {"indexing_threshold": 50}})
    for field in ("writer", "request"):
        connection.call("PUT", f"/collections/{COLLECTION}/index?wait=true",
                        {"field_name": field, "field_schema": "integer"})


def of_request(writer, request):
    return {"must": [{"key": "writer", "match": {"value": writer}}, {"key": "request", "match": {"value": request}}]}


class Writer(threading.Thread):
    """Writes until the server is gone. `state` is {id: [payload, vector]} of its acknowledged requests."""

    def __init__(self, number, random, state, port):
        super().__init__(name=f"writer {number}", daemon=True)
        self.number, self.random, self.state, self.port = number, random, state, port
        self.open_request = None
        self.acknowledged = 0
        self.refusals = []
        self.next_request = 1 + max((payload["request"] for payload, _ in state.values()), default=0)
        self.stopping = threading.Event()

    def run(self):
        connection = Connection(self.port)
        while not self.stopping.is_set():
            operations = self.make_request()
            self.open_request = operations
            try:
                self.send(connection, operations)
            except Refused as refusal:
                self.open_request = None
                if refusal.status != 429:
                    self.refusals.append(str(refusal))
                    return
                continue
            except (OSError, http.client.HTTPException):
                return
            self.state = applied(self.state, operations)
            self.open_request = None
            self.acknowledged += 1

    def send(self, connection, operations):
        """One operation goes to its own endpoint, several go as one batch; acknowledged is durable with and without `wait`."""
        wait = self.random.choice(["true", "true", "false"])
        points = f"/collections/{COLLECTION}/points"
        if len(operations) > 1:
            connection.call("POST", f"{points}/batch?wait={wait}", {"operations": operations})
            return
        (name, body), = operations[0].items()
        method, path = {"upsert": ("PUT", ""), "delete": ("POST", "/delete"), "set_payload": ("POST", "/payload"),
                        "update_vectors": ("PUT", "/vectors")}[name]
        connection.call(method, f"{points}{path}?wait={wait}", body)

    # Requests. Every operation is the JSON of Qdrant's batch form; `applied` says what it does to the state.

    def make_request(self):
        """One operation, or several that go as one request and have to be applied together."""
        request = self.next_request
        self.next_request += 1
        makers = [self.upsert, self.upsert, self.upsert, self.delete, self.delete_by_filter, self.set_payload,
                  self.set_payload_by_filter, self.update_vectors]
        operations, state = [], self.state
        for _ in range(self.random.choice([1, 1, 3])):
            operation = self.random.choice(makers)(request, state) or self.upsert(request, state)
            operations.append(operation)
            state = applied(state, [operation])
        return operations

    def vector(self):
        return [self.random.randint(-100, 100) / 4 for _ in range(SIZE)]

    def some_ids(self, state, most):
        known = sorted(state, key=str)
        return self.random.sample(known, min(len(known), self.random.randint(1, most)))

    def upsert(self, request, state):
        count = self.random.choice([1, 10, 100, 300])
        places = self.random.sample(range(IDS_PER_WRITER), count)
        ids = [str(uuid.UUID(int=(self.number << 64) + place)) if place % 3 == 0 else self.number * 1_000_000 + place
               for place in places]
        return {"upsert": {"points": [
            {"id": each, "vector": self.vector(),
             "payload": {"writer": self.number, "request": request, "part": part, "of": count}}
            for part, each in enumerate(ids)]}}

    def delete(self, request, state):
        ids = self.some_ids(state, 30)
        return ids and {"delete": {"points": ids}}

    def delete_by_filter(self, request, state):
        return self.about_a_request(state, lambda filter: {"delete": {"filter": filter}})

    def set_payload(self, request, state):
        ids = self.some_ids(state, 100)
        return ids and {"set_payload": {"payload": {"touched": request}, "points": ids}}

    def set_payload_by_filter(self, request, state):
        return self.about_a_request(
            state, lambda filter: {"set_payload": {"payload": {"marked": request}, "filter": filter}})

    def update_vectors(self, request, state):
        ids = self.some_ids(state, 50)
        return ids and {"update_vectors": {"points": [{"id": each, "vector": self.vector()} for each in ids]}}

    def about_a_request(self, state, make):
        if not state:
            return None
        payload, _ = self.random.choice(list(state.values()))
        return make(of_request(self.number, payload["request"]))


def applied(state, operations):
    """The state after the operations; `state` itself stays as it is."""
    state = dict(state)
    for operation in operations:
        (name, body), = operation.items()
        match name:
            case "upsert":
                state |= {point["id"]: [point["payload"], point["vector"]] for point in body["points"]}
            case "delete":
                for each in selected(state, body):
                    state.pop(each, None)
            case "set_payload":
                for each in selected(state, body):
                    payload, vector = state[each]
                    state[each] = [payload | body["payload"], vector]
            case "update_vectors":
                state |= {point["id"]: [state[point["id"]][0], point["vector"]] for point in body["points"]}
    return state


def selected(state, body):
    if "points" in body:
        return body["points"]
    wanted = {condition["key"]: condition["match"]["value"] for condition in body["filter"]["must"]}
    return [each for each, (payload, _) in state.items() if wanted.items() <= payload.items()]


def differences(actual, expected, most=5):
    """A readable account of how two states differ."""
    lines = [f"{len(actual)} points instead of {len(expected)}"]
    for each in sorted(actual.keys() | expected.keys(), key=str):
        if actual.get(each) != expected.get(each):
            lines.append(f"  {each}: {actual.get(each)} instead of {expected.get(each)}")
    return "\n".join(lines[:most + 1] + ([f"  and {len(lines) - most - 1} more"] if len(lines) > most + 1 else []))
