"""`python -m service` is the `parley` command."""

import sys

from service.cli import main

sys.exit(main())
