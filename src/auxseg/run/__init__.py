"""The verbs on a run directory: train, evaluate, load, predict."""

from auxseg.run.directory import Run
from auxseg.run.evaluate import evaluate
from auxseg.run.grid import draw_grid
from auxseg.run.inspection import inspect
from auxseg.run.load import load
from auxseg.run.model import Model
from auxseg.run.predict import predict
from auxseg.run.prediction.prediction import Prediction
from auxseg.run.train import choose, train

__all__ = ["Model", "Prediction", "Run", "choose", "draw_grid", "evaluate", "inspect", "load", "predict", "train"]
