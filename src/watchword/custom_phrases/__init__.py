"""What a tenant's pages say in its own words, and the languages that it added."""
