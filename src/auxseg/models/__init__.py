"""Networks: encoders, decoders, heads, and what tasks share of them."""

from __future__ import annotations

from auxseg.models.model import ModelConfig, build_network, check, outline
from auxseg.models.network import Network

__all__ = ["ModelConfig", "Network", "build_network", "check", "outline"]
