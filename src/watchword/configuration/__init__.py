"""Every configuration write: checked, versioned, audited, undone."""
