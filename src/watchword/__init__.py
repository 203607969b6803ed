"""Watchword: a sign-in server for phone numbers."""
