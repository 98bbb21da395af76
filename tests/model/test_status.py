"""The two automata of a line, against Appendix A of the domain rules."""

import pytest

from invoice_gateway.model.errors import IllegalMove
from invoice_gateway.model.status import NEW_AXIS, TABLES, Axis, Move, Shadow, Side, Status

from .build import LETTERS, PAIRS, axis

# Rows: customer and enterprise, N(ew), P(aid), R(eceived), D(isputed). In a cell: the pair after
# the move; `=` nothing changes, `shadow` the status stays and what it returns to changes, `x` no
# such move, `close` every disputed axis returns to its shadow.
APPENDIX_A = """
        declare  retract  open/c  confirm  reverse  open/e  close
    NN  PN       =        DN      NR       =        ND      x
    NR  PR       =        DR      =        NN       ND      x
    ND  PD       =        DD      shadow   shadow   =       close
    PN  =        NN       DN      PR       =        PD      x
    PR  =        NR       DR      =        PN       PD      x
    PD  =        ND       DD      shadow   shadow   =       close
    DN  shadow   shadow   x       DR       =        DD      close
    DR  shadow   shadow   x       =        DN       DD      close
    DD  shadow   shadow   x       shadow   shadow   =       close
"""

COLUMNS = {
    "declare": (Side.CUSTOMER, Move.DECLARE_PAID),
    "retract": (Side.CUSTOMER, Move.RETRACT_PAID),
    "open/c": (Side.CUSTOMER, Move.OPEN_DISPUTE),
    "confirm": (Side.ENTERPRISE, Move.CONFIRM_RECEIPT),
    "reverse": (Side.ENTERPRISE, Move.REVERSE_RECEIPT),
    "open/e": (Side.ENTERPRISE, Move.OPEN_DISPUTE),
}
MOVES = {side: {move for row in TABLES[side].values() for move in row} for side in Side}
RETURNS = {
    Move.DECLARE_PAID: Status.PAID,
    Move.RETRACT_PAID: Status.NEW,
    Move.CONFIRM_RECEIPT: Status.RECEIVED,
    Move.REVERSE_RECEIPT: Status.NEW,
}
OTHER = {Status.NEW: "PR", Status.PAID: "NN", Status.RECEIVED: "NN"}


def cells():
    """Every cell of the table: pair, column, what it says."""
    head, *rows = APPENDIX_A.strip().splitlines()
    for row in rows:
        pair, *said = row.split()
        for column, cell in zip(head.split(), said, strict=True):
            yield pair, column, cell


def side_of(pair, side):
    """The letter of one side in a pair."""
    return pair[0] if side is Side.CUSTOMER else pair[1]


def test_the_table_has_all_pairs():
    """Nine pairs, seven columns."""
    assert len(list(cells())) == 63
    assert {pair for pair, _, _ in cells()} == set(PAIRS)


@pytest.mark.parametrize(
    ("pair", "column", "cell"), [each for each in cells() if each[1] != "close"]
)
def test_a_move_leads_where_the_table_says(pair, column, cell):
    """One move changes one axis, and only as its row says."""
    side, move = COLUMNS[column]
    before = axis(side_of(pair, side))

    if cell == "x":
        with pytest.raises(IllegalMove, match=f"{side}: no {move} from {before.status}"):
            before.after(side, move)
    elif cell == "=":
        assert before.after(side, move) == before
    elif cell == "shadow":
        meant = RETURNS[move]
        other = OTHER[meant][0 if side is Side.CUSTOMER else 1]
        before = axis("D", shadow=other)
        assert before.after(side, move) == Axis(Status.DISPUTED, meant) != before
    else:
        untouched = Side.ENTERPRISE if side is Side.CUSTOMER else Side.CUSTOMER
        assert side_of(cell, untouched) == side_of(pair, untouched)
        assert before.after(side, move).status is LETTERS[side_of(cell, side)]


@pytest.mark.parametrize(
    ("pair", "cell"), [(each[0], each[2]) for each in cells() if each[1] == "close"]
)
def test_closing_returns_every_disputed_axis_to_its_shadow(pair, cell):
    """Each disputed axis; where nothing is disputed there is nothing to close."""
    disputed = [side for side in Side if side_of(pair, side) == "D"]
    assert bool(disputed) is (cell == "close")

    for side in Side:
        if side in disputed:
            shadow = "P" if side is Side.CUSTOMER else "R"
            after = axis("D", shadow).after(side, Move.CLOSE_DISPUTE)
            assert after == Axis(LETTERS[shadow], LETTERS[shadow])
        else:
            with pytest.raises(IllegalMove):
                axis(side_of(pair, side)).after(side, Move.CLOSE_DISPUTE)


@pytest.mark.parametrize("side", Side)
def test_joining_is_opening_on_the_other_side(side):
    """The axis of whoever joins moves exactly as if it had opened the dispute."""
    for row in TABLES[side].values():
        assert row.get(Move.JOIN_DISPUTE) == row.get(Move.OPEN_DISPUTE)


@pytest.mark.parametrize("side", Side)
def test_every_state_has_a_row_and_no_move_leads_nowhere(side):
    """Whatever a move leads to, or leaves as shadow, is a state of the same axis."""
    table = TABLES[side]
    for row in table.values():
        for target in row.values():
            if isinstance(target, Shadow):
                assert target.status in table
                assert target.status is not Status.DISPUTED
            elif isinstance(target, Status):
                assert target in table
    others = {Status.RECEIVED} if side is Side.CUSTOMER else {Status.PAID}
    assert set(table) == set(Status) - others


@pytest.mark.parametrize(
    ("side", "letter"),
    [
        (Side.CUSTOMER, "N"),
        (Side.CUSTOMER, "P"),
        (Side.ENTERPRISE, "N"),
        (Side.ENTERPRISE, "R"),
    ],
)
def test_a_dispute_opened_and_closed_is_nothing(side, letter):
    """Opening and closing with nothing in between is the identity (I-17)."""
    before = axis(letter)

    opened = before.after(side, Move.OPEN_DISPUTE)

    assert opened == Axis(Status.DISPUTED, before.status)
    assert opened.after(side, Move.CLOSE_DISPUTE) == before


@pytest.mark.parametrize("side", Side)
def test_outside_a_dispute_the_shadow_is_the_status(side):
    """From New, every sequence of three moves keeps the two together."""
    found = {NEW_AXIS}
    for _ in range(3):
        found |= {each.after(side, move) for each in found for move in TABLES[side][each.status]}

    assert all(each.status is each.shadow for each in found if each.status is not Status.DISPUTED)
    assert all(each.shadow is not Status.DISPUTED for each in found)


def test_a_side_has_no_moves_of_the_other():
    """Declarations belong to the customer, receipts to the enterprise, disputes to both."""
    both = {Move.OPEN_DISPUTE, Move.JOIN_DISPUTE, Move.CLOSE_DISPUTE}

    assert MOVES[Side.CUSTOMER] == both | {Move.DECLARE_PAID, Move.RETRACT_PAID}
    assert MOVES[Side.ENTERPRISE] == both | {Move.CONFIRM_RECEIPT, Move.REVERSE_RECEIPT}
