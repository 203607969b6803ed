"""API resources: the APIs that access tokens are for, and the scopes they know."""
