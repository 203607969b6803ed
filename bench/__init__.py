"""Whole phone sign-ins over HTTP, and what each of them costs. Run with `make bench`."""
