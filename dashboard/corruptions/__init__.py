"""The sections of the page Corruptions."""
