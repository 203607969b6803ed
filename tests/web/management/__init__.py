"""The Management API, resource by resource."""
