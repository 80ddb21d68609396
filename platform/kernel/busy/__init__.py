"""The busy calendar of one person in several tenants of a chain, in the public schema: stretches of time and nothing else."""
