"""The distortions of KADID-10k by family; `iqabench.kit.distort` is the way in.

Every function takes a picture, its published parameter and a random generator. Pictures are
float64 RGB in [0, 1], (H, W, 3), at least 16 x 16; results have the same shape and may leave
[0, 1]: the caller clips.
"""
