"""Wrong usage of `trainsweep run` ends it with a sentence."""

from typer.testing import CliRunner

from trainsweep.cli import app


def test_a_lease_that_no_holder_could_keep_is_wrong_usage():
    result = CliRunner().invoke(app, ["run", "--leader-election", "--lease-seconds", "2"])
    assert result.exit_code == 2
    assert "--lease-seconds is 2" in result.output
