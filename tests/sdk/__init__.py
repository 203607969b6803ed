"""Our connectors and the providers' own packages send the same message."""
