"""Sinch SMS."""
