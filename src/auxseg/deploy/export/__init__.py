"""A trained network as a file for other programs: ONNX, a program of `torch.export`, OpenVINO.

- `export`: writes the file and compares it with PyTorch
- `Exported`: what it tells, with `Parity` and, of eight bits, `Cost`
"""

from auxseg.deploy.export.exporting import export
from auxseg.deploy.export.result import Cost, Exported, Format, Parity

__all__ = ["Cost", "Exported", "Format", "Parity", "export"]
