"""Tables, figures and pages, made from the records in a store alone."""
