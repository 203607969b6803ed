"""Any provider that speaks OAuth 2.0."""
