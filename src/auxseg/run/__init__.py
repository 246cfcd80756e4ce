"""The verbs on a run directory: train, evaluate, load, predict."""

from auxseg.run.directory import Run
from auxseg.run.evaluate import evaluate
from auxseg.run.load import Model, load
from auxseg.run.predict import Prediction, predict
from auxseg.run.train import train

__all__ = ["Model", "Prediction", "Run", "evaluate", "load", "predict", "train"]
