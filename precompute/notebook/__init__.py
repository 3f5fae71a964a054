"""Runs from a notebook: a network and a data set as they are in memory."""
