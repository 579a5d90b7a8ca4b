"""Work on data sets before a run: add to a catalogue, fetch, verify, describe, synthesize."""
