"""What every room may use: errors, phone numbers, time, ids, digests, sealing, phrases."""
