"""Queries, the vocabulary of a run, selections of images."""
