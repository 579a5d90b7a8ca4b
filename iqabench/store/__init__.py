"""Where results live: a folder per job, typed records, and what identifies a job."""

from iqabench.store.folder import Job, Store

__all__ = ["Job", "Store"]
