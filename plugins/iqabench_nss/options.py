"""The options of NIQE, apart from its code so that reading them imports no numerical library."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class NiqeOptions(BaseModel):
    """What decides the features."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    block: int = Field(96, ge=16, multiple_of=2)
    """Side of a block in pixels; published parameters hold for 96."""
