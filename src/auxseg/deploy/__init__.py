"""What leaves the laboratory: model directories, exported networks, the served page.

A room above `run`: it reads trained models and writes what others use without the training data.
"""

from auxseg.deploy.packing import pack

__all__ = ["pack"]
