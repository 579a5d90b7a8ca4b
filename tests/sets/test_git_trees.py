"""Ids are those that git itself prints for the same files (``git hash-object``, ``write-tree``)."""

import json

import pytest

from iqabench.contract import DataError
from iqabench.sets.git_trees import Listed, blob_id, listed_files, tree_id

CONTENTS = {"a-b": b"x", "a.txt": b"two", "a/b/c": b"three", "a/x (1).jpg": b"one"}
TREE = "9820b2472b401674b2944490d41bdc9d1479cce3"
"""``a-b`` may be executed; folder ``a`` comes after both other names, as ``a/`` would."""
ENTRIES = (
    ("a-b", "100755", "c1b0730e0133447badcfd47fd144e254807b06e1", 1),
    ("a.txt", "100644", "64c5e5885a4b06010b3a0c20edb7900dd0311025", 3),
    ("a/b/c", "100644", "1d19714ffbc272ba0da6eb419d66123c20527174", 5),
    ("a/x (1).jpg", "100644", "43dd47ea691c90a5fa7827892c70241913351963", 3),
)
FILES = [
    Listed(path=path, mode=mode, type="blob", sha=sha, size=size)
    for path, mode, sha, size in ENTRIES
]


def answer(files=FILES, truncated=False):
    """As GitHub answers: folders are listed too, and each entry has an address."""
    folder = {"path": "a", "mode": "040000", "type": "tree", "sha": "0" * 40, "url": "https://..."}
    listed = [folder, *(file.model_dump() | {"url": "https://..."} for file in files)]
    return json.dumps({"sha": TREE, "tree": listed, "truncated": truncated}).encode()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        (b"hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
        *((CONTENTS[path], sha) for path, _, sha, _ in ENTRIES),
    ],
)
def test_ids_of_files(tmp_path, content, expected):
    (tmp_path / "file").write_bytes(content)
    assert blob_id(tmp_path / "file") == expected


def test_the_id_of_a_tree_whatever_the_order_of_the_list():
    assert tree_id(FILES) == tree_id(FILES[::-1]) == TREE
    assert tree_id([]) == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git's empty tree


def test_a_listing_that_is_right():
    assert listed_files(answer(), TREE) == FILES


@pytest.mark.parametrize("change", [{"path": "a-c"}, {"mode": "100644"}, {"sha": "0" * 40}])
def test_a_listing_with_a_changed_entry_is_not_the_tree(change):
    changed = [FILES[0].model_copy(update=change), *FILES[1:]]
    with pytest.raises(DataError, match="is not the tree that was asked for"):
        listed_files(answer(changed), TREE)


@pytest.mark.parametrize("files", [FILES[1:], [*FILES, FILES[0].model_copy(update={"path": "z"})]])
def test_a_listing_with_more_or_fewer_files_is_not_the_tree(files):
    with pytest.raises(DataError, match="is not the tree that was asked for"):
        listed_files(answer(files), TREE)


@pytest.mark.parametrize("path", ["a-b", "a", "a-b/c"])
@pytest.mark.parametrize("place", [0, 4])
def test_a_second_entry_cannot_hide_behind_the_first(path, place):
    files = list(FILES)
    files.insert(place, FILES[1].model_copy(update={"path": path}))
    with pytest.raises(DataError, match="twice"):
        listed_files(answer(files), TREE)


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "a/../../x",
        "/etc/x",
        "C:/x",
        "a\\..\\x",
        "./x",
        "a//x",
        "x/",
        "",
        "a\nb",
        ".git/config",
        "sub/.GIT/hooks/post-checkout",
    ],
)
def test_paths_that_lead_elsewhere_are_refused_even_if_the_id_is_right(path):
    files = [*FILES, FILES[0].model_copy(update={"path": path})]
    with pytest.raises(DataError, match=r"leads out|no usable path"):
        listed_files(answer(files), tree_id(files))


@pytest.mark.parametrize(("mode", "kind"), [("120000", "blob"), ("160000", "commit")])
def test_links_and_inner_repositories_are_refused_even_if_the_id_is_right(mode, kind):
    files = [*FILES, FILES[0].model_copy(update={"path": "z", "mode": mode, "type": kind})]
    with pytest.raises(DataError, match="'z' is a link or another repository"):
        listed_files(answer(files), tree_id(files))


def test_a_part_of_a_listing_is_refused():
    with pytest.raises(DataError, match="only a part"):
        listed_files(answer(truncated=True), TREE)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>please log in</html>",
        b"[]",
        b'{"tree": []}',
        b'{"tree": [{"path": "a"}], "truncated": false}',
        answer().replace(b'"size": 3', b'"size": -3'),
        answer().replace(b'"sha": "6', b'"sha": "X'),
    ],
)
def test_what_is_no_listing(text):
    with pytest.raises(DataError, match="is no listing"):
        listed_files(text, TREE)
