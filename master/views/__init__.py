"""Pictures of the state for people: read only, plain values."""
