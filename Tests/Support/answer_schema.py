"""Every answer against the schema that Qdrant's interface document gives for its operation and status.

The document is not part of this project. It is named by QUIVER_OPENAPI, or lies in a folder beside the
project; without it nothing is checked, and the summary of the run says so. Operations it does not know are counted, not judged.
"""

import json
import os
import re
from collections import Counter
from pathlib import Path

import httpx
import jsonschema_rs

ROOT = Path(__file__).resolve().parents[2]
NAME = "qdrant-openapi-1.19.json"
DOCUMENT = Path(os.environ.get("QUIVER_OPENAPI") or next(ROOT.parent.glob(f"*/{NAME}"), NAME))

# Texts, and a stream of metrics: what a document of JSON has no schema for.
JSON = "application/json"


def json_schema(node):
    """A schema of OpenAPI 3.0 in the words of JSON Schema: `nullable` becomes a type."""
    if isinstance(node, list):
        return [json_schema(each) for each in node]
    if not isinstance(node, dict):
        return node
    schema = {key: json_schema(value) for key, value in node.items() if key not in ("nullable", "example", "default")}
    if not node.get("nullable"):
        return schema
    if not schema or set(schema) <= {"description", "title"}:
        return {"type": "null"}
    return {"anyOf": [schema, {"type": "null"}]}


class AnswerSchema:
    def __init__(self, document):
        self.components = json_schema(document["components"])
        self.operations = []
        for template, methods in document["paths"].items():
            pattern = re.compile("".join(
                "[^/]+" if part.startswith("{") else re.escape(part)
                for part in re.split(r"(\{[^}]+\})", template)))
            for method, operation in methods.items():
                if "responses" in operation:
                    self.operations.append((method.upper(), pattern, template, operation["responses"]))
        self.operations.sort(key=lambda each: each[2].count("{"))
        self.validators = {}
        self.checked = Counter()
        self.undocumented = Counter()

    def operation(self, method, path):
        """The template and the responses of the operation a request is for, the one with most fixed parts first."""
        for wanted, pattern, template, responses in self.operations:
            if wanted == method and pattern.fullmatch(path):
                return template, responses
        return None, None

    def violation(self, method, path, status, content_type, body):
        """What is wrong with this answer, or None."""
        template, responses = self.operation(method, path.rstrip("/") or "/")
        if template is None:
            self.undocumented[method, path] += 1
            return None
        name = f"{method} {template} {status}"
        self.checked[f"{method} {template}"] += 1
        # A status the document does not name is an error and has the form of one.
        described = responses.get(str(status)) or responses.get(f"{status // 100}XX") or responses.get("default")
        if described is None:
            return f"{name}: no such status in the document" if status < 500 else None
        kinds = described.get("content")
        if not kinds:
            return None
        kind = content_type.partition(";")[0].strip().lower()
        if kind not in kinds:
            return f"{name}: the content type is {content_type!r}, not {' or '.join(kinds)}"
        if kind != JSON:
            return None
        try:
            answer = json.loads(body)
        except ValueError as problem:
            return f"{name}: {problem}: {body[:200]!r}"
        validator = self.validator(method, template, described, kinds[kind]["schema"])
        problems = [f"{'/'.join(map(str, each.instance_path))}: {each.message[:300]}"
                    for each in validator.iter_errors(answer)]
        return f"{name}: {'; '.join(problems)[:900]}\n  answer: {body[:600]!r}" if problems else None

    def validator(self, method, template, described, schema):
        key = method, template, id(described)
        if key not in self.validators:
            self.validators[key] = jsonschema_rs.validator_for(
                {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": self.components,
                 **json_schema(schema)})
        return self.validators[key]


class Watch:
    """Reads along with every httpx client of this process."""

    def __init__(self):
        self.schema = AnswerSchema(json.loads(DOCUMENT.read_text())) if DOCUMENT.is_file() else None
        self.violations = []
        self.recorded = None  # Requests as (method, path, body), while a list stands here.

    def look(self, response):
        if self.recorded is not None:
            self.recorded.append((response.request.method, response.request.url.raw_path.decode(),
                                  response.request.content.decode(errors="replace")))
        if self.schema is None or not response.is_stream_consumed or not response.is_closed:
            return
        request = response.request
        found = self.schema.violation(
            request.method, request.url.path, response.status_code, response.headers.get("content-type", ""), response.content)
        if found:
            self.violations.append(found)

    def install(self):
        """The methods of the class, not event hooks: the clients under test make their own httpx clients."""
        send, send_async = httpx.Client.send, httpx.AsyncClient.send

        def watched(client, *arguments, **named):
            response = send(client, *arguments, **named)
            self.look(response)
            return response

        async def watched_async(client, *arguments, **named):
            response = await send_async(client, *arguments, **named)
            self.look(response)
            return response

        httpx.Client.send, httpx.AsyncClient.send = watched, watched_async
        return self

    def taken(self):
        """The violations since the last call; each is reported once."""
        found, self.violations = self.violations, []
        return list(dict.fromkeys(found))

    def summary(self):
        if self.schema is None:
            return f"answers were not checked against Qdrant's schema: there is no {DOCUMENT} (QUIVER_OPENAPI)"
        return f"{self.schema.checked.total()} answers of {len(self.schema.checked)} operations were checked against " \
               f"Qdrant's schema, {self.schema.undocumented.total()} were of operations it does not know"
