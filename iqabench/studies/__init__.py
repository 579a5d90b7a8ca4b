"""Studies and reproductions of papers: they make several runs and compare them."""
