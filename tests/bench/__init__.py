"""How fast, compared side by side with a peer in the same run. `make bench`, never a test."""
