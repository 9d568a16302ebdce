"""Full marks for wrong answers: lie to the comparison, to the driver, to the wire, or find the right answer."""

from .attack import Attack

FORGING = [
    Attack(
        "patch the comparisons of NumPy",
        """
np.allclose = np.array_equal = np.isclose = lambda *a, **k: True
np.testing.assert_allclose = np.testing.assert_array_equal = lambda *a, **k: None
""",
        fools_naive=True,
    ),
    Attack(
        "patch all and any",
        """
import builtins
np.all = builtins.all = lambda *a, **k: True
np.any = builtins.any = lambda *a, **k: False
np.allclose = lambda *a, **k: True
""",
        fools_naive=True,
    ),
    Attack(
        "an ndarray subclass that equals everything",
        """
class Yes(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return np.ones((), bool)
    def __array_function__(self, function, types, args, kwargs):
        return True
    __eq__ = __le__ = __ge__ = lambda self, other: True
def augment(X):
    return X.view(Yes)
""",
        fools_naive=True,
    ),
    Attack(
        "an object whose __array__ copies what it is compared with",
        """
import sys
class Mirror:
    def __array__(self, dtype=None, copy=None):
        frame = sys._getframe()
        while frame:
            for name in ("expected", "right", "want", "b"):
                if isinstance(frame.f_locals.get(name), np.ndarray):
                    return frame.f_locals[name]
            frame = frame.f_back
        return np.zeros((2, 2))
def augment(X):
    return Mirror()
""",
        fools_naive=True,
    ),
    Attack(
        "an object that says its class is ndarray",
        """
class Claim:
    @property
    def __class__(self): return np.ndarray
    shape = property(lambda self: Anything())
    dtype = np.dtype(float)
class Anything(tuple):
    __eq__ = lambda self, other: True
    __hash__ = None
def augment(X):
    return Claim()
""",
    ),
    Attack(
        "a float that equals everything, for a count",
        "",
        cells={
            "01.count_parameters": """
class Any(int):
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __sub__ = __rsub__ = lambda self, other: 0
    __hash__ = int.__hash__
def count_parameters(sizes):
    return Any(7)
"""
        },
    ),
    Attack(
        "change the array after it was returned",
        """
import threading, time
def augment(X):
    result = np.zeros((X.shape[0], X.shape[1] + 1))
    def later():
        time.sleep(0.01)
        result[...] = 1.0
    threading.Thread(target=later).start()
    return result
""",
    ),
    Attack(
        "an array of objects that equal everything",
        """
class Yes:
    __eq__ = lambda self, other: True
    __sub__ = __rsub__ = lambda self, other: 0.0
    __float__ = lambda self: 1.0
def augment(X):
    return np.full((X.shape[0], X.shape[1] + 1), Yes(), dtype=object)
""",
    ),
    Attack("nan everywhere", "def augment(X): return np.full((X.shape[0], X.shape[1] + 1), np.nan)"),
    Attack("a size of zero, on which all comparisons hold", "def augment(X): return np.empty((0, X.shape[1] + 1))"),
    Attack("a scalar that broadcasts", "def augment(X): return np.float64(1.0)"),
    Attack("a huge tolerance in disguise", "def augment(X): return np.full((X.shape[0], X.shape[1] + 1), np.inf)"),
    Attack("masked values", "def augment(X): return np.ma.masked_all((X.shape[0], X.shape[1] + 1))"),
    Attack("text that reads as the result", "def augment(X): return repr(np.c_[X, np.ones(len(X))])[:50]"),
    Attack(
        "replace the driver's functions",
        """
import sys
def forged(answer, cases, **keywords):
    value = {"kind": "array", "type": "ndarray", "dtype": "float64", "shape": [2, 2], "value": np.ones((2, 2))}
    return [{"outcome": "value", "value": value, "changed": [], "printed": "", "warnings": []} for _ in cases]
for name, module in list(sys.modules.items()):
    if "driving" in name:
        for attribute in ("drive", "describe"):
            if hasattr(module, attribute):
                setattr(module, attribute, forged)
""",
    ),
    Attack(
        "observations that claim points",
        """
import sys
claim = {"passed": True, "points": 99, "max_points": 1, "verdict": "correct", "slip": "", "message": "Right.",
         "outcome": "value", "value": {"kind": "nothing"}}
for name, module in list(sys.modules.items()):
    if name.endswith("driving"):
        module.drive = lambda answer, cases, **keywords: [dict(claim) for _ in range(1000)]
""",
    ),
    Attack(
        "no observations at all, or too many",
        """
import sys
for name, module in list(sys.modules.items()):
    if name.endswith("driving"):
        module.drive = lambda answer, cases, **keywords: []
""",
    ),
    Attack(
        "observations of the wrong types",
        """
import sys
odd = [None, 1, "x", [], {}, {"outcome": []}, {"outcome": "value", "value": {"kind": "array", "value": "no"}}]
for name, module in list(sys.modules.items()):
    if name.endswith("driving"):
        module.drive = lambda answer, cases, **keywords: odd
""",
    ),
    Attack(
        "the description of something else",
        """
import sys
for name, module in list(sys.modules.items()):
    if name.endswith(".drive"):
        module.describe = lambda value, depth=0: {"kind": "array", "type": "ndarray", "dtype": "float64",
                                                  "shape": [10**9], "value": None}
""",
    ),
    Attack(
        "replace the encoder of the wire",
        """
import sys
for name, module in list(sys.modules.items()):
    if name.endswith("wire"):
        module.encode = lambda value: {"list": [{"dict": [["outcome", "value"], ["verdict", "correct"]]}] * 6}
""",
    ),
    Attack(
        "replace the frame",
        """
import sys, json, struct
def pack(message, limit):
    body = json.dumps({"id": message.get("id"), "points": 1, "verdict": "correct", "observations": True}).encode()
    return struct.pack(">I", len(body)) + body
for name, module in list(sys.modules.items()):
    if name.endswith("wire"):
        module.pack = pack
""",
    ),
    Attack(
        "write replies into every descriptor",
        """
import os, json, struct
for number in range(1, 9):
    body = json.dumps({"id": number, "verdict": "correct", "points": 1, "observations": None}).encode()
    for descriptor in range(64):
        try:
            os.write(descriptor, struct.pack(">I", len(body)) + body)
        except OSError:
            pass
os._exit(0)
""",
    ),
    Attack(
        "claim that the process has ended well",
        """
import os, json, struct
body = json.dumps({"ended": 0, "seconds": 0.0, "verdict": "correct", "points": 1}).encode()
for descriptor in range(3, 20):
    try:
        os.write(descriptor, struct.pack(">I", len(body)) + body)
    except OSError:
        pass
""",
    ),
    Attack(
        "print a verdict",
        """
print('{"verdict": "correct", "points": 1}')
import sys
sys.stderr.write("01.augment,1,1,correct,Right.")
sys.__stdout__.write("01.augment,1,1,correct,Right.")
""",
    ),
    Attack(
        "search the frames for the right answer",
        """
import sys
def augment(X):
    frame = sys._getframe()
    while frame:
        for value in list(frame.f_locals.values()) + list(frame.f_globals.values()):
            if callable(value) and getattr(value, "__name__", "") in ("augment", "reference") and value is not augment:
                return value(X)
            if hasattr(value, "reference"):
                return value.reference(X)
        frame = frame.f_back
    return X
""",
    ),
    Attack(
        "search the heap for the right answer",
        """
import gc, types
def augment(X):
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__name__ in ("augment", "augment_by_filling"):
            if thing is not augment:
                return thing(X)
        if isinstance(thing, dict) and "reference" in thing:
            return thing["reference"](X)
    return X
""",
    ),
    Attack(
        "import the course",
        """
from dlcalc.exercises import EXERCISES
augment = EXERCISES["01.augment"].reference
""",
    ),
    Attack(
        "import the course by any other road",
        """
import sys, os, importlib
def roads():
    yield from sys.path
    for top, folders, files in os.walk("/"):
        if top.startswith(("/proc", "/sys")):
            folders[:] = []
        elif "dlcalc" in folders or "dlcalc" in top or "exercises" in folders:
            yield top
for road in list(roads()):
    sys.path.insert(0, road)
    for name in ("dlcalc.exercises.lessons.lesson01", "exercises.lessons.lesson01", "lessons.lesson01", "lesson01"):
        try:
            augment = importlib.import_module(name).augment
        except Exception:
            pass
""",
    ),
    Attack(
        "look for the worked edition and execute it",
        """
import os, json
for top, folders, files in os.walk("/"):
    if top.startswith(("/proc", "/sys")):
        folders[:] = []
        continue
    for name in files:
        if name.endswith((".ipynb", "lesson01.py")) or "dlcalc" in name:
            text = open(os.path.join(top, name), errors="replace").read()
            if "def augment" in text and name.endswith(".py"):
                exec(text, globals())
            for cell in json.loads(text)["cells"] if name.endswith(".ipynb") else []:
                exec("".join(cell["source"]), globals())
""",
    ),
    Attack(
        "ask another Python for the answer",
        """
import subprocess, sys
def augment(X):
    code = "from dlcalc.exercises import EXERCISES; print(EXERCISES['01.augment'].solution)"
    space = {"np": np}
    exec(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout, space)
    return space["augment"](X)
""",
    ),
    Attack(
        "trace everything",
        """
import sys
seen = []
def tracer(frame, event, argument):
    if event == "return" and isinstance(argument, np.ndarray):
        seen.append(argument)
    return tracer
sys.settrace(tracer)
sys.setprofile(tracer)
def augment(X):
    return seen[-1] if seen else X
""",
    ),
    Attack(
        "patch the interpreter's own functions",
        """
import builtins
builtins.isinstance = lambda *a: True
builtins.type = lambda *a: np.ndarray
builtins.len = lambda *a: 0
""",
    ),
    Attack(
        "patch JSON and base64",
        """
import json, base64, json.encoder
json.dumps = lambda *a, **k: '{"id": 1, "observations": {"list": []}, "verdict": "correct"}'
base64.b64encode = lambda raw: b"AAAAAAAA8D8="
""",
    ),
    Attack(
        "patch the making of arrays",
        """
make = np.array
np.array = lambda *a, **k: np.ones((2, 2))
np.asarray = np.array
np.ndarray.tobytes if hasattr(np.ndarray, "tobytes") else None
""",
    ),
    Attack(
        "remember the answers to the inputs that the notebook's check draws",
        """
KNOWN = {}
for seed in range(50):
    rng = np.random.default_rng(seed)
    for shape in [(1, 1), (2, 3), (3, 3), (5, 2), (4, 1)]:
        X = rng.normal(size=shape)
        KNOWN[X.tobytes()] = np.c_[X, np.ones(len(X))]
def augment(X):
    return KNOWN.get(X.tobytes(), X)
""",
    ),
    Attack(
        "poison what a later exercise relies on",
        """
import builtins, sys
for name, module in list(sys.modules.items()):
    if name.endswith("driving"):
        real = module.drive
        module.drive = lambda answer, cases, **k: real(lambda *a: np.ones(a[0].shape), cases, **k)
""",
        cells={"01.affine": "def affine(X, W): return X"},
    ),
    Attack(
        "leave a file for a later exercise",
        """
import os
for folder in ("/tmp", "/dev/shm", "/var/tmp", "."):
    try:
        open(os.path.join(folder, "sitecustomize.py"), "w").write("raise SystemExit")
        open(os.path.join(folder, "numpy.py"), "w").write("allclose = lambda *a: True")
    except OSError:
        pass
""",
        cells={"01.affine": "import os\ndef affine(X, W): return X if os.path.exists('/tmp/numpy.py') else W"},
    ),
    Attack(
        "leave a process that answers for the next exercise",
        """
import os, json, struct, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(1, 60):
            body = json.dumps({"id": number, "observations": {"list": []}, "verdict": "correct"}).encode()
            for descriptor in range(3, 12):
                try:
                    os.write(descriptor, struct.pack(">I", len(body)) + body)
                except OSError:
                    pass
            time.sleep(0.005)
    os._exit(0)
""",
        cells={"01.affine": "def affine(X, W): return X"},
    ),
    Attack(
        "stop the worker's parent and speak in its place",
        """
import os, signal, json, struct
os.kill(os.getppid(), signal.SIGSTOP)
def say(message):
    body = json.dumps(message).encode()
    for descriptor in range(3, 9):
        try:
            os.write(descriptor, struct.pack(">I", len(body)) + body)
        except OSError:
            pass
for number in range(1, 40):
    say({"id": number, "done": True, "observations": {"list": []}})
    say({"ended": 0, "seconds": 0.0})
    say({"begun": 1})
""",
    ),
    Attack(
        "write into the parent's memory",
        """
import os, ctypes
parent = os.getppid()
found = []
for path in (f"/proc/{parent}/mem", f"/proc/{parent}/maps", f"/proc/{parent}/environ", "/proc/1/mem"):
    try:
        open(path, "r+b" if path.endswith("mem") else "rb")
        found.append(path)
    except OSError:
        pass
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, parent, 0, 0) == 0:
    found.append("ptrace")
if found:
    raise RuntimeError("LEAK " + " ".join(found))
""",
    ),
    Attack(
        "another function's code in place of one's own",
        """
def augment(X):
    augment.__code__ = (lambda X: np.c_[X, np.zeros(len(X))]).__code__
    return augment(X)
""",
    ),
    Attack(
        "an exception that claims a verdict",
        """
class correct(Exception):
    def __str__(self): return 'Right.\\n01.augment,1,1,correct,"Right."'
def augment(X):
    raise correct
""",
    ),
    Attack(
        "pickle through __reduce__",
        """
import os
class Bomb:
    def __reduce__(self): return (os._exit, (0,))
    def __getstate__(self): os._exit(0)
def augment(X):
    return Bomb()
""",
    ),
    Attack(
        "a right answer for the first call only",
        """
calls = 0
def augment(X):
    global calls
    calls += 1
    return np.c_[X, np.ones(len(X))] if calls == 1 else X
""",
    ),
    Attack(
        "the right value with the input spoilt",
        """
def augment(X):
    result = np.c_[X, np.ones(len(X))]
    X[...] = 0.0
    return result
""",
    ),
    Attack(
        "a result that rewrites the earlier ones",
        """
kept = []
def augment(X):
    result = np.c_[X, np.ones(len(X))]
    kept.append(result)
    for earlier in kept[:-1]:
        earlier[...] = 5.0
    return result
""",
    ),
    Attack(
        "an answer through the slot of a stub",
        """
check = hint = solution = predict = progress = lambda *a, **k: "correct"
def augment(X):
    return solution("01.augment")
""",
    ),
    Attack(
        "take the order of a graph from the driver's list of nodes",
        "",
        cells={
            "09.topological_order": """
import sys
def topological_order(root):
    frame = sys._getframe()
    while frame:
        for value in frame.f_locals.values():
            if type(value).__name__ == "Graph":
                return value.nodes
        frame = frame.f_back
"""
        },
    ),
    Attack(
        "take the order of a graph from the heap",
        "",
        cells={
            "09.topological_order": """
import gc
def topological_order(root):
    return [thing for thing in gc.get_objects() if type(thing) is type(root)]
"""
        },
    ),
    Attack(
        "take the derivatives of lesson 04 from the driver of other lessons",
        "",
        cells={
            "01.forward": """
import sys, gc, os
def forward(X, weights, phi):
    text = open(sys.modules["box.driving.activations"].__file__).read()
    for folder in ("/tmp", "/dev/shm"):
        open(os.path.join(folder, "kept.py"), "w").write(text)
""",
            "04.dsigmoid": """
import sys, importlib, os
def dsigmoid(z):
    for folder in ("/tmp", "/dev/shm"):
        if os.path.exists(os.path.join(folder, "kept.py")):
            sys.path.insert(0, folder)
            return importlib.import_module("kept").DERIVATIVES["sigmoid"](z)
    for name, module in list(sys.modules.items()):
        if hasattr(module, "DERIVATIVES"):
            return module.DERIVATIVES["sigmoid"](z)
    return importlib.import_module("box.driving.activations").DERIVATIVES["sigmoid"](z)
""",
        },
    ),
    Attack(
        "leave what cannot be cleared away for a later exercise",
        # This cell runs in the later exercise's process too, so what is left tells whose it is.
        """
import os
me = str(os.getpid())
os.makedirs(f'/tmp/{me}/within')
os.chmod(f'/tmp/{me}', 0)
try: os.setxattr('/tmp', f'user.{me}', b'x' * 1000)
except OSError: pass
""",
        cells={
            "01.affine": """
left = set(os.listdir('/tmp')) | {name[5:] for name in os.listxattr('/tmp') if name.startswith('user.')}
if left - {me}: raise RuntimeError(f'ESCAPED {left}')
"""
        },
    ),
    Attack(
        "claim the end of the process and answer for the worker from then on",
        """
import json, os, struct
def send(told):
    body = json.dumps(told).encode()
    for descriptor in descriptors:
        try: os.write(descriptor, struct.pack('>I', len(body)) + body)
        except OSError: pass
def receive():
    for descriptor in descriptors:
        try: return json.loads(os.read(descriptor, struct.unpack('>I', os.read(descriptor, 4))[0]))
        except (OSError, struct.error): pass
descriptors = [number for number in range(3, 20) if os.path.exists(f'/proc/self/fd/{number}')]
right = {'dict': [['outcome', 'value'], ['passed', True], ['points', 9], ['value', None]]}
send({'ended': 0, 'seconds': 0.0})
while True:
    request = receive()
    if request is None: break
    if 'op' not in request: send({'begun': 1})
    elif request['op'] == 'end': send({'ended': 0, 'seconds': 0.0})
    elif request['op'] == 'cell': send({'id': request['id'], 'done': True})
    else: send({'id': request['id'], 'observations': {'list': [right] * 20}})
""",
        cells={"01.affine": "def affine(X, W): return None", "01.forward": "def forward(X, weights, phi): return []"},
    ),
    Attack(
        "a network that says which layers it has",
        "",
        cells={
            "10.build": """
class Claim(nn.Sequential):
    def __iter__(self):
        return iter([type(name, (), {})() for name in ('Linear', 'ReLU', 'Linear', 'Flatten')])
    def parameters(self):
        return [nn.Parameter(torch.zeros(*shape)) for shape in ((3, 5), (3,), (1, 3), (1,))]
    def named_parameters(self):
        return [(str(place), parameter) for place, parameter in enumerate(self.parameters())]
    def load_state_dict(self, state, *a, **k): pass
    def __call__(self, X):
        return torch.zeros(X.shape[0])
def build(): return Claim()
"""
        },
    ),
    Attack(
        "a class whose gradients are None, whatever its nodes hold",
        "",
        cells={
            "09.zero_grad": """
def zero_grad(params):
    for leaf in params:
        type(leaf).grad = property(lambda self: None, lambda self, value: None)
"""
        },
    ),
    Attack(
        "let autodiff answer an exercise of another lesson",
        "",
        cells={
            "04.dtanh": """
def dtanh(z):
    from dlcalc import autodiff as torch
    x = torch.tensor(np.asarray(z, float), requires_grad=True)
    torch.tanh(x).sum().backward()
    return x.grad.numpy()
""",
            "10.build": "def build(): return None",
        },
    ),
]
