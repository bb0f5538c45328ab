"""What a task may use of its machine, decided from what it asks for."""
