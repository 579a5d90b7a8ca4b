"""Repositories as GitHub offers them: a listing, and files by their addresses."""

import hashlib
import json
from urllib.parse import quote

from iqabench.sets import repository
from iqabench.sets.git_trees import Listed, tree_id

NAME, COMMIT = "o/n", "c" * 40


def listed(contents):
    """The files of a repository (path -> content) as GitHub lists them."""
    return [
        Listed(
            path=path,
            mode="100644",
            type="blob",
            sha=hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest(),
            size=len(content),
        )
        for path, content in contents.items()
    ]


def answer(files, truncated=False):
    """What GitHub answers that lists these files."""
    tree = [file.model_dump() for file in files]
    return json.dumps({"tree": tree, "truncated": truncated}).encode()


def listing(tree):
    """Where the server has the listing of a tree."""
    return f"repos/{NAME}/git/trees/{tree}?recursive=1"


def address(path):
    """Where the server has a file."""
    return f"raw/{NAME}/{COMMIT}/{quote(path)}"


def offer(hub, contents, monkeypatch):
    """Put a repository on the server, and let downloads find it there; returns its tree's id."""
    monkeypatch.setattr(repository, "LISTINGS", f"{hub.url}/repos")
    monkeypatch.setattr(repository, "FILES", f"{hub.url}/raw")
    monkeypatch.setattr(repository, "PAUSE", 0)
    files = listed(contents)
    tree = tree_id(files)
    hub.files.update({address(path): content for path, content in contents.items()})
    hub.files[listing(tree)] = answer(files)
    return tree
