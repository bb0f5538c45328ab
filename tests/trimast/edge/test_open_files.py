"""A server takes as many open files as the system lets it have."""

import resource
import subprocess
import sys

SCRIPT = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 500))
from trimast.edge.open_files import allow_many_open_files
assert allow_many_open_files() == 500
assert resource.getrlimit(resource.RLIMIT_NOFILE) == (500, 500)
assert allow_many_open_files() == 500
"""


def test_what_is_allowed_at_most_is_taken() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert hard == resource.RLIM_INFINITY or hard >= 500
    subprocess.run([sys.executable, "-c", SCRIPT], check=True, timeout=30)
