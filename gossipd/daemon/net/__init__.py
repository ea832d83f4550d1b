"""UDP: sockets, and the networks that discovery calls into."""
