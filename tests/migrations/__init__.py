"""Migrations: from nothing to the newest schema, with data, on both databases."""
