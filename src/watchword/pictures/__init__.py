"""Pictures of tenants and organizations: fetched once, kept, and served to their pages."""
