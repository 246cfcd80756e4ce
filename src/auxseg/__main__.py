"""`python -m auxseg`."""

import sys

from auxseg.cli.main import main

sys.exit(main())
