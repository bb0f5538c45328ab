"""When which machines will be away, and how far their frameworks have made room."""
