"""How predictions, words and heatmaps of a run change when its pictures are attacked or spoilt."""
