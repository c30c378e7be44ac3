"""The commands that serve the simulated providers of this package. Their plugins lead here."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from trainsweep_devtools.simulators.keys import Key
from trainsweep_devtools.simulators.loading import Scenario, ScenarioError, load_scenario
from trainsweep_devtools.simulators.modelarts import ModelArtsScenario, ModelArtsSimulator
from trainsweep_devtools.simulators.qianfan import QianfanScenario, QianfanSimulator
from trainsweep_devtools.simulators.server import serve
from trainsweep_devtools.simulators.simulator import Simulator

Host = Annotated[str, typer.Option(help="Address to listen on. /_sim/ answers to this machine only.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")]
AccessKey = Annotated[str, typer.Option(help="Access key that is good; empty: those of the scenario.")]
SecretKey = Annotated[str, typer.Option(help="Its secret key. It is for this simulator only.")]
ScenarioFile = Annotated[Path | None, typer.Option(help="Scenario in YAML; without it, the demo of the package.")]
Latency = Annotated[float, typer.Option(min=0, help="Seconds added to every answer.")]


def modelarts(
    *,
    port: Port = 8441,
    access_key: AccessKey = "",
    secret_key: SecretKey = "",
    scenario: ScenarioFile = None,
    latency: Latency = 0.0,
    host: Host = "127.0.0.1",
) -> None:
    """Huawei ModelArts (V1 and V2 training APIs) and IAM on one port.

    Signatures and tokens are verified, things take their time, and /_sim/ shows and changes what is inside.

    For example:

    $ trainsweep simulate modelarts

    $ trainsweep simulate modelarts --port 0 --access-key MYKEY --secret-key MYSECRET --scenario account.yaml

    $ curl http://127.0.0.1:8441/_sim/things

    Exit codes: 0 it was told to end, 1 the scenario cannot be used, 2 wrong usage.
    """
    loaded = _or_exit(ModelArtsScenario, scenario)
    loaded.access_keys = _keys(access_key, secret_key) or loaded.access_keys
    keys = [key.access_key for key in loaded.access_keys]
    _run(
        ModelArtsSimulator(loaded),
        "ModelArts and IAM",
        (host, port),
        latency,
        [*keys, f"project {loaded.projects[0].id}"],
    )


def qianfan(
    *,
    port: Port = 8442,
    access_key: AccessKey = "",
    secret_key: SecretKey = "",
    scenario: ScenarioFile = None,
    latency: Latency = 0.0,
    host: Host = "127.0.0.1",
) -> None:
    """Baidu Qianfan's fine-tuning control API (v2).

    Signatures are verified, things take their time, and /_sim/ shows and changes what is inside.

    For example:

    $ trainsweep simulate qianfan

    $ trainsweep simulate qianfan --port 0 --access-key MYKEY --secret-key MYSECRET --scenario account.yaml

    $ curl http://127.0.0.1:8442/_sim/things

    Exit codes: 0 it was told to end, 1 the scenario cannot be used, 2 wrong usage.
    """
    loaded = _or_exit(QianfanScenario, scenario)
    loaded.access_keys = _keys(access_key, secret_key) or loaded.access_keys
    _run(QianfanSimulator(loaded), "Qianfan", (host, port), latency, [key.access_key for key in loaded.access_keys])


def _or_exit(model: type[Scenario], path: Path | None) -> Scenario:
    try:
        return load_scenario(model, path)
    except ScenarioError as error:
        raise typer.BadParameter(str(error), param_hint="--scenario") from None


def _keys(access_key: str, secret_key: str) -> list[Key]:
    if bool(access_key) != bool(secret_key):
        raise typer.BadParameter("--access-key and --secret-key go together.")
    return [Key(access_key=access_key, secret_key=SecretStr(secret_key))] if access_key else []


def _run(simulator: Simulator, name: str, address: tuple[str, int], latency: float, facts: list[str]) -> None:
    if latency:
        simulator.switch(latency=latency)
    try:
        asyncio.run(_serve_forever(simulator, name, address, facts))
    except KeyboardInterrupt:
        typer.echo("Stopped.")
    except OSError as error:
        raise typer.BadParameter(
            f"Cannot listen on {address[0]}:{address[1]}: {error.strerror}.", param_hint="--port"
        ) from None


async def _serve_forever(simulator: Simulator, name: str, address: tuple[str, int], facts: list[str]) -> None:
    async with serve(simulator, host=address[0], port=address[1]) as url:
        typer.echo(f"{name} at {url} ({', '.join(facts)}); state and faults under {url}/_sim/. Ctrl-C ends it.")
        await asyncio.Event().wait()
