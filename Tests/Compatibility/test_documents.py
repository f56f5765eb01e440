"""The documents speak of what is there: links lead somewhere, and the names of the code they use exist."""

import re

import pytest

from quiver_server import ROOT

DOCUMENTS = ["README.md", "CHANGELOG.md", "Benchmarks/README.md", "Tests/README.md",
             *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
NAMES_OF_OTHERS = {"QdrantClient", "mmap", "MDB_NOSYNC", "MDB_NOMETASYNC", "MDB_WRITEMAP"}


def text_of(document):
    return (ROOT / document).read_text()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links(document):
    for target in re.findall(r"\]\(([^)#]+)\)", text_of(document)):
        if "://" not in target:
            assert ((ROOT / document).parent / target).exists(), f"{document} links to {target}"


@pytest.mark.parametrize("document", ["docs/ARCHITECTURE.md", "docs/DECISIONS.md"])
def test_names(document):
    """Every type, member and file that stands in code font, except in code blocks, is found in the sources."""
    files = [path for folder in ("Sources", "Tests", "Benchmarks", "tools") for path in (ROOT / folder).rglob("*")
             if path.is_file() and path.suffix in {".swift", ".c", ".h", ".cpp", ".hpp", ".py", ".modulemap", ""}]
    known = {path.name for path in files} | {folder.name for folder in (ROOT / "Sources").rglob("*")}
    words = set(re.findall(r"\w+", "\n".join(path.read_text(errors="ignore") for path in [*files, ROOT / "Package.swift"])))
    prose = re.sub(r"^```.*?^```$", "", text_of(document), flags=re.MULTILINE | re.DOTALL)
    missing = []
    for code in re.findall(r"`([^`\n]+)`", prose):
        if re.fullmatch(r"[\w+]+\.(swift|c|h|py)", code):
            if code not in known:
                missing.append(code)
        elif re.fullmatch(r"[A-Za-z_][\w.]*(\([\w:]*\))?\??", code):
            missing += [word for word in re.findall(r"\w+", code) if word not in words | known | NAMES_OF_OTHERS]
    assert not missing
