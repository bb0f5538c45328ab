"""Files of data directories and backups, read and made, and what people are told of them."""
