"""Where every resource is: free, offered, promised to a launch, or used by a task."""
