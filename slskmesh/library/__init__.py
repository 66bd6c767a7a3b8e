"""What we share: scan, tags, manifests, full-text index."""
