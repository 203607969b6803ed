"""Amazon SNS: texts straight to a phone number."""
