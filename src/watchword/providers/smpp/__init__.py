"""SMPP 3.4, to any message centre (SMSC)."""
