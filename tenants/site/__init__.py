"""The platform's public site on the base domain: what it is, how to begin, and where one's own clinic is."""
