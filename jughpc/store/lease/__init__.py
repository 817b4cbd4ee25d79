"""How a worker proves that it lives: lives, beats, and the process that beats."""
