"""Does this file system and this cluster keep what jughpc relies on?"""
