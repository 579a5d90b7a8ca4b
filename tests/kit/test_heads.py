import torch

from iqabench.kit.heads import score_layer


def test_scores_start_in_the_middle_of_the_scale():
    layer = score_layer(7)
    assert layer(torch.zeros(3, 7)).tolist() == [[0.5], [0.5], [0.5]]
    assert bool(layer.weight.any())
