"""What a reader returns: the canonical score table, one row per image.

===============  ==========================================================================
column           meaning
===============  ==========================================================================
image            path below the root, with forward slashes; unique; required
mos              score as published (MOS or DMOS); required
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

Absent columns are absent, never faked.
"""

from __future__ import annotations

REQUIRED = ("image", "mos")
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
MADE = ("quality",)
SPLIT_NAMES = ("train", "validation", "test")
