"""Settings: declared once in `settings`, said in layers, read as typed values; docs/configuration.md tells people."""
