"""Side by side with peers: every speed claim of the project, to be run by anyone.

`python -m benchmarks` runs all, `python -m benchmarks w1 w3` some of them. One thread each, as set here: NumPy, PyTorch
and JAX read these when they are first imported.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[variable] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"
