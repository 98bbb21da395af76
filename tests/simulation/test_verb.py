"""`invoice-gateway simulate`: tables, JSON, and what it will not do."""

import pytest

from invoice_gateway.cli import simulate
from invoice_gateway.simulation.runner import Broken
from tests.cli.conftest import Cli
from tests.simulation.test_days import simulated

SHORT = ("simulate", "--days", 6, "--accounts", 10)


def test_it_prints_what_came_of_it(ok: Cli):
    """Messages, money, states, what time did, disputes, refusals; then speed and hash."""
    said = ok(*SHORT, "--seed", 4)

    for title in ("Messages", "Money", "How things stand", "What time brought about", "Disputes"):
        assert f"{title}\n" in said.out
    assert "state hash" in said.out
    assert "messages per second" in said.out
    assert said.err == ""


def test_json_says_the_same_for_the_same_seed(ok: Cli):
    """But for the seconds; another seed says something else."""
    first, again, other = (ok(*SHORT, "--seed", seed, "--json").json for seed in (4, 4, 5))

    assert first["tables"] == again["tables"]
    assert first["state hash"] == again["state hash"] != other["state hash"]
    assert first["checks"] == 7


def test_a_database_may_be_named_if_it_is_empty(ok: Cli, cli: Cli, tmp_path):
    """Then it stays, to be looked at; made-up business is mixed with no other."""
    url = f"sqlite:///{tmp_path / 'made-up.db'}"
    ok(*SHORT, "--database-url", url)

    assert "the books are sound" in ok("audit", "--database-url", url).out
    assert "is in use; name an empty database" in cli(*SHORT, "--database-url", url).error


@pytest.mark.parametrize("json", [True, False])
def test_what_breaks_is_told_with_its_day(cli: Cli, monkeypatch, *, json: bool):
    """Exit code 1, the day, and each breach."""

    class Doomed(simulate.Simulation):
        """A simulation whose database somebody changes on the third day."""

        def check(self):
            if self.day == 3:
                raise Broken(self.world.today, ["I-06: INV-1: 7 are open, 8 are pending"])
            return super().check()

    monkeypatch.setattr(simulate, "Simulation", Doomed)
    said = cli(*SHORT, *(["--json"] if json else []))

    assert said.code == 1
    assert "2027-01-03" in said.out
    assert "7 are open, 8 are pending" in said.out


def test_rest_and_run_need_no_command_line(databases):
    """A simulation can be driven by a program, a day at a time."""
    with simulated(databases.new(), days=1, accounts=3) as simulation:
        simulation.run(2)
        simulation.rest(1)

    assert simulation.day == 3
