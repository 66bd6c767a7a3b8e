"""The shadow index: who has which release, in small signed lossy shards."""
