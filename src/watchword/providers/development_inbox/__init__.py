"""Messages that stay on this machine."""
