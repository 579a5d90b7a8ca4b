"""What plugins build with: distortions, encoders, weights, saliency, label files."""
