"""The functions of the public API, one file per subject. ``iqabench`` exports them by name."""
