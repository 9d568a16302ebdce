"""Layers, losses and the containers that hold them."""

from dlcalc.autodiff.nn import functional as functional
from dlcalc.autodiff.nn.modules import *  # noqa: F403
