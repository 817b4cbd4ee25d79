"""What makes the documentation site of the pages beside it: Sphinx's settings, and what is written from the code."""
