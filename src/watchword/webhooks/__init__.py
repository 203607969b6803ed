"""Events, told to a tenant's own servers: signed, queued, retried."""
