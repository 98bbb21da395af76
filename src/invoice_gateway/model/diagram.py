"""`docs/status.md`, written from the tables of the rules: what they say is what is drawn.

`python -m invoice_gateway.model.diagram` prints the page; `make diagram` puts it in its place.
"""

import sys
from collections.abc import Iterable, Sequence
from itertools import combinations_with_replacement
from typing import Final

from .errors import IllegalMove
from .invoice import Derived, Invoice, InvoiceStatus, Kind, Line, Rule, table5
from .ledger import DisputeState
from .status import RESTORE, TABLES, Axis, Move, Shadow, Side, Status
