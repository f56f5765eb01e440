"""The demonstration of tools/quickstart: Quiver's main job over plain HTTP, standard library only.

    quickstart_demo.py free|wait|loaded|show URL [PID]

free    0 when nobody listens at URL
wait    0 when the server at URL is ready; 1 when the process PID ends first, or after a minute
loaded  0 when the collection of products is complete
show    prints the demonstration
"""

import json
import os
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

COLLECTION = "products"
PRODUCT_COUNT = 5000
PRODUCT_NAME = "openarena"


class Server:
    def __init__(self, url):
        self.url = url
        # A proxy of the environment must not come between us and the loopback address.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(self, method, path, body=None):
        """The `result` of the answer; an error answer ends the demonstration with its text."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data=data, method=method, headers={"Content-Type": "application/json"})
        try:
            with self.opener.open(request, timeout=60) as answer:
                return json.load(answer)["result"]
        except urllib.error.HTTPError as error:
            sys.exit(f"error: {method} {path} answered {error.code}: {error.read().decode(errors='replace')}")

    def is_ready(self):
        try:
            with self.opener.open(self.url + "/readyz", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def recommend(self, product, filter, limit=5):
        """The products most like `product`, which itself is never among them."""
        return self.call("POST", f"/collections/{COLLECTION}/points/query", {
            "query": {"recommend": {"positive": [product["id"]]}},
            "filter": filter, "limit": limit, "with_payload": True,
        })["points"]

    def find(self, name):
        points = self.call("POST", f"/collections/{COLLECTION}/points/scroll", {
            "filter": {"must": [is_value("name", name)]}, "limit": 1, "with_payload": True})["points"]
        return points[0] if points else sys.exit(f"error: the sample has no product named {name!r}")

    def change_payload(self, action, body):
        method_path = {"set": "payload", "delete": "payload/delete"}[action]
        self.call("POST", f"/collections/{COLLECTION}/points/{method_path}?wait=true", body)


def is_value(key, value):
    return {"key": key, "match": {"value": value}}


def clip(text, width):
    return text if len(text) <= width else text[:width - 1] + "…"


def print_table(title, request, points):
    rows = [("score", "name", "section", "team (brand)", "what it is")]
    for point in points:
        payload = point["payload"]
        rows.append((f"{point['score']:.4f}", clip(payload["name"], 26), clip(payload["section"], 12),
                     clip(payload["team"], 26), clip(payload["summary"], 46)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    print(f"\n{title}\n  {request}\n")
    for number, row in enumerate(rows):
        print("    " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        if number == 0:
            print("    " + "  ".join("─" * width for width in widths))


def show(server):
    product = server.find(PRODUCT_NAME)
    section, team = product["payload"]["section"], product["payload"]["team"]
    same_section = is_value("section", section)
    not_sold_out = is_value("sold_out", True)
    # What an interrupted earlier run may have left behind.
    server.change_payload("delete", {"keys": ["sold_out"], "filter": {"must": [same_section]}})

    print(f"\nProduct {product['id']}: {PRODUCT_NAME} ({product['payload']['summary']}), "
          f"section {section!r}, brand {team!r}")

    in_section = {"must": [same_section]}
    print_table("1. What is like it, in its own category", f"filter: section = {section}",
                server.recommend(product, in_section))

    other_brands = {"must": [same_section], "must_not": [is_value("team", team)]}
    print_table("2. The same, from other brands only", f"filter: section = {section}, not team = {team}",
                server.recommend(product, other_brands))

    available = {"must": [same_section], "must_not": [not_sold_out]}
    before = server.recommend(product, available)
    best = before[0]
    server.change_payload("set", {"payload": {"sold_out": True}, "points": [best["id"]]})
    after = server.recommend(product, available)
    print_table(f"3. {best['payload']['name']} has just been marked as sold out: the next answer is without it",
                f"filter: section = {section}, not sold_out = true", after)
    server.change_payload("delete", {"keys": ["sold_out"], "points": [best["id"]]})

    # The tables must be true, not only printed.
    checks = {
        "the category was left": all(p["payload"]["section"] == section for p in before + after),
        "a sold-out product was recommended": best["id"] not in [p["id"] for p in after],
        "the product recommended itself": product["id"] not in [p["id"] for p in before + after],
        "fewer than five came back": len(before) == len(after) == 5,
    }
    broken = [text for text, holds in checks.items() if not holds]
    if broken:
        sys.exit("error: " + "; ".join(broken))


def wait_until_ready(server, pid):
    for _ in range(600):
        if server.is_ready():
            return True
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.1)
    return False


def is_free(server):
    address = urllib.parse.urlsplit(server.url)
    try:
        socket.create_connection((address.hostname, address.port), 1).close()
        return False
    except OSError:
        return True


def is_loaded(server):
    if not server.call("GET", f"/collections/{COLLECTION}/exists")["exists"]:
        return False
    return server.call("POST", f"/collections/{COLLECTION}/points/count", {"exact": True})["count"] == PRODUCT_COUNT


def main(action, url, pid=None):
    server = Server(url)
    match action:
        case "free":
            return 0 if is_free(server) else 1
        case "wait":
            return 0 if wait_until_ready(server, int(pid)) else 1
        case "loaded":
            return 0 if is_loaded(server) else 1
        case "show":
            show(server)
            return 0
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) >= 3 else __doc__)
