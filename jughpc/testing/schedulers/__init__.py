"""The parts of the contract that every scheduler meets; `jughpc.testing.schedulercontract` has it whole."""
