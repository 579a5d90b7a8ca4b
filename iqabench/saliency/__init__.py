"""Saliency maps from the plugins' providers: their cache, permutation, evaluation."""
