"""Messages: queued, sent once, and what became of them."""
