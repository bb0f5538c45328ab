"""What Trimast's own processes say to each other."""
