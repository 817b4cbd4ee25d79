"""WHERE results and claims live; everything through the ports of jughpc.fs."""
