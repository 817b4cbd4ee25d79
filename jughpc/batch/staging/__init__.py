"""Imports off the shared file system: what an interpreter imports from, packed for the disks of nodes."""
