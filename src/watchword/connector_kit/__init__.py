"""All that a provider may import: models, errors, config, templates, the client and the bases."""
