"""Where results live: one folder per job, and the records that join jobs to protocols."""

from iqabench.store.folder import Job, Store

__all__ = ["Job", "Store"]
