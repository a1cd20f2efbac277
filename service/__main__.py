"""`python -m service` is the `parley` command."""

import sys

from service.commands.main import main

sys.exit(main())
