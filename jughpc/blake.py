"""BLAKE2b, as hashlib has it, but without OpenSSL, which hashlib loads beside it and no worker needs."""

try:
    from _blake2 import blake2b
except ImportError:  # an interpreter that has it elsewhere
    from hashlib import blake2b

__all__ = ["blake2b"]
