"""What an allocator remembers about inverse offers."""
