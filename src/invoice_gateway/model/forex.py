"""What money is worth in the accounting currency: carrying values and their relief (DOMAIN §3.13).

Relief is proportional to what is left and takes all of it at the end, so nothing ever remains.
"""

from typing import NamedTuple


class Carry(NamedTuple):
    """A value in the accounting currency, in minor units; `open` is what was not relieved yet.

    `rate` is how much accounting currency one unit of the other is, as decimal text.
    """

    currency: str
    rate: str
    total: int
    open: int
