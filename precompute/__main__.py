"""``python -m precompute COMMAND`` in a checkout: the same as ``fieldmarks COMMAND``."""

import sys

from fieldmarks.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
