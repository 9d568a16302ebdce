"""Out of the sandbox: each attack raises an exception that begins with ESCAPED if it gets anywhere.

``@SECRET@`` is a file outside with a word that no submission may know, ``@FOLDER@`` its folder, ``@PORT@`` a server on
the loopback device, ``@PID@`` the grader's process.
"""

from .attack import Attack

TRY = """
def attempt(what, action):
    try:
        result = action()
    except BaseException:
        return
    raise RuntimeError(f"ESCAPED {what}: {result!r:.300}")
"""


def escaping(name: str, source: str) -> Attack:
    """An attack with ``attempt`` at hand."""
    return Attack(name, TRY + source)


ESCAPING = [
    escaping("read a file of the grader's", "attempt('read', lambda: open('@SECRET@').read())"),
    escaping("list the folder of the submissions", "import os\nattempt('list', lambda: os.listdir('@FOLDER@'))"),
    escaping("write beside the grades", "attempt('write', lambda: open('@FOLDER@/grades.csv', 'w').write('mine'))"),
    escaping(
        "delete the state of the run",
        """
import os, shutil
attempt('unlink', lambda: os.unlink('@FOLDER@/grades.csv.state.sqlite'))
attempt('rmtree', lambda: shutil.rmtree('@FOLDER@'))
""",
    ),
    escaping(
        "read the grader's environment",
        """
import os
for pid in [p for p in os.listdir('/proc') if p.isdigit()] + ['self']:
    try:
        text = open(f'/proc/{pid}/environ').read()
    except OSError:
        continue
    if '@CANARY@' in text:
        raise RuntimeError('ESCAPED ' + text[:300])
if '@CANARY@' in str(os.environ):
    raise RuntimeError('ESCAPED environment')
""",
    ),
    escaping(
        "read the grader's command line",
        """
import os
for pid in [p for p in os.listdir('/proc') if p.isdigit()]:
    text = open(f'/proc/{pid}/cmdline').read()
    if '--seed' in text or '@FOLDER@' in text or 'pytest' in text:
        raise RuntimeError('ESCAPED ' + text[:300])
""",
    ),
    escaping(
        "see other processes",
        """
import os
seen = [p for p in os.listdir('/proc') if p.isdigit()]
if len(seen) > 4 or os.path.exists('/proc/@PID@/stat') and int('@PID@') > 100:
    raise RuntimeError(f'ESCAPED {seen}')
""",
    ),
    escaping(
        "read password files",
        "attempt('shadow', lambda: open('/etc/shadow').read())\nattempt('passwd', lambda: open('/etc/passwd').read())",
    ),
    escaping(
        "read the home folders",
        """
import os
for home in ('/root', '/home', os.path.expanduser('~root')):
    for top, folders, files in os.walk(home):
        for name in files:
            if name.startswith('.') or 'ssh' in top or name == 'secret.txt':
                raise RuntimeError(f'ESCAPED {top}/{name}')
""",
    ),
    escaping(
        "connect to a server on the loopback device",
        """
import socket
attempt('connect', lambda: socket.create_connection(('127.0.0.1', int('@PORT@')), 1).send(b'hello'))
attempt('connect', lambda: socket.create_connection(('localhost', int('@PORT@')), 1).send(b'hello'))
attempt('connect', lambda: socket.create_connection(('::1', int('@PORT@')), 1).send(b'hello'))
""",
    ),
    escaping(
        "reach the internet",
        """
import socket
attempt('dns', lambda: socket.getaddrinfo('example.org', 80))
attempt('tcp', lambda: socket.create_connection(('192.0.2.1', 80), 0.3))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
attempt('udp', lambda: udp.sendto(b'x', ('192.0.2.1', 53)))
""",
    ),
    escaping(
        "open raw and packet sockets",
        """
import socket
attempt('raw', lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
attempt('packet', lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
""",
    ),
    escaping(
        "connect to the machine's abstract sockets",
        """
import socket
def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect('\\0dlcalc-test-@PORT@')
    return 'connected'
attempt('abstract', connect)
""",
    ),
    escaping(
        "write to the system",
        """
import os
for path in ('/usr/lib/x', '/box/x', '/packages/x', '/packages/numpy/x.py', '/box/box/wire.py', '/x', '/etc/x',
             '/lib/x', '/dev/x', '/proc/sys/kernel/hostname', '/proc/sysrq-trigger', '/proc/1/oom_score_adj', '/sys/x'):
    attempt(path, lambda: open(path, 'w').write('x'))
""",
    ),
    escaping(
        "mount",
        """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for arguments in ((b'none', b'/tmp', b'tmpfs', 0, None), (b'/proc', b'/tmp', None, 4096, None),
                  (None, b'/', None, 32 | 4096, None)):
    if libc.mount(*arguments) == 0:
        raise RuntimeError('ESCAPED mount')
if libc.umount2(b'/tmp', 2) == 0 or libc.umount2(b'/proc', 2) == 0 or libc.chroot(b'/tmp') == 0:
    raise RuntimeError('ESCAPED umount')
""",
    ),
    escaping(
        "make a user namespace",
        """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for flags in (0x10000000, 0x00020000, 0x10000000 | 0x00020000, 0x20000000, 0x40000000, 0x04000000, 0x02000000):
    if libc.unshare(flags) == 0:
        raise RuntimeError(f'ESCAPED unshare {flags:#x}')
""",
    ),
    escaping(
        "clone into a user namespace",
        """
import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
number = {'x86_64': 56, 'aarch64': 220}[platform.machine()]
child = libc.syscall(number, 0x10000000 | 17, 0, 0, 0, 0)
if child == 0:
    os._exit(0)
if child > 0:
    raise RuntimeError('ESCAPED clone')
""",
    ),
    escaping(
        "enter the namespaces of the first process",
        """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for kind in ('user', 'mnt', 'pid', 'net', 'ipc', 'uts'):
    try:
        if libc.setns(os.open(f'/proc/1/ns/{kind}', os.O_RDONLY), 0) == 0:
            raise RuntimeError(f'ESCAPED setns {kind}')
    except OSError:
        pass
""",
    ),
    escaping(
        "become somebody else",
        """
import os
for change in (os.setuid, os.setgid):
    for number in (0, 1000, 1):
        attempt(f'{change.__name__}({number})', lambda: change(number))
attempt('setgroups', lambda: os.setgroups([0]))
attempt('chown', lambda: (open('/tmp/f', 'w').close(), os.chown('/tmp/f', 0, 0)))
attempt('chroot', lambda: os.chroot('/tmp'))
""",
    ),
    escaping(
        "regain capabilities",
        """
status = open('/proc/self/status').read()
for line in status.splitlines():
    if line.startswith('Cap') and int(line.split()[1], 16):
        raise RuntimeError('ESCAPED ' + line)
if 'NoNewPrivs:\\t1' not in status:
    raise RuntimeError('ESCAPED new privileges')
""",
    ),
    escaping(
        "make device nodes",
        """
import os, stat
attempt('mknod', lambda: os.mknod('/tmp/disk', stat.S_IFBLK | 0o666, os.makedev(254, 0)))
attempt('mknod', lambda: os.mknod('/tmp/mem', stat.S_IFCHR | 0o666, os.makedev(1, 1)))
for device in ('/dev/mem', '/dev/kmsg', '/dev/sda', '/dev/vda', '/dev/kvm', '/dev/fuse', '/dev/net/tun'):
    attempt(device, lambda: open(device, 'rb').read(1))
""",
    ),
    escaping(
        "type into the instructor's terminal",
        """
import fcntl, os
for path in ('/dev/tty', '/dev/console', '/dev/pts/0', '/dev/pts/1'):
    attempt(path, lambda: fcntl.ioctl(os.open(path, os.O_RDWR), 0x5412, b'x'))
for descriptor in range(10):
    attempt('TIOCSTI', lambda: fcntl.ioctl(descriptor, 0x5412, b'x'))
""",
    ),
    escaping(
        "start a shell",
        """
import os, subprocess
attempt('sh', lambda: subprocess.check_output(['/bin/sh', '-c', 'id']))
attempt('bash', lambda: subprocess.check_output(['/bin/bash', '-c', 'id']))
attempt('bwrap', lambda: subprocess.check_output(['/usr/bin/bwrap', '--version']))
if os.system('true') == 0:
    raise RuntimeError('ESCAPED system')
""",
    ),
    escaping(
        "leave through /proc",
        """
import os
for pid in ('1', str(os.getppid()), 'self'):
    for way in ('root/..', 'cwd/..', 'root/..@FOLDER@', 'cwd/../..@FOLDER@'):
        path = f'/proc/{pid}/{way}'
        try:
            names = os.listdir(path)
        except OSError:
            continue
        if 'secret.txt' in names or 'boot' in names or 'home' in names:
            raise RuntimeError(f'ESCAPED {path} {names}')
""",
    ),
    escaping(
        "leave through the old root",
        """
import os
for path in ('/oldroot', '/newroot', '/.oldroot', '/tmp/oldroot', '/..', '/../..'):
    try:
        names = os.listdir(path)
    except OSError:
        continue
    if 'boot' in names or 'home' in names or 'srv' in names:
        raise RuntimeError(f'ESCAPED {path} {names}')
""",
    ),
    escaping(
        "leave through an open folder",
        """
import os
for descriptor in range(100):
    for name in ('..', '../..', '../../..', '.'):
        try:
            names = os.listdir(os.open(name, os.O_RDONLY, dir_fd=descriptor))
        except OSError:
            continue
        if 'boot' in names or 'home' in names or 'secret.txt' in names:
            raise RuntimeError(f'ESCAPED {descriptor} {names}')
""",
    ),
    escaping(
        "links to what lies outside",
        """
import os
os.symlink('@SECRET@', '/tmp/link')
attempt('link', lambda: open('/tmp/link').read())
attempt('hard link', lambda: os.link('/box/box/wire.py', '/tmp/wire.py'))
attempt('handle', lambda: os.open('/tmp', os.O_RDONLY) and open('/tmp/../@SECRET@').read())
""",
    ),
    escaping(
        "signal everything",
        """
import os, signal
for pid in (-1, 1, int('@PID@'), os.getppid(), 0):
    try:
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
""",
    ),
    escaping(
        "the corners of the kernel",
        """
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
calls = {'x86_64': (101, 310, 311, 321, 298, 323, 425, 248, 250, 29, 68, 319, 304, 300, 155, 428, 430, 175, 246, 135,
                    41, 53, 206, 278, 154),
         'aarch64': (117, 270, 271, 280, 241, 282, 425, 217, 219, 194, 186, 279, 265, 262, 41, 428, 430, 105, 104, 92,
                     198, 199, 0, 75)}
for number in calls[platform.machine()]:
    ctypes.set_errno(0)
    if libc.syscall(number, 0, 4096, 0o1600, 0, 0, 0) >= 0 or ctypes.get_errno() != 1:
        raise RuntimeError(f'ESCAPED system call {number}, errno {ctypes.get_errno()}')
""",
    ),
    escaping(
        "sockets of every family",
        """
import socket
for family in range(46):
    for kind in (1, 2, 3, 5):
        attempt(f'family {family}', lambda: socket.socket(family, kind))
""",
    ),
    escaping(
        "the system calls of another architecture",
        """
import ctypes, os
if os.uname().machine == 'x86_64':
    child = os.fork()
    if child == 0:
        ctypes.CDLL(None).syscall(0x40000000 | 39)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        raise RuntimeError('ESCAPED x32')
""",
    ),
    escaping(
        "raise one's own limits",
        """
import resource, os
for limit in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE,
              resource.RLIMIT_NOFILE):
    attempt(f'limit {limit}', lambda: resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))
attempt('nice', lambda: os.nice(-5))
attempt('priority', lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)))
attempt('oom', lambda: open('/proc/self/oom_score_adj', 'w').write('-1000'))
""",
    ),
    escaping(
        "find the paths of other submissions",
        """
text = open('/proc/self/mountinfo').read() + open('/proc/self/mounts').read()
if '@FOLDER@' in text:
    raise RuntimeError('ESCAPED ' + text)
""",
    ),
    escaping(
        "the clock of the machine",
        """
import time
attempt('clock', lambda: time.clock_settime(time.CLOCK_REALTIME, 0))
""",
    ),
    escaping(
        "the name of the machine",
        """
import socket, os
attempt('hostname', lambda: socket.sethostname('mine'))
""",
    ),
    escaping(
        "shared memory of the machine",
        """
import os, mmap
names = os.listdir('/dev/shm')
if names:
    raise RuntimeError(f'ESCAPED {names}')
""",
    ),
    escaping(
        "a setuid program of one's own",
        """
import os, sys, shutil
shutil.copyfile(sys.executable, '/tmp/python')
os.chmod('/tmp/python', 0o6755)
if os.stat('/tmp/python').st_uid == 0:
    raise RuntimeError('ESCAPED setuid')
""",
    ),
]
