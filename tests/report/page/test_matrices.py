from types import SimpleNamespace

import pytest
from scipy.stats import spearmanr

from iqabench.report.evaluations import groups
from iqabench.report.page import matrices


def silent(done, total, what):
    pass


def panel(model, train, test, srocc, protocol="hold-out", labels="human"):
    """What the matrix reads of a panel."""
    row = {
        "model": model,
        "train": train,
        "test": test,
        "protocol": protocol,
        "labels": labels,
        "srocc_mean": srocc,
        "srocc_low": srocc - 0.1,
        "srocc_high": srocc + 0.1,
        "n": 40,
        "tested": 40,
    }
    return SimpleNamespace(row=row, group=SimpleNamespace(across=protocol == "cross"))


def texts(matrix):
    return {
        (model, train): [[cell.text for cell in entries] for entries in cells]
        for model, train, cells in matrix.rows
    }


def test_each_training_set_has_a_row_and_each_test_set_a_column():
    panels = [
        panel("net", "kadid", "csiq", 0.7, "cross"),
        panel("net", "csiq", "csiq", 0.9),
        panel("psnr", "-", "csiq", 0.8),
        panel("net", "kadid", "kadid", 0.95, labels="proxy"),
    ]
    made = matrices.transfer(panels)
    assert made.columns == ("csiq", "kadid (proxy labels)")
    assert texts(made) == {
        ("net", "each set"): [["0.900"], ["0.950"]],
        ("net", "kadid"): [["0.700"], ["0.950"]],  # the set itself ends the row of what it reaches
        ("psnr", "-"): [["0.800"], []],
    }
    ((_, _, cells), *_) = made.rows
    assert cells[0][0].detail == "hold-out [0.800, 1.000]"


def test_several_protocols_share_a_cell():
    ways = ((0.9, "a"), (0.8, "b"))
    panels = [panel("net", "koniq", "koniq", value, name) for value, name in ways]
    assert texts(matrices.transfer(panels)) == {("net", "each set"): [["0.900", "0.800"]]}


@pytest.mark.parametrize("value", [-0.5, 0.0, 0.5, float("nan")])
def test_shades_keep_the_sign_and_undefined_values_have_none(value):
    ((_, _, ((cell,),)),) = matrices.transfer([panel("net", "a", "a", value)]).rows
    expected = 0 if value != value else (value > 0) - (value < 0)
    assert (cell.shade > 0) - (cell.shade < 0) == expected
    assert cell.text == ("-" if value != value else f"{value:.3f}")


def test_distortions_are_columns_and_their_cells_scipys_correlations(book):
    kinds = ["blur", "noise", None] * 24
    table = book.table.assign(distortion=kinds)
    book.store.save_table("set", "1" * 16, table)
    scores = book.noisy(0.8)
    book.folds = [sorted(set(table["content"]))]
    book.add("one", scores, folds=(0,), test_hash="1" * 16)
    (made,) = matrices.distortions(groups(book.store))
    assert (made.title, made.test, made.columns) == ("set, 3-fold", "set", ("blur", "noise"))
    ((model, train, cells),) = made.rows
    assert (model, train) == ("one", "set")
    for kind, (cell,) in zip(made.columns, cells, strict=True):
        inside = table["distortion"] == kind
        expected = spearmanr(scores[inside], table["quality"][inside]).statistic
        assert cell.text == f"{expected:.3f}"


def test_a_set_without_distortions_has_no_such_matrix(book):
    book.add("one", book.noisy(0.5))
    assert matrices.distortions(groups(book.store)) == []


def test_the_verdict_on_each_pair_stands_once_in_the_better_models_row(book):
    for label, noise in (("bad", 2.0), ("good", 0.1), ("fair", 0.15)):
        book.add(label, book.noisy(noise, seed=len(label)))
    found = matrices.comparison(book.store, None, False, silent)
    (made,) = found.matrices
    names = ["good", "fair", "bad"]  # by falling SROCC
    assert (list(made.columns), [model for model, _, _ in made.rows]) == (names[1:], names[:-1])
    cells = [entries for _, _, entries in made.rows]
    assert cells[1][0] == ()  # each pair stands once
    for (cell,) in (cells[0][0], cells[0][1], cells[1][1]):
        assert cell.shade == (cell.text == "+") - (cell.text == "-")
        difference, p = cell.detail.split("\n")
        assert float(difference) > 0 and p.startswith("p ")
    assert [cells[0][1][0].text, cells[1][1][0].text] == ["+", "+"]
    assert len(found.sentences) == 3
    _, test, sentence = next(one for one in found.sentences if one[0] == "bad good")
    assert test == "set"
    assert sentence.startswith("good predicts better than bad on set")


def test_why_nothing_was_compared(book):
    book.add("one", book.noisy(0.5))
    found = matrices.comparison(book.store, None, False, silent)
    assert (found.matrices, found.sentences) == ((), ())
    assert found.notes == ("one is the only model: it takes two to compare.",)
