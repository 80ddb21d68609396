"""What can be seen of the running product from outside: request ids, logs, errors, figures, health. Never people."""
