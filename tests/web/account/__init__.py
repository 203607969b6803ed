"""A person's own account, by the API and by the pages."""
