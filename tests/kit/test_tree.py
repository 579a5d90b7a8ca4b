import os

import pytest

from iqabench.contract import DataError
from iqabench.kit.tree import Tree, links_into


@pytest.fixture
def root(tmp_path):
    """A tree beside a folder it must not look into."""
    folder = tmp_path / "set"
    (folder / "Images" / "deep").mkdir(parents=True)
    (folder / "Images" / "a.png").touch()
    (folder / "Images" / "deep" / "b c.png").touch()
    (folder / "top.csv").touch()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.png").touch()
    return folder


def test_files_are_found_by_their_exact_names(root):
    tree = Tree(root)
    for name in ("top.csv", "Images/a.png", "Images/deep/b c.png"):
        assert tree.has(name)
        assert tree.path(name) == root / name
    for name in ("", "Images", "Images/deep", "images/a.png", "Images/A.png", "Images/a.png/x"):
        assert not tree.has(name)
        with pytest.raises(FileNotFoundError) as error:
            tree.path(name)
        assert error.value.filename == str(root / name)
    assert not Tree(root / "nowhere").has("a")


@pytest.mark.parametrize(
    "name",
    [
        "../outside/secret.png",
        "Images/../../outside/secret.png",
        "Images/..",
        "..",
        "/etc/passwd",
        "C:/secret.png",
        "Images\\a.png",
        "Images/a\0.png",
        "Images/\ud800.png",
    ],
)
def test_names_that_lead_out_or_nowhere_are_refused(root, name):
    for ask in (Tree(root).has, Tree(root).path, Tree(root).spelled):
        with pytest.raises(DataError) as error:
            ask(name)
        assert error.value.hint
        error.value.message.encode()


def test_an_absolute_path_is_refused_even_where_it_lies_below_the_root(root):
    with pytest.raises(DataError, match="leads out"):
        Tree(root).has(str(root / "top.csv"))


def test_names_with_dots_are_names(root):
    (root / "..png").touch()
    (root / "a..b.png").touch()
    assert Tree(root).has("..png")
    assert Tree(root).has("a..b.png")


def test_links_within_the_root_are_followed(root):
    (root / "link.png").symlink_to("Images/a.png")
    (root / "more").symlink_to(root / "Images" / "deep")
    (root / "back").symlink_to("more/../a.png")
    (root / "nothing.png").symlink_to("Images/none.png")
    (root / "loop.png").symlink_to("loop.png")
    tree = Tree(root)
    assert tree.has("link.png")
    assert tree.has("more/b c.png")
    assert tree.has("back")  # .. of the folder the link names, not of the link's
    assert not tree.has("nothing.png")
    assert not tree.has("loop.png")


@pytest.mark.parametrize("target", ["../outside", "absolute"])
def test_links_that_leave_the_root_are_refused(root, target):
    outside = root.parent / "outside"
    where = outside if target == "absolute" else target
    (root / "folder").symlink_to(where)
    (root / "file.png").symlink_to(f"{where}/secret.png")
    for name in ("folder/secret.png", "folder/none.png", "file.png"):
        with pytest.raises(DataError, match="leads out"):
            Tree(root).has(name)


def test_links_may_lead_into_a_stated_folder_and_no_further(root, tmp_path):
    outside = tmp_path / "outside"
    (root / "folder").symlink_to(outside)
    (root / "file.png").symlink_to(outside / "secret.png")
    (tmp_path / "other.png").touch()
    (root / "further.png").symlink_to(tmp_path / "other.png")
    (outside / "on").symlink_to(tmp_path / "other.png")
    with links_into(outside):
        tree = Tree(root)
    assert tree.has("file.png")
    assert tree.path("folder/secret.png") == root / "folder" / "secret.png"
    assert tree.has("Images/a.png")
    for name in ("further.png", "folder/on"):
        with pytest.raises(DataError, match="leads out") as error:
            tree.has(name)
        assert "links: DIR" in error.value.hint
    with pytest.raises(DataError, match="leads out"):
        Tree(root).has("file.png")


E_ACUTE = ("\u00e9", "e\u0301")
"""The letter in Unicode's forms C and D, as its code charts give them."""


@pytest.mark.parametrize(("asked", "there"), [E_ACUTE, E_ACUTE[::-1]])
def test_the_unicode_forms_of_a_name_are_one_name(root, asked, there):
    (root / f"s{there}t").mkdir()
    (root / f"s{there}t" / f"caf{there}.png").touch()
    tree = Tree(root)
    name, real = f"s{asked}t/caf{asked}.png", f"s{there}t/caf{there}.png"
    assert tree.has(name)
    assert tree.written(name) == real
    assert tree.path(name) == root / real
    assert tree.spelled(name.upper()) == real
    assert not tree.has(f"s{asked}t/cafe.png")
    assert tree.written(f"s{asked}t/{asked}") == f"s{there}t/{asked}"


def test_an_exact_form_wins_and_two_others_are_refused(root):
    """The Angstrom sign, the letter, and the letter with a ring are one name in three forms."""
    sign, letter, ring = "\u212b", "\u00c5", "A\u030a"
    for name in (letter, ring):
        (root / name).touch()
    tree = Tree(root)
    assert (tree.written(letter), tree.written(ring)) == (letter, ring)
    with pytest.raises(DataError, match="2 files differ in the Unicode form"):
        tree.has(sign)


def test_the_root_may_be_a_link(root, tmp_path):
    (tmp_path / "alias").symlink_to(root)
    tree = Tree(tmp_path / "alias")
    assert tree.has("Images/a.png")
    assert tree.path("top.csv") == tmp_path / "alias" / "top.csv"


def test_a_folder_is_listed_once_and_nothing_outside(root, monkeypatch):
    (root / "folder").symlink_to("../outside")
    listed = []
    scan = os.scandir

    def watched(path):
        listed.append(str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", watched)
    tree = Tree(root)
    for number in range(50):
        tree.has(f"Images/{number}.png")
    with pytest.raises(DataError):
        tree.has("folder/secret.png")
    assert listed == [str(root), str(root / "Images")]


def test_spelling_follows_the_disk(root):
    tree = Tree(root)
    assert tree.spelled("IMAGES/A.PNG") == "Images/a.png"
    assert tree.spelled("images/DEEP/B C.png") == "Images/deep/b c.png"
    assert tree.spelled("Images/a.png") == "Images/a.png"
    assert tree.spelled("images/none.png") == "Images/none.png"
    assert tree.spelled("none/a.png") == "none/a.png"


def test_an_exact_name_wins_over_others_of_another_case(root):
    (root / "Images" / "A.png").touch()
    tree = Tree(root)
    assert tree.spelled("Images/A.png") == "Images/A.png"
    assert tree.spelled("Images/a.png") == "Images/a.png"
    with pytest.raises(DataError, match=r"A\.png and a\.png differ in case only"):
        tree.spelled("Images/a.PNG")


def test_a_folder_that_cannot_be_listed_is_named(root, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=r"cannot list .*: Permission denied"):
        Tree(root).has("top.csv")
