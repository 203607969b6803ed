"""The tenant's own SMS service, called over HTTP."""
