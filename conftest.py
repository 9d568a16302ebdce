"""Settings of every test, the notebooks' kernels included."""

import os
import signal
import tempfile

# What a learner did on this machine neither helps nor suffers; kernels inherit the environment.
os.environ["DLCALC_DATA"] = tempfile.mkdtemp(prefix="dlcalc-tests-")
# The default folders of Jupyter give a warning that matters to its own developers alone.
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
# One thread: two workers with two threads each only wait for one another.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
# A job in the background of a shell begins with interrupts ignored, and some tests interrupt themselves.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
