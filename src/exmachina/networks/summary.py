"""A network as a table, for whoever prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exmachina.networks.layers import Network

HEADER = ("layer (type)", "output shape", "parameters", "products")


def rows(network: Network) -> list[tuple[str, str, str, str]]:
    """A row a layer, then the total; numbers with their thousands apart."""
    lines = []
    for step in network.steps():
        activation = "" if step.layer.activation == "linear" else f" + {step.layer.activation}"
        name = f"{step.layer.name} ({step.layer.kind}){activation}"
        shape = " × ".join(map(str, step.output_shape))
        lines.append((name, shape, f"{step.parameters:,}", f"{step.multiplications:,}"))
    products = sum(step.multiplications for step in network.steps())
    return [*lines, ("total", "", f"{network.parameters:,}", f"{products:,}")]


def table(network: Network) -> str:
    """The same as text, columns aligned."""
    lines = [HEADER, *rows(network)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    name, shape, *numbers = widths
    layout = f"{{:<{name}}}  {{:<{shape}}}" + "".join(f"  {{:>{width}}}" for width in numbers)
    return "\n".join(layout.format(*line).rstrip() for line in lines)
