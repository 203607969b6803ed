"""HTTP: parse, call a service, answer. Nothing here decides anything."""
