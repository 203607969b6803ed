"""Organizations: groups of a tenant's users, with roles in them."""
