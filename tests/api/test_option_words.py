from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from iqabench import describe_model
from iqabench.api.option_words import meanings, takes


class First(BaseModel):
    kind: Literal["a", "b", "c"] = "a"
    """Of three ``kinds``,
    each with a letter."""
    share: float = Field(0.2, ge=0, lt=1)


class Second(First):
    """This is no field's."""

    share: float = Field(0.3, gt=0, le=1, description="A part of all.")
    size: int | None = None
    pair: tuple[float, float] = (0.0, 1.0)
    names: list[str] = []
    file: Path = Path("x")
    flag: bool = False


def test_what_options_take_is_told_in_words():
    assert takes(Second) == {
        "kind": "a, b or c",
        "share": "number above 0 to 1",
        "size": "whole number or none",
        "pair": "2 values, each number",
        "names": "list, each text",
        "file": "path",
        "flag": "true or false",
    }
    assert takes(First)["share"] == "number from 0 below 1"


def test_meanings_come_from_descriptions_and_from_docstrings_of_all_classes():
    assert meanings(Second) == {
        "kind": "Of three kinds, each with a letter.",
        "share": "A part of all.",
    }


def test_a_class_without_source_has_no_docstrings():
    made = {}
    exec("from pydantic import BaseModel\nclass Bare(BaseModel):\n    a: int = 1\n", made)
    assert meanings(made["Bare"]) == {} and takes(made["Bare"]) == {"a": "whole number"}


def test_a_model_tells_type_range_and_meaning_of_its_options_and_recipe():
    rows = {row["key"]: row for row in describe_model("biosiqnet-lite")}
    threshold = rows["--set biosiqnet-lite.threshold"]
    assert threshold["value"] == 120
    assert threshold["meaning"].startswith("number from 0 to 255. Saliency is high from this value")
    crops = rows["--set biosiqnet-lite.recipe.test_crops"]
    assert crops["meaning"] == "whole number from 1"
    weights = rows["needs efficientnet-lite0-imagenet"]["value"]
    assert weights == (
        "efficientnet-lite0-57934424.pth (18.0 MB), Apache-2.0, trained on imagenet-1k"
    )
