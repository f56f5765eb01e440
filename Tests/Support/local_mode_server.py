"""The local mode of `qdrant-client`, another implementation of the interface, behind the part of REST that moving in and
out needs. What it does not keep (indexes, settings of graphs) is remembered here and told as it was given."""

import json
import threading
import urllib.parse

from json_server import JSONServer
from qdrant_client import QdrantClient, models

# What a collection that says nothing has.
DEFAULTS = {
    "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000, "max_indexing_threads": 0, "on_disk": False},
    "optimizers_config": {"deleted_threshold": 0.2, "vacuum_min_vector_number": 1000, "default_segment_number": 0,
                          "max_segment_size": None, "memmap_threshold": None, "indexing_threshold": 10000,
                          "flush_interval_sec": 5, "max_optimization_threads": None},
    "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0, "wal_retain_closed": 1},
}
PARAMS = ("vectors", "sparse_vectors", "shard_number", "replication_factor", "write_consistency_factor", "on_disk_payload")


class LocalModeServer(JSONServer):
    def __init__(self):
        super().__init__()
        self.client = QdrantClient(":memory:")
        self.lock = threading.Lock()
        self.created, self.indexes = {}, {}

    def reply(self, method, path, body):
        names = [urllib.parse.unquote(each) for each in path.partition("?")[0].strip("/").split("/")]
        with self.lock:
            try:
                result = self.perform(method, names, json.loads(body or b"{}"))
                status, answer = (404, error("not found")) if result is None else (200, {"result": result})
            except ValueError as problem:
                status, answer = 400, error(str(problem))
        return status, {}, json.dumps({**answer, "time": 0.0}).encode()

    def perform(self, method, path, body):
        """The result; None: there is no such thing."""
        match method, *path:
            case "GET", "collections":
                return {"collections": [{"name": each.name} for each in self.client.get_collections().collections]}
            case "GET", "aliases":
                return {"aliases": [plain(each) for each in self.client.get_aliases().aliases]}
            case "POST", "collections", "aliases":
                return self.client.update_collection_aliases(models.ChangeAliasesOperation(**body).actions)
            case "PUT", "collections", name:
                request = models.CreateCollection(**body)
                self.created[name], self.indexes[name] = body, {}
                return self.client.create_collection(
                    name, vectors_config=request.vectors or {}, sparse_vectors_config=request.sparse_vectors)
        _, name, *rest = path
        if not self.client.collection_exists(name):
            return None
        match method, *rest:
            case ("GET",):
                return self.describe(name)
            case ("DELETE",):
                return self.client.delete_collection(name)
            case ("PATCH",):
                self.created[name] |= {key: body[key] for key in ("strict_mode_config",) if key in body}
                return True
            case "GET", "aliases":
                return {"aliases": [plain(each) for each in self.client.get_collection_aliases(name).aliases]}
            case "PUT", "index":
                self.indexes[name][body["field_name"]] = body["field_schema"]
                return {"status": "completed"}
            case "PUT", "points":
                return plain(self.client.upsert(name, [models.PointStruct(**each) for each in body["points"]]))
            case "POST", "points":
                return [plain(each) for each in self.client.retrieve(
                    name, body["ids"], with_payload=body["with_payload"], with_vectors=body["with_vector"])]
            case "POST", "points", "count":
                return plain(self.client.count(name, exact=True))
            case "POST", "points", "scroll":
                points, following = self.client.scroll(
                    name, limit=body["limit"], offset=body.get("offset"), with_payload=body.get("with_payload", True),
                    with_vectors=body.get("with_vector", False))
                return {"points": [plain(each) for each in points], "next_page_offset": following}
            case "POST", "points", "query":
                request = models.QueryRequest(**body)
                return plain(self.client.query_points(
                    name, query=request.query, using=request.using, limit=request.limit,
                    with_payload=request.with_payload or False, search_params=request.params))
        return None

    def describe(self, name):
        created = self.created[name]
        config = {key: {**value, **created.get(key, {})} for key, value in DEFAULTS.items()}
        return {
            "status": "green", "optimizer_status": "ok", "points_count": self.client.count(name).count,
            "config": {
                "params": {"vectors": {}, "shard_number": 1, "replication_factor": 1, "write_consistency_factor": 1,
                           "on_disk_payload": True, **{key: created[key] for key in PARAMS if key in created}},
                "hnsw_config": config["hnsw_config"], "optimizer_config": config["optimizers_config"],
                "wal_config": config["wal_config"], "quantization_config": created.get("quantization_config"),
                **{key: created[key] for key in ("metadata", "strict_mode_config") if key in created}},
            "payload_schema": {field: told(schema) for field, schema in self.indexes[name].items()}}


def told(schema):
    if isinstance(schema, str):
        return {"data_type": schema, "points": 0}
    return {"data_type": schema["type"], "params": schema, "points": 0}


def plain(model):
    return model.model_dump(mode="json", exclude_none=True)


def error(text):
    return {"status": {"error": text}}
