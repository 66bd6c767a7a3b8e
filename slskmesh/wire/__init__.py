"""What goes over the line between peers: messages, codec, frames, limits."""
