"""A server's REST interface, without any client in between."""

import httpx


class REST:
    def __init__(self, url, api_key=None):
        headers = {"api-key": api_key} if api_key else {}
        self.url = url
        self.session = httpx.Client(base_url=url, timeout=120, trust_env=False, headers=headers)

    def __call__(self, method, path, body=None):
        answer = self.session.request(method, path, json=body)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()["result"]

    def collections(self):
        return sorted(each["name"] for each in self("GET", "/collections")["collections"])

    def aliases(self):
        return {each["alias_name"]: each["collection_name"] for each in self("GET", "/aliases")["aliases"]}

    def count(self, collection):
        return self("POST", f"/collections/{collection}/points/count", {"exact": True})["count"]

    def upsert(self, collection, points):
        for start in range(0, len(points), 500):
            self("PUT", f"/collections/{collection}/points?wait=true", {"points": points[start:start + 500]})

    def points(self, collection):
        """All of them by id."""
        found, offset = {}, None
        while True:
            page = self("POST", f"/collections/{collection}/points/scroll",
                        {"limit": 100, "offset": offset, "with_payload": True, "with_vector": True})
            found |= {point["id"]: point for point in page["points"]}
            offset = page["next_page_offset"]
            if offset is None:
                return found

    def description(self, collection):
        """What a copy has to have in common with it: configuration and indexes."""
        info = self("GET", f"/collections/{collection}")
        return info["config"], {
            field: {key: value for key, value in index.items() if key != "points"}
            for field, index in info["payload_schema"].items()}
