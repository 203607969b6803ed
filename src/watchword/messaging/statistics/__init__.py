"""What became of many messages: counts by day, connector, country and error."""
