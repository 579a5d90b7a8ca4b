"""Tables and pictures made from the store alone."""
