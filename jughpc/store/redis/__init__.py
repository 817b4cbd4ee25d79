"""The store on a redis server."""
