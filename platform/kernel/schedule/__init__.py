"""The index over everything that is due, in the public schema: where the tick looks before it wakes a tenant."""
