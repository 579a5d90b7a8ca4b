"""``python -m iqabench``: the same program as ``iqabench``."""

from iqabench.cli import main

if __name__ == "__main__":
    main()
