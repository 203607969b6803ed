"""People on the way to a provider and back, each tied to the visit that began it."""
