"""What a plugin may build with: distortions, encoders, weights, saliency maps and losses."""
