"""How predictions, attributes and heatmaps change when images are attacked or corrupted."""
