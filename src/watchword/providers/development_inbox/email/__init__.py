"""E-mails that stay on this machine."""
