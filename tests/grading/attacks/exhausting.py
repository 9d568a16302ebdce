"""Use everything up: time, memory, processes, descriptors, files, the pipe to the grader."""

from .attack import Attack

EXHAUSTING = [
    Attack("an endless loop in the cell", "while True: pass"),
    Attack("an endless loop in the call", "def augment(X):\n    while True: pass"),
    Attack(
        "an endless loop that swallows every exception",
        """
def augment(X):
    while True:
        try:
            while True: pass
        except BaseException:
            pass
""",
    ),
    Attack("an endless loop in C", "def augment(X): return sum(range(10**14))"),
    Attack(
        "a regular expression that backtracks for ever",
        """
import re
def augment(X): return re.match(r'(a+)+$', 'a' * 60 + 'b')
""",
    ),
    Attack("sleep", "import time\ntime.sleep(10**6)"),
    Attack(
        "sleep in the call, with the alarm switched off",
        """
import signal, time
def augment(X):
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))
    while True: time.sleep(1)
""",
    ),
    Attack(
        "wait for itself",
        """
import threading
lock = threading.Lock()
lock.acquire(); lock.acquire()
""",
    ),
    Attack("recursion", "def augment(X): return augment(X)"),
    Attack(
        "recursion without a limit",
        """
import sys
sys.setrecursionlimit(10**9)
def f(x): return (lambda y: f(y))(x)
class Deep:
    def __getattr__(self, name): return getattr(self, name + 'x')
def augment(X):
    return f(X)
""",
    ),
    Attack("exit", "raise SystemExit(0)"),
    Attack("exit at once", "import os\nos._exit(0)"),
    Attack("exit at once in the call", "import os\ndef augment(X): os._exit(0)"),
    Attack("abort", "import os\nos.abort()"),
    Attack("crash", "import ctypes\nctypes.string_at(0)"),
    Attack("crash in the call", "import ctypes\ndef augment(X): return ctypes.memset(0, 1, 10**6)"),
    Attack("crash the compiler", "eval('(' * 100_000 + ')' * 100_000)"),
    Attack("a source that crashes the compiler", "x = " + "-" * 150_000 + "1"),
    Attack("a source of deep brackets", "x = " + "[" * 60_000 + "]" * 60_000),
    Attack("memory in one piece", "x = bytearray(10**11)"),
    Attack("memory piece by piece", "x = []\nwhile True: x.append(bytearray(10**7))"),
    Attack("memory in NumPy", "def augment(X): return np.ones((10**5, 10**5)) + 1"),
    Attack(
        "memory over many processes",
        """
import os, time
for _ in range(40):
    try:
        if os.fork() == 0:
            x = bytearray(5 * 10**8)
            for i in range(0, len(x), 4096): x[i] = 1
            time.sleep(100)
    except OSError:
        pass
time.sleep(100)
""",
    ),
    Attack(
        "memory in the scratch folder",
        """
import os
for number in range(10**6):
    try:
        with open(f'/tmp/{number}', 'wb') as file: file.write(b'x' * 10**7)
    except OSError:
        raise RuntimeError('full')
""",
    ),
    Attack(
        "files without end",
        """
number = 0
while True:
    open(f'/tmp/{number}', 'w').close()
    number += 1
""",
    ),
    Attack(
        "one file without end",
        """
with open('/tmp/big', 'wb') as file:
    while True: file.write(b'x' * 10**6)
""",
    ),
    Attack(
        "memory of the kernel through pipes",
        """
import os
pipes = []
while True:
    r, w = os.pipe()
    os.set_blocking(w, False)
    pipes.append((r, w))
    try:
        while os.write(w, b'x' * 65536): pass
    except BlockingIOError: pass
""",
    ),
    Attack(
        "shared memory that belongs to no file and to no process",
        """
import ctypes, mmap, os
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
anonymous, shared, validated = 0x20, 0x01, 0x03
for flags in (shared | anonymous, validated | anonymous):
    if libc.mmap(None, 1 << 20, 3, flags, -1, 0) != 2**64 - 1:
        # All but one page of each mapping could go, and the memory would stay: no limit would see any of it.
        raise RuntimeError('ESCAPED shared memory')
for path in ('/dev/zero', '/proc/self/fd/../../../dev/zero'):
    if os.path.exists(path):
        raise RuntimeError('ESCAPED ' + path)
""",
    ),
    Attack(
        "memory of the kernel through sockets",
        """
import socket
try:
    kept = [socket.socketpair() for _ in range(20)]
    raise RuntimeError('ESCAPED sockets')
except PermissionError: pass
""",
    ),
    Attack(
        "huge pages lent to a pipe",
        """
import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
reader, writer = os.pipe()
page = ctypes.create_string_buffer(4096)
vector = (ctypes.c_size_t * 2)(ctypes.addressof(page), 4096)
if libc.syscall({'x86_64': 278, 'aarch64': 75}[platform.machine()], writer, vector, 1, 0) > 0:
    raise RuntimeError('ESCAPED vmsplice')
""",
    ),
    Attack(
        "terminals without end",
        """
import os
try: kept = [os.open('/dev/ptmx', os.O_RDWR) for _ in range(20)]
except OSError: pass
else: raise RuntimeError('ESCAPED terminals')
""",
    ),
    Attack("a source on which a search takes hours", "# " + "class a(ndarray" * 3_300 + "np." * 50),
    Attack("a source of dots", "# " + "np." * 16_600),
    Attack(
        "a fork bomb",
        """
import os
while True:
    try: os.fork()
    except OSError: pass
""",
    ),
    Attack(
        "a fork bomb of daemons",
        """
import os, signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    try:
        if os.fork() == 0: os.setsid()
    except OSError: pass
""",
    ),
    Attack(
        "a process left behind",
        """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(1000)
    os._exit(0)
""",
    ),
    Attack(
        "threads without end",
        """
import threading, time
while True:
    try: threading.Thread(target=time.sleep, args=(1000,)).start()
    except RuntimeError: pass
""",
    ),
    Attack(
        "every descriptor",
        """
import os
kept = []
try:
    while True: kept.append(os.open('/dev/null', os.O_RDONLY))
except OSError: pass
""",
    ),
    Attack("a flood of printing", "for _ in range(200_000): print('x' * 100)"),
    Attack("a flood of printing without end", "def augment(X):\n    while True: print('x' * 10**6)"),
    Attack("a flood of errors", "import sys\nfor _ in range(100_000): sys.stderr.write('x' * 1000)"),
    Attack(
        "a flood of warnings",
        """
import warnings
def augment(X):
    for number in range(20_000): warnings.warn(f'{number}' * 50)
    return X
""",
    ),
    Attack("a huge result", "def augment(X): return np.zeros((5000, 5000))"),
    Attack("a huge list", "def augment(X): return list(range(3 * 10**6))"),
    Attack("a huge text", "def augment(X): return 'x' * 10**8"),
    Attack("a huge number", "def augment(X): return 10 ** 200_000"),
    Attack("a list that holds itself", "def augment(X):\n    x = []\n    x.append(x)\n    return x"),
    Attack(
        "a list of lists of lists",
        """
def augment(X):
    x = [0] * 50
    for _ in range(8): x = [x] * 50
    return x
""",
    ),
    Attack("a huge exception", "raise ValueError('x' * 10**8)"),
    Attack(
        "an exception whose text never ends",
        """
class Slow(Exception):
    def __str__(self):
        while True: pass
raise Slow
""",
    ),
    Attack(
        "a frame that announces four gigabytes",
        """
import os
for descriptor in range(3, 12):
    try: os.write(descriptor, b'\\xff\\xff\\xff\\xff' + b'x' * 1000)
    except OSError: pass
""",
    ),
    Attack(
        "a frame of brackets",
        """
import os, struct
body = b'[' * 4_000_000
for descriptor in range(3, 12):
    try: os.write(descriptor, struct.pack('>I', len(body)) + body)
    except OSError: pass
""",
    ),
    Attack(
        "a frame of digits",
        """
import os, struct
body = b'{"id": 1' + b'0' * 3_000_000 + b'}'
for descriptor in range(3, 12):
    try: os.write(descriptor, struct.pack('>I', len(body)) + body)
    except OSError: pass
""",
    ),
    Attack(
        "half a frame",
        """
import os, time
for descriptor in range(3, 12):
    try: os.write(descriptor, b'\\x00\\x00\\x10\\x00{')
    except OSError: pass
time.sleep(1000)
""",
    ),
    Attack(
        "frames without end",
        """
import os
while True:
    for descriptor in range(3, 12):
        try: os.write(descriptor, b'\\x00\\x00\\x00\\x02{}' * 1000)
        except OSError: pass
""",
    ),
    Attack("close every descriptor", "import os\nos.closerange(0, 1000)"),
    Attack(
        "signals to oneself and all others",
        """
import os, signal
for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
    os.kill(0, number)
""",
    ),
    Attack("stop the parent", "import os, signal, time\nos.kill(os.getppid(), signal.SIGSTOP)\ntime.sleep(1000)"),
    Attack("kill the parent", "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)"),
    Attack(
        "a limit on processor time that is ignored",
        """
import signal
signal.signal(signal.SIGXCPU, signal.SIG_IGN)
while True: pass
""",
    ),
    Attack(
        "folders in folders without end",
        """
import os
while True:
    try:
        os.mkdir("d")
        os.chdir("d")
    except OSError:
        break
""",
    ),
    Attack(
        "an exception whose class hides its name",
        """
class Meta(type):
    @property
    def __name__(cls):
        raise SystemExit
class Hidden(Exception, metaclass=Meta):
    pass
raise Hidden
""",
    ),
]
