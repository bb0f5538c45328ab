"""Who is connected, when last heard of, and when to be given up."""
