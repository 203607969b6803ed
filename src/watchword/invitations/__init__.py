"""Invitations to organizations: by text message or e-mail, accepted by whoever has the number."""
