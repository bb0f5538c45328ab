"""What an agent writes down before it tells anyone, as values and as bytes."""
