"""What must always hold, walked through the assembled server."""
