"""What an ERP says an invoice comes to (T-02), and what its lines come to (T-03, T-05)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_gateway.model.errors import Rejected
from invoice_gateway.model.money import round_half_up
from invoice_gateway.model.totals import (
    Item,
    Sums,
    Tax,
    TaxKey,
    Totals,
    check_totals,
    gross,
    reckoned,
)

S20 = TaxKey("S", "20")
S7 = TaxKey("S", "7")
S5 = TaxKey("S", "5.5")
ZERO = TaxKey("Z", "0")
EXEMPT = TaxKey("E", "0")
RATES = {S20: (20, 100), S7: (7, 100), S5: (55, 1000), ZERO: (0, 100), EXEMPT: (0, 100)}

NETS = st.integers(-50_000, 100_000)
ITEMS = st.lists(
    st.one_of(
        st.builds(Item, net=NETS, tax=st.sampled_from(list(RATES))),
        st.builds(
            Item,
            net=st.integers(-5_000, 0),
            tax=st.sampled_from(list(RATES)),
            allowance=st.just(value=True),
        ),
    ),
    min_size=1,
    max_size=12,
)
ROUNDING = st.integers(-99, 99)


def taxes_of(items):
    """The taxes an ERP works out for `items`, by rate in order of appearance."""
    net = {}
    for item in items:
        net[item.tax] = net.get(item.tax, 0) + item.net
    return [
        Tax(key, taxable, round_half_up(taxable * RATES[key][0], RATES[key][1]))
        for key, taxable in net.items()
    ]


def totals_of(sums, taxes, *, prepaid=0, rounding=0):
    """The header an ERP works out."""
    exclusive = sums.lines - sums.allowances + sums.charges
    tax = sum(each.amount for each in taxes)
    return Totals(
        currency="EUR",
        line_total=sums.lines,
        allowance_total=sums.allowances,
        charge_total=sums.charges,
        tax_exclusive=exclusive,
        tax_total=tax,
        tax_inclusive=exclusive + tax,
        prepaid=prepaid,
        rounding=rounding,
        payable=exclusive + tax - prepaid + rounding,
    )


def inclusive_of(items):
    """What a document over `items` comes to with its taxes."""
    return sum(tax.taxable + tax.amount for tax in taxes_of(items))


@st.composite
def documents(draw, *, owed=True, roundings=ROUNDING):
    """Items and a rounding that come to something, or (not `owed`) to less than nothing."""
    items, rounding = draw(ITEMS), draw(roundings)
    rest = draw(st.integers(0, 10_000)) if owed else draw(st.integers(-10_000, -1))
    comes_to = inclusive_of(items) + min(rounding, 0)
    if (comes_to >= 0) is not owed:
        key = draw(st.sampled_from([ZERO, EXEMPT]))
        items.insert(draw(st.integers(0, len(items))), Item(rest - comes_to, key))
    return items, rounding


@pytest.fixture
def document():
    """100 and 50 at 20 %, 30 free; 10 off, 8 for shipping; 20 prepaid, 0.40 rounded."""
    items = [
        Item(10_000, S20),
        Item(5_000, S20),
        Item(3_000, ZERO),
        Item(-1_000, S20, allowance=True),
        Item(800, S20),
    ]
    sums = Sums(lines=18_000, allowances=1_000, charges=800)
    taxes = taxes_of(items)
    return sums, items, taxes, totals_of(sums, taxes, prepaid=2_000, rounding=40)


def test_a_document_that_adds_up_passes(document):
    """Every rule holds at once."""
    sums, items, taxes, totals = document

    check_totals(sums, items, taxes, totals)

    assert totals.payable == 18_000 - 1_000 + 800 + 2_960 - 2_000 + 40


@pytest.mark.parametrize(
    ("field", "rules"),
    [
        ("line_total", ["BR-CO-10", "BR-CO-13"]),
        ("allowance_total", ["BR-CO-11", "BR-CO-13"]),
        ("charge_total", ["BR-CO-12", "BR-CO-13"]),
        ("tax_exclusive", ["BR-CO-13", "BR-CO-15"]),
        ("tax_total", ["BR-CO-14", "BR-CO-15"]),
        ("tax_inclusive", ["BR-CO-15", "BR-CO-16"]),
        ("prepaid", ["BR-CO-16"]),
        ("rounding", ["BR-CO-16"]),
        ("payable", ["BR-CO-16"]),
    ],
)
def test_each_wrong_sum_breaks_its_rules(document, field, rules):
    """One sum a cent too high: the rules it stands in are named, in order, and no others."""
    sums, items, taxes, totals = document
    wrong = replace(totals, **{field: getattr(totals, field) + 1})

    with pytest.raises(Rejected) as refused:
        check_totals(sums, items, taxes, wrong)

    assert refused.value.code == "totals-mismatch"
    assert [each.message.split(":")[0] for each in refused.value.findings] == rules
    assert refused.value.message.endswith(", ".join(rules))


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"taxable": 14_801}, ["BR-S-08"]),
        ({"amount": 2_961}, ["BR-CO-14", "BR-CO-17"]),
        ({"amount": 2_959}, ["BR-CO-14", "BR-CO-17"]),
    ],
)
def test_each_wrong_tax_breaks_its_rules(document, change, rules):
    """A taxable amount that is not that of its lines, and a tax that is not that of its rate."""
    sums, items, [first, *rest], totals = document

    with pytest.raises(Rejected) as refused:
        check_totals(sums, items, [first._replace(**change), *rest], totals)

    found = refused.value.findings
    assert [each.message.split(":")[0] for each in found] == rules
    assert found[-1].path.startswith("/InvoicePosted/Taxes/Tax[1]/")


def test_a_tax_of_a_rate_that_nothing_has_is_refused(document):
    """A taxable amount needs lines."""
    sums, items, taxes, totals = document
    stray = Tax(S7, 100, 7)

    with pytest.raises(Rejected, match="BR-CO-14, BR-S-08"):
        check_totals(sums, items, [*taxes, stray], totals)


def test_a_finding_says_what_is_there_and_what_is_right(document):
    """Place, value and the right value, for the sender to compare."""
    sums, items, taxes, totals = document

    with pytest.raises(Rejected) as refused:
        check_totals(sums, items, taxes, replace(totals, payable=1))

    [finding] = refused.value.findings
    assert finding.path == "/InvoicePosted/Totals/Payable"
    assert finding.message == "BR-CO-16: is 0.01 EUR"
    assert finding.expected == "188.00 EUR"


@pytest.mark.parametrize(
    ("taxable", "key", "amount"),
    [(10, S5, 1), (-10, S5, -1), (9, S5, 0), (250, S20, 50), (-27, S5, -1), (100, ZERO, 0)],
)
def test_a_tax_is_rounded_commercially(taxable, key, amount):
    """BR-CO-17: halves away from zero, also below zero."""
    items = [Item(taxable, key)]
    sums = Sums(taxable, 0, 0)
    taxes = [Tax(key, taxable, amount)]

    check_totals(sums, items, taxes, totals_of(sums, taxes))


@given(documents())
def test_the_lines_come_to_what_the_header_says(document):
    """T-03, I-33: amounts add up exactly, none is negative, whatever is netted and rounded."""
    items, rounding = document

    found = gross(items, taxes_of(items), rounding)

    assert len(found) == len(items)
    assert sum(each.amount for each in found) == inclusive_of(items) + min(rounding, 0)
    assert all(each.amount >= 0 for each in found)


@given(documents())
def test_allowances_and_negative_items_come_to_nothing(document):
    """What is taken off is taken off the others; itself it asks for nothing."""
    items, rounding = document

    for item, each in zip(items, gross(items, taxes_of(items), rounding), strict=True):
        if item.net <= 0:
            assert each == (0, 0)


@given(ITEMS)
def test_each_rate_carries_its_own_tax(items):
    """Where every rate comes to something, its lines carry its net and its tax, to the cent."""
    items = [*items, *(Item(700_000, key) for key in RATES)]
    taxes = taxes_of(items)

    found = gross(items, taxes, 0)

    for tax in taxes:
        mine = [each for item, each in zip(items, found, strict=True) if item.tax == tax.key]
        assert sum(each.tax for each in mine) == tax.amount
        assert sum(each.amount for each in mine) == tax.taxable + tax.amount


@given(documents(owed=False, roundings=st.integers(-99, 0)))
def test_a_document_below_zero_is_not_laid_over_lines(document):
    """T-05: less than nothing is a credit, never lines."""
    items, rounding = document

    with pytest.raises(ValueError, match="less than nothing"):
        gross(items, taxes_of(items), rounding)


@given(documents(owed=False, roundings=st.just(0)), st.integers(0, 99))
def test_a_rounding_that_lifts_a_document_out_of_the_negative_is_all_there_is(document, spare):
    """-0.03 rounded up by 0.05: the lines come to nothing, the rounding is a line of its own."""
    items, _ = document
    lift = spare - inclusive_of(items)

    assert {each.amount for each in gross(items, taxes_of(items), lift)} == {0}
    with pytest.raises(ValueError, match="less than nothing"):
        gross(items, taxes_of(items), lift - spare - 1)


def amounts(items, rounding=0):
    """The gross amounts of `items`."""
    return [each.amount for each in gross(items, taxes_of(items), rounding)]


def test_tax_is_shared_by_largest_remainder():
    """Three thirds of 0.20 tax: 7, 7, 6 cents; the tie goes to the first."""
    items = [Item(33, S20), Item(33, S20), Item(34, S20)]

    assert [each.tax for each in gross(items, taxes_of(items), 0)] == [7, 6, 7]


def test_an_allowance_is_shared_pro_rata_before_tax():
    """20.99 off 209.90 and 8.00 shipping: each positive item carries its share."""
    items = [Item(19_990, S20), Item(1_000, S20), Item(-2_099, S20, allowance=True), Item(800, S20)]

    found = gross(items, taxes_of(items), 0)

    assert [each.amount for each in found] == [21_677, 1_085, 0, 867]
    assert sum(each.amount for each in found) == 23_629


def test_a_negative_line_is_netted_inside_its_rate():
    """T-05: -10.00 at 20 % comes off the items at 20 %, not off those at 0 %."""
    assert amounts([Item(10_000, S20), Item(-1_000, S20), Item(5_000, ZERO)]) == [10_800, 0, 5_000]


def test_what_a_rate_cannot_bear_comes_off_the_others():
    """A rate below zero leaves its rest, tax included, to all that is positive, pro rata."""
    assert amounts([Item(-1_000, S20), Item(6_000, ZERO), Item(4_000, S7)]) == [0, 5_300, 3_780]


def test_a_rate_that_nets_to_nothing_asks_for_nothing():
    """Its items come to zero; the others are as they were."""
    assert amounts([Item(500, S20), Item(-500, S20), Item(100, ZERO)]) == [0, 0, 100]


def test_rounding_down_comes_off_the_lines():
    """-0.03 is spread pro rata; +0.03 is a line of its own and none of these."""
    items = [Item(10_000, ZERO), Item(5_000, ZERO)]

    assert amounts(items, -3) == [9_998, 4_999]
    assert amounts(items, 3) == [10_000, 5_000]


def test_a_document_over_nothing_is_lines_over_nothing():
    """Free items, items netted across rates, and a rounding that takes all."""
    assert amounts([Item(0, S20), Item(0, ZERO)]) == [0, 0]
    assert amounts([Item(100, ZERO), Item(-100, EXEMPT)]) == [0, 0]
    assert amounts([Item(100, ZERO)], -100) == [0]


def test_taxes_are_reckoned_once_per_category_and_rate():
    """BR-CO-17: rounded on the sum of each, in the order in which they come first."""
    s, z = TaxKey("S", "20"), TaxKey("Z", "0")

    found = reckoned([33, 10, 34, 33], [s, z, s, s])

    assert found == [Tax(s, 100, 20), Tax(z, 10, 0)]


def test_nothing_reckons_to_nothing():
    """No items, no taxes."""
    assert reckoned([], []) == []
