"""Averages the weights of runs that began with the same ones: often better than each (Wortsman et al., 2022).

    python scripts/run_in_environment.py python scripts/average_weights.py runs/a/weights.safetensors \\
        runs/b/weights.safetensors --whole models/before.safetensors --output averaged.safetensors
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from rednet_ros.network import weights


def main() -> None:
    """Read, average, write."""
    options = _arguments()
    parts = [weights.load(path)[0].state_dict() for path in options.weights]
    network, info = weights.load(options.whole or options.weights[0])
    network.load_state_dict({**network.state_dict(), **averaged(parts)})
    weights.save(options.output, network, info)
    print(f"{options.output}: {len(parts[0])} of {len(network.state_dict())} tensors averaged over {len(parts)} files")


def averaged(parts: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of every tensor. Raises ValueError for networks that are not alike."""
    if any(part.keys() != parts[0].keys() for part in parts):
        raise ValueError("these are different networks: their tensors have other names")
    return {
        name: torch.stack([part[name].double() for part in parts]).mean(dim=0).to(tensor.dtype)
        for name, tensor in parts[0].items()
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Average the weights of runs that began with the same ones.")
    parser.add_argument("weights", metavar="WEIGHTS", nargs="+", help="names or files")
    parser.add_argument("--whole", metavar="WEIGHTS", help="network that has more parts, which are taken as they are")
    parser.add_argument("--output", metavar="FILE", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
