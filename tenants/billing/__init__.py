"""Plans, seats and payment of a chain."""
