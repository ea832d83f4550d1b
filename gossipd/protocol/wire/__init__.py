"""The wire format: messages, and datagrams to bytes and back."""
