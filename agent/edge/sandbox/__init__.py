"""The directories of tasks: made, read, kept small, thrown away; and the volumes beside them."""
