"""A tenant's saved set-ups of providers, their secrets sealed."""
