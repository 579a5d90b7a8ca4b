"""Saliency maps: providers, maps and their cache, permutation, evaluation."""
