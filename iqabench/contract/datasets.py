"""What a reader returns: the canonical score table, one row per image.

===============  ==========================================================================
column           meaning
===============  ==========================================================================
image            path below the root, with forward slashes; unique; required
mos              score as published (MOS or DMOS); required unless the card says ``none``
reference        path of the pristine picture below the root
content          group that a split may not cut; default: reference, else image
distortion       name of the distortion
level            its level as the set numbers it, 1 the weakest where it orders them
mos_std          standard deviation of the raters' scores
raters           number of raters
official_split   ``train``, ``validation`` or ``test``
saliency         path of a saliency map the set ships
fixations        path of a fixation file the set ships
quality          higher is better, in the units of ``mos``; made by the harness
===============  ==========================================================================

Absent columns are absent, never faked. A set whose card says ``label_kind="none"`` has neither
``mos`` nor ``quality``: it judges saliency maps, and no quality model is run on it. Only a
reference, a content and an official split must be known for every row that has the column.

Where a set comes in versions whose scores differ in scale, a reader says in
``table.attrs["score_range"]`` which range the scores it read lie in; it replaces the card's.
"""

from __future__ import annotations

REQUIRED = ("image", "mos")
UNLABELLED = ("image",)
"""What is required of a set without quality labels, which has no ``mos``."""
OPTIONAL = (
    "reference",
    "content",
    "distortion",
    "level",
    "mos_std",
    "raters",
    "official_split",
    "saliency",
    "fixations",
)
PATHS = ("image", "reference", "saliency", "fixations")
"""Columns that name files below the root."""
NUMBERS = ("mos", "level", "mos_std", "raters")
MADE = ("quality",)
SPLIT_NAMES = ("train", "validation", "test")
