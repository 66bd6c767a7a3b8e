"""Local-first fairness: standing of peers, blocks, trust."""
