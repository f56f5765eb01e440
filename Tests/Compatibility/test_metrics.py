"""GET /metrics and GET /telemetry, read by strict parsers: Prometheus' text format, and the client's own models."""

import re

import pytest
from qdrant_client.http.models import TelemetryData

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (\S+)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"')
SUFFIX = {"histogram": ("_bucket", "_sum", "_count"), "gauge": ("",), "counter": ("",)}


def scrape(http, query=""):
    answer = http("GET", "/metrics" + query)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
    assert answer.text.endswith("\n")
    families, samples, family = {}, {}, None
    for line in answer.text.splitlines():
        if line.startswith("# HELP "):
            continue
        if line.startswith("# TYPE "):
            _, _, family, kind = line.split(" ")
            assert family not in families, f"{family} comes twice"
            families[family] = kind
            continue
        name, labels, value = SAMPLE.fullmatch(line).groups()
        assert name in [family + suffix for suffix in SUFFIX[families[family]]]
        series = (name, tuple(sorted(LABEL.findall(labels or ""))))
        assert series not in samples, f"{series} comes twice"
        samples[series] = float(value)
    return samples


def value(samples, name, /, **labels):
    return samples[name, tuple(sorted(labels.items()))]


@pytest.fixture
def filled(http):
    http.result("PUT", "/collections/measured", {"vectors": {"a": {"size": 4, "distance": "Dot"}}})
    http.result("PUT", "/collections/measured/points?wait=true", {"points": [
        {"id": row, "vector": {"a": [row, 1, 2, 3]}, "payload": {"n": row}} for row in range(50)]})
    yield http
    http("DELETE", "/collections/measured")


def test_metrics(filled):
    samples = scrape(filled)
    assert value(samples, "app_info", name="qdrant", version="1.19.0") == 1
    assert value(samples, "collection_points", id="measured") == 50
    assert value(samples, "collection_vectors", id="measured", vector="a") == 50
    assert value(samples, "quiver_component_bytes", collection="measured", vector="a", component="growing") == 50 * 20
    assert value(samples, "quiver_table_bytes", collection="measured", table="payload") > 0
    route = {"method": "PUT", "endpoint": "/collections/{collection_name}/points", "status": "200"}
    total = value(samples, "rest_responses_total", **route)
    buckets = [count for (name, labels), count in samples.items()
               if name == "rest_responses_duration_seconds_bucket" and set(route.items()) <= set(labels)]
    assert buckets == sorted(buckets) and buckets[-1] == total
    each = scrape(filled, "?per_collection=true")
    assert value(each, "rest_responses_total", **route, collection="measured") >= 1
    assert "measured" not in filled("GET", "/metrics?anonymize=true&per_collection=true").text


@pytest.mark.parametrize("level", range(11))
def test_telemetry(filled, level):
    result = filled.result("GET", f"/telemetry?details_level={level}&per_collection=true")
    system = result["app"].get("system")
    # The client's model is that of 1.20, which tells one thing more of the machine.
    TelemetryData.model_validate(result if system is None else {
        **result, "app": {**result["app"], "system": {**system, "container_runtime": "none"}}})
    wanted = {"id", "app", "collections", "cluster", "requests", "quota"}
    if level >= 1:
        wanted |= {"memory", "hardware", "search_pool"}
    assert set(result) == wanted
    assert ("collections" in result["collections"]) == (level >= 1)
    if level >= 4:
        found = next(each for each in result["collections"]["collections"] if each["id"] == "measured")
        local = found["shards"][0]["local"]
        assert local["num_points"] == 50
        assert sum(each["info"]["vectors_size_bytes"] for each in local["segments"]) == local["vectors_size_bytes"]


def test_parameters(http):
    assert http("GET", "/metrics?anonymize=1").status_code == 400
    assert http("GET", "/metrics?timeout=0").status_code == 422
    assert http("GET", "/telemetry?details_level=11").status_code == 422
