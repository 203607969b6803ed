"""GatewayAPI."""
