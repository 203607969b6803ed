"""One person's way from /oidc/auth back to the application."""
