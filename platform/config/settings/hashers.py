"""Argon2id at a cost that lets a demo with a hundred people load in seconds; refused in production."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class DemoArgon2Hasher(Argon2PasswordHasher):
    time_cost = 1
    memory_cost = 8 * 1024
    parallelism = 1
