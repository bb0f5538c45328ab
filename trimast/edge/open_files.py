"""How many files and connections a process may have open at once."""

import resource


def allow_many_open_files() -> int:
    """Takes what the system allows at most; what it starts with is often too little for a server.

    Returns:
        How many that is.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard and hard != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
