"""`python -m flowrun`: the same as the command `flowrun`; nothing else may live here."""

import sys

from flowrun.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
