"""Automatic differentiation with the names of PyTorch: ``from dlcalc import autodiff as torch``."""

from dlcalc.autodiff import autograd as autograd, nn as nn, optim as optim
from dlcalc.autodiff.autograd import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from dlcalc.autodiff.creation import *
from dlcalc.autodiff.tensor import Tensor, cat
