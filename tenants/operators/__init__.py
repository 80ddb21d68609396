"""The operators' console: the people who run the platform, in a tenant-like schema of their own."""
