"""The options of BRISQUE and NIQE, apart from their code, which imports numerical libraries."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)


class BrisqueOptions(BaseModel):
    """What decides the features."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    features: Literal["matlab", "pypi"] = "matlab"
    """``matlab``: as in the authors' MATLAB release. ``pypi``: as in PyPI's package brisque 0.2.0,
    to whose features the published regression belongs."""

    @model_serializer(mode="wrap")
    def _plain(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Results from before this option keep their names in stores.
        return {} if self.features == "matlab" else dict(handler(self))


class NiqeOptions(BaseModel):
    """What decides the features."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    block: int = Field(96, ge=16, multiple_of=2)
    """Side of a block in pixels; published parameters hold for 96."""
