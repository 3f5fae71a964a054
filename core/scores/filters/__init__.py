"""Metrics of the filters: their names, and their activations as predicted from captions."""
