"""What a tenant allows at sign-in and sign-up, and the rules between settings."""
