"""Calls from Python: `jughpc.submit`, and an executor whose results stay."""
