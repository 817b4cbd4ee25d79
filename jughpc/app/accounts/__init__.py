"""What work took: of functions, workers, elements and nodes; and what to ask for next time."""
