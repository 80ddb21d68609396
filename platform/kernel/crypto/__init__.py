"""Encrypted fields and blind indexes: what a thief of the database must not read, and how it is found all the same."""

from kernel.crypto.blind import blind_candidates, blind_index, normalise
from kernel.crypto.cipher import DecryptionFailed, KeyUnavailable, open_text, seal_text
from kernel.crypto.fields import BlindIndexField, EncryptedTextField, IndexedModel, SealedText

__all__ = [
    "BlindIndexField",
    "DecryptionFailed",
    "EncryptedTextField",
    "IndexedModel",
    "KeyUnavailable",
    "SealedText",
    "blind_candidates",
    "blind_index",
    "normalise",
    "open_text",
    "seal_text",
]
