"""Data sets of a few contents for every test of protocols."""

import pandas as pd
import pytest

from iqabench.contract import DatasetCard, Protocol
from iqabench.data.tables import Dataset, canonical

FOLDS = Protocol(kind="k-fold", folds=4, seeds=1)


@pytest.fixture
def dataset(tmp_path):
    """Makes a data set of given contents, two files each; no file is a picture.

    Its protocol is four folds.
    """

    def make(name="set", contents=8, protocol=FOLDS, references=True, folder="here", **columns):
        root = tmp_path / folder / name
        root.mkdir(parents=True, exist_ok=True)
        rows = []
        for number in range(contents):
            (root / f"c{number}.png").write_bytes(b"pristine %d" % number)
            for level in (1, 2):
                image = f"c{number}_{level}.png"
                (root / image).write_bytes(b"%d at %d" % (number, level))
                rows.append({"image": image, "content": f"c{number}", "mos": float(level)})
                if references:
                    rows[-1]["reference"] = f"c{number}.png"
        card = DatasetCard(name=name, title=name, reader="a:b", protocol=protocol)
        return Dataset(card, root, canonical(pd.DataFrame(rows).assign(**columns), card, root))

    return make
