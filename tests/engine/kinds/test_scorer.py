import torch


def test_scorers_that_are_networks_are_in_evaluation_mode(made, toy, monkeypatch, predictions):
    class Mean(torch.nn.Module):
        def __init__(self, options):
            super().__init__()

        def score(self, images):
            return images.mean((1, 2, 3)) if not self.training else images.new_tensor([torch.nan])

    monkeypatch.setattr(toy, "Scorer", Mean)
    assert predictions(made("toy-scorer"))["error"].isna().all()
