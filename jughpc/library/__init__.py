"""jug's library: what jugfiles import besides tasks; it may touch files and clocks, as tasks may not."""
