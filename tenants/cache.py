"""Cache keys that no other tenant can reach."""

from django.db import connection


def tenant_key(key: str, key_prefix: str, version: int) -> str:
    """Prefix a key with the schema it belongs to."""
    return f"{connection.schema_name}:{key_prefix}:{version}:{key}"
