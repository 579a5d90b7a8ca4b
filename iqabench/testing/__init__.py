"""For authors of plugins: checks of the contract, and templates.

A plugin's own test is one line::

    from iqabench.testing import model_contract


    def test_contract():
        model_contract("my-model")
"""

from __future__ import annotations

from iqabench.testing.contracts import (
    BrokenContractError,
    dataset_contract,
    model_contract,
    saliency_contract,
)

__all__ = ["BrokenContractError", "dataset_contract", "model_contract", "saliency_contract"]
