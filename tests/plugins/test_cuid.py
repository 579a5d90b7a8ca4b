import pytest

from iqabench.contract import DataError


@pytest.fixture
def root(tmp_path):
    for folder in ("images", "saliency", "gaze"):
        (tmp_path / folder).mkdir()
    for name in ("images/01.png", "images/01_jpeg_1.png", "saliency/01.png", "gaze/01.csv"):
        (tmp_path / name).touch()
    return tmp_path


HEAD = "image,ref_id,reference,dist,level,mos,mos_std,saliency,fixations,note\n"


def test_every_column_of_the_manifest(root, read):
    (root / "manifest.csv").write_text(
        HEAD
        + "images/01.png,01,images/01.png,,,85,3.5,saliency/01.png,gaze/01.csv,pristine\n"
        + "images/01_jpeg_1.png,01,images/01.png,jpeg,1,40.5,4,,,\n"
    )
    table = read("cuid", root).table
    assert table["content"].tolist() == ["01", "01"]  # a name, not the number 1
    assert table["quality"].tolist() == [85, 40.5]
    assert table["mos_std"].tolist() == [3.5, 4]
    assert table["level"].isna().tolist() == [True, False]
    assert table["distortion"].isna().tolist() == [True, False]
    assert table["saliency"].dropna().tolist() == ["saliency/01.png"]
    assert table["fixations"].dropna().tolist() == ["gaze/01.csv"]
    assert "note" not in table


@pytest.mark.parametrize("column", ["ref_id", "reference"])
def test_one_of_ref_id_and_reference_is_enough(root, read, column):
    value = "x" if column == "ref_id" else "images/01.png"
    (root / "manifest.csv").write_text(f"image,mos,{column}\nimages/01_jpeg_1.png,3,{value}\n")
    assert read("cuid", root).table["content"].tolist() == [value]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("image,mos\nimages/01.png,3\n", "neither ref_id nor reference"),
        ("image,ref_id\nimages/01.png,3\n", "lacks the columns mos"),
        (
            "image,mos,ref_id,saliency\nimages/01.png,3,1,saliency/x.png\n",
            "saliency maps are missing",
        ),
        ("image,mos,ref_id,fixations\nimages/01.png,3,1,../gaze.csv\n", "leads out"),
    ],
)
def test_what_a_manifest_must_have(root, read, text, words):
    (root / "manifest.csv").write_text(text)
    with pytest.raises(DataError) as error:
        read("cuid", root)
    assert words in error.value.message
