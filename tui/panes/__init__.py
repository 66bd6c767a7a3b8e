"""The panes: Search, Swarm, Peers, Settings."""
