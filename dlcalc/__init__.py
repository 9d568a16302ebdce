"""The calculus behind backpropagation, small enough to read and fast enough to use.

>>> import numpy as np
>>> from dlcalc.activations import sigmoid
>>> sigmoid.derivative(np.array(0.0))
np.float64(0.25)

`import dlcalc` loads NumPy and nothing else; figures and widgets load their libraries on first use.
"""

__version__ = "0.1.0"
