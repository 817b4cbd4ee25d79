"""`python -m jughpc.config FILE`: write the table of settings into a page of the documentation."""

import sys
from pathlib import Path

from jughpc.config.table import with_table

for name in sys.argv[1:]:
    page = Path(name)
    page.write_text(with_table(page.read_text()))
