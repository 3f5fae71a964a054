"""``python -m precompute COMMAND`` in a checkout: the same as ``fieldmarks COMMAND``."""

import sys

from fieldmarks.__main__ import main

if __name__ == "__main__":
    words = sys.argv[1:]
    # this way of calling it computes: the dashboard is opened by `streamlit run`
    sys.exit(main([*words, "--build"] if words[:1] == ["demo"] else words))
