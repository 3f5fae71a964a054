"""The score board of a run: each measure in a file, put together by `evaluation`."""
