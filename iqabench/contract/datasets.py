"""What a reader returns: the canonical score table, one row per image.

===============  ==========================================================================
column           meaning
===============  ==========================================================================
image            path below the root, with forward slashes; unique; required
mos              score as published (MOS or DMOS); required unless the card says ``none``
reference        path of the pristine picture below the root
content          group that a split may not cut; default: reference, else image
distortion       name of the distortion
level            level as the set numbers it; 1 is the weakest if levels order severity
mos_std          standard deviation of the raters' scores
raters           number of raters
official_split   ``train``, ``validation`` or ``test``
saliency         path of a saliency map that the set ships
fixations        path of a fixation file that the set ships
quality          higher is better, in the units of ``mos``; made by the harness
===============  ==========================================================================

A column that a set does not have is left out; its values are never invented. A set whose card says
``label_kind="none"`` has neither ``mos`` nor ``quality``: it serves to evaluate saliency maps, and
no quality model is run on it. If a table has the column ``reference``, ``content`` or
``official_split``, this column needs a value in every row. Other optional columns may lack values.

Some sets have versions whose scores differ in scale. For such a set, the reader stores the range of
the scores that it read in ``table.attrs["score_range"]``. This range replaces that on the card.
"""

from __future__ import annotations

REQUIRED = ("image", "mos")
UNLABELLED = ("image",)
"""Required columns of a set without quality labels, which has no ``mos``."""
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
