"""How what a use case returned looks: as text for people, and as JSON."""
