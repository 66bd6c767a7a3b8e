"""`python -m slskmesh` is the `slskmesh` command."""

import sys

from slskmesh.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
