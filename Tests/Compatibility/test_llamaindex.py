"""LlamaIndex' Qdrant store on Quiver: dense and hybrid, filters of all operators, deletion, the asynchronous client."""

import asyncio
import uuid

import pytest
from qdrant_client import AsyncQdrantClient, QdrantClient, models

pytest.importorskip("llama_index.vector_stores.qdrant", reason="LlamaIndex is not installed: tools/test installs it")
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores.types import (FilterCondition, FilterOperator, MetadataFilter, MetadataFilters,
                                                  VectorStoreQuery, VectorStoreQueryMode)
from llama_index.vector_stores.qdrant import QdrantVectorStore

import fakes

pytestmark = pytest.mark.filterwarnings("ignore")
INDEXES = [{"field_name": "shelf", "field_schema": models.PayloadSchemaType.KEYWORD},
           {"field_name": "price", "field_schema": models.PayloadSchemaType.FLOAT}]


def terms(texts):
    pairs = [fakes.sparse(text) for text in texts]
    return [indices for indices, _ in pairs], [values for _, values in pairs]


def nodes():
    return [TextNode(id_=str(uuid.UUID(int=row + 1)), text=text, metadata=metadata, embedding=fakes.dense(text),
                     relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"document{row % 4}")})
            for row, (text, metadata) in enumerate(zip(fakes.TEXTS, fakes.METADATA))]


def store(collection, hybrid, **clients):
    return QdrantVectorStore(
        collection, **clients, enable_hybrid=hybrid, batch_size=5, payload_indexes=INDEXES,
        **({"sparse_doc_fn": terms, "sparse_query_fn": terms} if hybrid else {}))


def filled(collection, hybrid, client):
    found = [store(collection, hybrid, client=each) for each in (client, QdrantClient(":memory:"))]
    for each in found:
        assert each.add(nodes()) == [node.node_id for node in nodes()]
    return found


@pytest.fixture(scope="module", params=[False, True], ids=["dense", "hybrid"])
def stores(request, client):
    """The same store on Quiver and in local mode, for tests that only read."""
    name = f"llamaindex_{request.param}"
    yield filled(name, request.param, client)
    client.delete_collection(name)


def question(text, k=4, **options):
    return VectorStoreQuery(query_embedding=fakes.dense(text), query_str=text, similarity_top_k=k, **options)


def shown(answer):
    """Equal scores come in any order."""
    return sorted(zip((-round(score, 4) for score in answer.similarities), answer.ids,
                      [node.metadata["row"] for node in answer.nodes], [node.text for node in answer.nodes]))


def agree(stores, query, **options):
    actual, expected = (shown(each.query(query, **options)) for each in stores)
    assert [hit[1:] for hit in actual] == [hit[1:] for hit in expected]
    assert [hit[0] for hit in actual] == pytest.approx([hit[0] for hit in expected], abs=1e-4)
    return actual


@pytest.mark.parametrize("text", fakes.QUERIES)
def test_queries(stores, text):
    assert len(agree(stores, question(text))) == 4
    if stores[0].enable_hybrid:
        for alpha in (0.2, 0.8):
            agree(stores, question(text, mode=VectorStoreQueryMode.HYBRID, alpha=alpha, sparse_top_k=6, hybrid_top_k=5))
        found = agree(stores, question(text, mode=VectorStoreQueryMode.SPARSE, sparse_top_k=3))
        assert found and set(fakes.words(text)) & set(fakes.words(found[0][3]))


OPERATORS = [
    (FilterOperator.EQ, "shelf", "s1"), (FilterOperator.EQ, "stock", 3), (FilterOperator.EQ, "price", 2.5),
    (FilterOperator.NE, "shelf", "s1"), (FilterOperator.LT, "price", 3), (FilterOperator.LTE, "price", 3),
    (FilterOperator.GT, "stock", 2), (FilterOperator.GTE, "stock", 2), (FilterOperator.IN, "shelf", ["s0", "s2"]),
    (FilterOperator.IN, "note", "frame,city"), (FilterOperator.NIN, "shelf", ["s0", "s2"]),
    (FilterOperator.TEXT_MATCH, "note", "it"), (FilterOperator.IS_EMPTY, "missing", None),
    (FilterOperator.IS_EMPTY, "shelf", None),
]


def kept(operator, key, value):
    """The rows a filter leaves, by its definition."""
    rows = []
    for metadata in fakes.METADATA:
        field = metadata.get(key)
        match operator:
            case FilterOperator.EQ:
                passes = field == value
            case FilterOperator.NE:
                passes = field != value
            case FilterOperator.LT:
                passes = field < value
            case FilterOperator.LTE:
                passes = field <= value
            case FilterOperator.GT:
                passes = field > value
            case FilterOperator.GTE:
                passes = field >= value
            case FilterOperator.IN:
                passes = field in (value if isinstance(value, list) else value.split(","))
            case FilterOperator.NIN:
                passes = field not in value
            case FilterOperator.TEXT_MATCH:
                passes = value in field
            case FilterOperator.IS_EMPTY:
                passes = field is None
        if passes:
            rows.append(metadata["row"])
    return rows


@pytest.mark.parametrize("operator, key, value", OPERATORS, ids=[f"{each[0].name}-{each[1]}" for each in OPERATORS])
def test_operators(stores, operator, key, value):
    filters = MetadataFilters(filters=[MetadataFilter(key=key, operator=operator, value=value)])
    found = stores[0].query(question("riding for children", k=18, filters=filters))
    assert sorted(node.metadata["row"] for node in found.nodes) == kept(operator, key, value)
    by_filter = stores[0].get_nodes(filters=filters)
    assert sorted(node.metadata["row"] for node in by_filter) == kept(operator, key, value)


@pytest.mark.parametrize("condition", list(FilterCondition))
def test_combined_filters(stores, condition):
    inner = MetadataFilters(condition=FilterCondition.OR, filters=[
        MetadataFilter(key="tags", operator=FilterOperator.EQ, value="red"), MetadataFilter(key="stock", value=1)])
    filters = MetadataFilters(condition=condition, filters=[MetadataFilter(key="shelf", value="s0"), inner])
    assert agree(stores, question("riding for children", k=18, filters=filters))
    agree(stores, question("red", k=18, doc_ids=["document1", "document2"]))
    agree(stores, question("red", k=18, node_ids=[str(uuid.UUID(int=row)) for row in (1, 2, 99)]))
    agree(stores, question("red", k=18), qdrant_filters=models.Filter(must_not=[
        models.FieldCondition(key="shelf", match=models.MatchValue(value="s2"))]))


@pytest.mark.parametrize("hybrid", [False, True], ids=["dense", "hybrid"])
def test_nodes_and_deletion(hybrid, client, collection):
    stores = filled(collection, hybrid, client)
    for each in stores:
        wanted = [node.node_id for node in nodes()[:3]]
        assert {node.node_id for node in each.get_nodes(node_ids=wanted)} == set(wanted)
        each.delete("document1")
        each.delete_nodes(node_ids=wanted[:1])
        each.delete_nodes(filters=MetadataFilters(filters=[MetadataFilter(key="shelf", value="s2")]))
    agree(stores, question("riding for children", k=18))
    assert client.get_collection(collection).payload_schema["price"].data_type == models.PayloadSchemaType.FLOAT
    again = QdrantVectorStore(collection, client=client)
    assert shown(again.query(question("red"))) == shown(stores[0].query(question("red"))) or stores[0].enable_hybrid
    stores[0].clear()
    assert not client.collection_exists(collection)


@pytest.mark.parametrize("hybrid", [False, True], ids=["dense", "hybrid"])
def test_asynchronous(hybrid, client, server, collection):
    async def sequence():
        connected = AsyncQdrantClient(url=server.url, timeout=60)
        asynchronous = store(collection, hybrid, aclient=connected)
        assert await asynchronous.async_add(nodes()) == [node.node_id for node in nodes()]
        mode = VectorStoreQueryMode.HYBRID if hybrid else VectorStoreQueryMode.DEFAULT
        found = await asynchronous.aquery(question("red bicycle", mode=mode))
        await asynchronous.adelete("document0")
        await asynchronous.adelete_nodes(node_ids=[nodes()[1].node_id])
        left = await asynchronous.aget_nodes(filters=MetadataFilters(filters=[MetadataFilter(
            key="stock", operator=FilterOperator.GTE, value=0)]))
        await connected.close()
        return found, left
    found, left = asyncio.run(sequence())
    assert found.nodes[0].metadata["row"] == 0 and len(found.nodes) == 4
    assert sorted(node.metadata["row"] for node in left) == [row for row in range(18) if row % 4 and row != 1]
    assert client.count(collection).count == len(left)
