"""WHAT is computed: tasks, digests, the graph, jugfiles. Pure: no files, no clock."""
