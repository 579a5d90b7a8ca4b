"""Nothing damaged is used: each file of a store and a cache is damaged in turn."""

import random

import pytest
from tampering import build, case, chosen

NUMBER = 40


def test_what_is_damaged_is_not_used_and_is_made_again(toy, little, tmp_path, one_thread):
    with pytest.MonkeyPatch.context() as patch:
        names = [f"c{content}_{level}.png" for content in range(9) for level in (1, 2, 3, 4)]
        world = build(
            tmp_path,
            little.catalog,
            names,
            lambda place: patch.setenv("IQABENCH_CACHE", str(place)),
        )
        draw = random.Random(1)
        bad = []
        for path, manner in chosen(world, NUMBER):
            found = case(world, path, manner, draw)
            if not found.good:
                bad.append(found)
            world.restore()
        assert bad == []
