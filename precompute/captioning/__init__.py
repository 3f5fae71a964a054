"""Words by models: captions by a captioner or a server, probabilities by a two-tower model."""
