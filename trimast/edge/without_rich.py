"""Import this before all else in a process that writes lines to a log, and no tables for people.

structlog loads rich if it is there, for tracebacks in colour: 3 MiB of memory that nobody uses.
"""

import sys
from types import ModuleType
from typing import cast

# To Python this says that there is no such module.
sys.modules.setdefault("rich", cast(ModuleType, None))
