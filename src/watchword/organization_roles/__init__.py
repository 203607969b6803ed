"""What members of organizations can be, and what that allows; all of a tenant's share them."""
