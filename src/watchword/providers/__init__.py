"""The providers this server ships with: one folder each, on the connector kit alone."""
