"""The server, asked what its own OpenAPI document says it can be asked."""
