"""Tables, splits, pictures and batches."""
