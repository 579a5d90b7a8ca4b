"""What other executors' results are compared with."""

import pytest
from executed import MODELS, run

from iqabench import Spread

_MADE = []


@pytest.fixture
def serial(little, tmp_path_factory):
    """A run of the toys here, one job after the other; it is made once."""
    if not _MADE:
        _MADE.append(run(little, tmp_path_factory.mktemp("serial") / "store", MODELS, Spread()))
    return _MADE[0]
