"""WHAT is computed: tasks, digests, the graph, jugfiles. Pure, but for what utils and io are for."""
