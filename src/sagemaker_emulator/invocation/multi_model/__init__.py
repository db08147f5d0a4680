"""Multi-model containers: their models are fetched, loaded, kept by recent use, and unloaded while they serve."""
