"""LangChain's Qdrant store on Quiver: what it does to the server, and that its answers are those of local mode."""

import asyncio
import uuid

import pytest
from qdrant_client import QdrantClient, models

pytest.importorskip("langchain_qdrant", reason="LangChain is not installed: tools/test installs it")
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_qdrant import QdrantVectorStore, RetrievalMode, SparseEmbeddings, SparseVector

import fakes
from compare import assert_same_hits

pytestmark = pytest.mark.filterwarnings("ignore")
MODES = list(RetrievalMode)
IDS = [str(uuid.UUID(int=row + 1)) if row % 2 else uuid.UUID(int=row + 1).hex for row in range(len(fakes.TEXTS))]


class Words(Embeddings):
    def embed_documents(self, texts):
        return [fakes.dense(text) for text in texts]

    def embed_query(self, text):
        return fakes.dense(text)


class Terms(SparseEmbeddings):
    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text):
        indices, values = fakes.sparse(text)
        return SparseVector(indices=indices, values=values)


def embeddings(mode):
    return {"embedding": Words() if mode != RetrievalMode.SPARSE else None,
            "sparse_embedding": Terms() if mode != RetrievalMode.DENSE else None, "retrieval_mode": mode}


def shelf(value):
    return models.Filter(must=[models.FieldCondition(key="metadata.shelf", match=models.MatchValue(value=value))])


def shown(found):
    """Documents, with their score if there is one, without what names the collection."""
    pairs = [each if isinstance(each, tuple) else (each, 0.0) for each in found]
    return [(document.page_content, document.metadata["row"], str(uuid.UUID(document.metadata["_id"])), round(score, 4))
            for document, score in pairs]


@pytest.fixture(scope="module", params=MODES, ids=[mode.value for mode in MODES])
def stores(request, client):
    """The same store on Quiver and in local mode, for tests that only read."""
    name = f"langchain_{request.param.value}"
    yield filled(name, request.param, client)
    client.delete_collection(name)


def filled(collection, mode, client):
    """Filled the way a user fills it."""
    found = []
    for each in (client, QdrantClient(":memory:")):
        dense = {"vectors_config": models.VectorParams(size=fakes.SIZE, distance=models.Distance.COSINE)}
        sparse = {"sparse_vectors_config": {"langchain-sparse": models.SparseVectorParams()}}
        each.create_collection(collection, **(dense if mode != RetrievalMode.SPARSE else {}),
                               **(sparse if mode != RetrievalMode.DENSE else {}))
        store = QdrantVectorStore(client=each, collection_name=collection, **embeddings(mode))
        documents = [Document(page_content=text, metadata=metadata) for text, metadata in zip(fakes.TEXTS, fakes.METADATA)]
        added = store.add_documents(documents, ids=IDS, batch_size=7)
        assert [uuid.UUID(each) for each in added] == [uuid.UUID(each) for each in IDS]
        found.append(store)
    return found


def agree(stores, ask, offset=0):
    """Ranks that are fused give equal scores, which come in any order; without scores the order has to agree."""
    actual, expected = (shown(ask(store)) for store in stores)
    if any(hit[3] for hit in expected):
        assert_same_hits([(hit[:3], hit[3]) for hit in actual], [(hit[:3], hit[3]) for hit in expected], "hits", offset)
    else:
        assert actual == expected
    return actual


@pytest.mark.parametrize("query", fakes.QUERIES)
def test_similarity_search(stores, query):
    found = agree(stores, lambda store: store.similarity_search_with_score(query, k=5))
    assert found and set(fakes.words(query)) & set(fakes.words(found[0][0]))
    agree(stores, lambda store: store.similarity_search_with_score(query, k=3, filter=shelf("s1")))
    agree(stores, lambda store: store.similarity_search_with_score(query, k=2, offset=1), offset=1)
    agree(stores, lambda store: store.similarity_search_with_score(query, k=9, score_threshold=found[1][3] - 1e-3))


def test_by_vector_diverse_and_as_retriever(stores):
    if stores[0].retrieval_mode == RetrievalMode.SPARSE:
        pytest.skip("LangChain needs dense vectors for these")
    vector = fakes.dense("red bicycle")
    if stores[0].retrieval_mode == RetrievalMode.DENSE:
        agree(stores, lambda store: store.similarity_search_with_score_by_vector(vector, k=4))
    agree(stores, lambda store: store.max_marginal_relevance_search("riding in the city", k=4, fetch_k=10, lambda_mult=0.3))
    agree(stores, lambda store: store.max_marginal_relevance_search_with_score_by_vector(
        vector, k=3, fetch_k=8, filter=shelf("s0")))
    agree(stores, lambda store: store.as_retriever(
        search_type="mmr", search_kwargs={"k": 2, "fetch_k": 6}).invoke("children"))


@pytest.mark.parametrize("mode", MODES)
def test_get_change_and_delete(mode, client, collection):
    stores = filled(collection, mode, client)
    for store in stores:
        assert [each.page_content for each in store.get_by_ids(IDS[:2])] == fakes.TEXTS[:2]
        store.add_texts(["a purple bicycle"], metadatas=[{"row": 0}], ids=[IDS[0]])
        assert store.get_by_ids([IDS[0]])[0].page_content == "a purple bicycle"
        assert store.delete(ids=IDS[3:6])
        assert store.get_by_ids(IDS[3:6]) == []
    agree(stores, lambda store: store.similarity_search_with_score("a purple helmet", k=20))


def test_filters(stores):
    for condition in (
            models.FieldCondition(key="metadata.price", range=models.Range(gte=2, lt=6)),
            models.FieldCondition(key="metadata.tags", match=models.MatchAny(any=["red", "none"])),
            models.FieldCondition(key="metadata.stock", match=models.MatchValue(value=3)),
            models.HasIdCondition(has_id=[uuid.UUID(each).urn.removeprefix("urn:uuid:") for each in IDS[:4]])):
        for filter in (models.Filter(must=[condition]), models.Filter(must_not=[condition])):
            assert agree(stores, lambda store: store.similarity_search_with_score("riding for children", k=18, filter=filter))


def test_async(stores):
    async def both():
        return await stores[0].asimilarity_search_with_score("winter", k=3), await stores[0].amax_marginal_relevance_search(
            "winter", k=2) if stores[0].embeddings else None
    found, _ = asyncio.run(both())
    assert shown(found) == shown(stores[0].similarity_search_with_score("winter", k=3))


@pytest.mark.parametrize("mode", MODES)
def test_from_texts_and_from_existing_collection(mode, client, server, collection):
    made = QdrantVectorStore.from_texts(
        fakes.TEXTS, metadatas=fakes.METADATA, collection_name=collection, url=server.url, distance=models.Distance.DOT,
        vector_params={"on_disk": True}, **embeddings(mode))
    assert client.count(collection).count == len(fakes.TEXTS)
    there = QdrantVectorStore.from_existing_collection(
        collection_name=collection, url=server.url, distance=models.Distance.DOT, **embeddings(mode))
    query = "a lamp for the night"
    assert shown(made.similarity_search_with_score(query)) == shown(there.similarity_search_with_score(query))
    # A second from_texts adds to what is there, or makes it anew.
    QdrantVectorStore.from_texts(["one more"], metadatas=[{"row": 99}], collection_name=collection, url=server.url,
                                 distance=models.Distance.DOT, **embeddings(mode))
    assert client.count(collection).count == len(fakes.TEXTS) + 1
    QdrantVectorStore.from_texts(["only this"], metadatas=[{"row": 1}], collection_name=collection, url=server.url,
                                 force_recreate=True, **embeddings(mode))
    assert client.count(collection).count == 1
    for store in (made, there):
        store.client.close()


def test_a_collection_that_does_not_fit_is_told(client, server, collection):
    client.create_collection(collection, vectors_config=models.VectorParams(size=3, distance=models.Distance.DOT))
    with pytest.raises(Exception, match="dimension"):
        QdrantVectorStore(client=client, collection_name=collection, embedding=Words())
    with pytest.raises(Exception, match="sparse"):
        QdrantVectorStore(client=client, collection_name=collection, sparse_embedding=Terms(), retrieval_mode=RetrievalMode.SPARSE)
