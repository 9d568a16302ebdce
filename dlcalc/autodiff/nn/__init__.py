"""Layers, losses and the containers that hold them."""

from dlcalc.autodiff.nn import functional as functional
from dlcalc.autodiff.nn.modules import (
    ELU as ELU,
    GELU as GELU,
    BCEWithLogitsLoss as BCEWithLogitsLoss,
    CrossEntropyLoss as CrossEntropyLoss,
    Flatten as Flatten,
    Identity as Identity,
    L1Loss as L1Loss,
    LeakyReLU as LeakyReLU,
    Linear as Linear,
    LogSoftmax as LogSoftmax,
    Module as Module,
    MSELoss as MSELoss,
    Parameter as Parameter,
    ReLU as ReLU,
    Sequential as Sequential,
    Sigmoid as Sigmoid,
    SiLU as SiLU,
    Softmax as Softmax,
    Softplus as Softplus,
    Tanh as Tanh,
)
