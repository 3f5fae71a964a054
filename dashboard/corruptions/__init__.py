"""The sections of the page Robustness."""
