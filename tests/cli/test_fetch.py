"""``iqabench datasets fetch`` of the sets that have a card."""

import io

import pytest
from PIL import Image
from repositories import COMMIT, NAME, address, listing, offer

from iqabench.registry import registry

CARDS = registry().datasets.cards
PICTURES = ("ss01 (1).jpg", "ss02 (1014).JPG", "ss03 (7).jpg", "ss03 (8).jpg")


def labels(*names):
    """A label file of BIQ2021."""
    rows = [f"{name},0.{place}" for place, name in enumerate(names, 1)]
    return "\n".join(["Image Name,MOS", *rows, ""]).encode()


@pytest.fixture
def biq2021(hub, tmp_path, monkeypatch):
    """Four pictures laid out as BIQ2021 on the server, and a catalogue that names them."""
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), (90, 120, 150)).save(stream, "jpeg")
    contents = {f"Images/{name}": stream.getvalue() for name in PICTURES} | {
        "Train (Images and MOS).csv": labels(*PICTURES[:1], *PICTURES[2:]),
        "Test (Images and MOS).csv": labels("ss02 (1014).jpg"),
        "README.md": b"read me",
    }
    tree = offer(hub, contents, monkeypatch)
    card = CARDS["biq2021"].repository.model_dump() | {
        "name": NAME,
        "commit": COMMIT,
        "tree": tree,
        "paths": list(CARDS["biq2021"].repository.paths),
    }
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))
    catalog = tmp_path / "c.yaml"
    catalog.write_text(f"datasets:\n  biq2021: {{repository: {card}}}\n")
    return catalog, listing(tree)


def test_the_sets_that_can_be_fetched():
    assert {name for name, card in CARDS.items() if card.fetched} == {"biq2021", "biq2021-by-scene"}


@pytest.mark.parametrize("name", sorted(name for name, card in CARDS.items() if not card.fetched))
def test_every_other_set_says_what_to_do(iqabench, name):
    code, printed, said = iqabench("datasets", "fetch", name, "--quiet")
    card = CARDS[name]
    assert (code, printed, len(said)) == (2, "", 2)
    assert f"'{name}'" in said[0]
    if card.builder is not None:
        parts = ["run", name]
    elif card.homepage:
        parts = [card.homepage, f"terms: {card.licence}", f"datasets add {name} --root FOLDER"]
    else:
        parts = ["docs/datasets.md"]
    for part in parts:
        assert part in said[1]


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_a_repository_is_fetched_after_its_terms_are_said(iqabench, biq2021, tmp_path, quiet):
    catalog, _ = biq2021
    words = ("datasets", "fetch", "biq2021", "--root", tmp_path / "here", "--catalog", catalog)
    code, printed, said = iqabench(*words, *quiet)
    assert (code, said[-1]) == (0, f"wrote {catalog}")
    assert "images" in printed
    size = sum(path.stat().st_size for path in (tmp_path / "here").rglob("*[gGv]"))
    about = f"6 files ({size / 1e6:.1f} MB) of https://github.com/o/n at ccccccc"
    card = CARDS["biq2021"]
    assert f"{card.title}: {about}" in said
    assert f"terms: {card.licence}" in said
    assert f"cite: {card.citation}" in said
    assert not (tmp_path / "here" / "README.md").exists()
    code, printed, _ = iqabench("datasets", "show", "biq2021", "--catalog", catalog)
    assert (code, "o/n at ccccccc" in printed) == (0, True)
    code, _, said = iqabench(*words, *quiet)  # again: all is there
    assert (code, said[-1]) == (0, f"wrote {catalog}")
    assert f"terms: {card.licence}" not in said


def test_a_set_that_was_not_fetched_yet_says_how(iqabench, biq2021):
    catalog, _ = biq2021
    code, _, said = iqabench("datasets", "verify", "biq2021", "--catalog", catalog)
    assert (code, said[1].endswith(", or `iqabench datasets fetch biq2021`")) == (2, True)


@pytest.mark.parametrize("status", [403, 404, 429, 500])
def test_what_fails_is_one_line_and_a_hint(iqabench, biq2021, hub, tmp_path, status):
    catalog, where = biq2021
    before = catalog.read_text()
    hub.refused[where] = (status, {})
    words = ("datasets", "fetch", "biq2021", "--root", tmp_path / "here", "--catalog", catalog)
    code, printed, said = iqabench(*words, "--quiet")
    assert (code, printed) == (2, "")
    assert [line.partition(": ")[0] for line in said] == ["error", "hint"]
    assert catalog.read_text() == before
    assert not (tmp_path / "here").exists()


def test_a_file_that_stays_wrong_leaves_the_catalogue_as_it_is(iqabench, biq2021, hub, tmp_path):
    catalog, _ = biq2021
    before = catalog.read_text()
    hub.files[address("Images/ss01 (1).jpg")] = b"?"
    words = ("datasets", "fetch", "biq2021", "--root", tmp_path / "here", "--catalog", catalog)
    code, _, said = iqabench(*words)
    assert (code, "Images/ss01 (1).jpg: what came has another content" in said[-2]) == (2, True)
    assert catalog.read_text() == before
