"""A system-call filter for the sandbox: a list of what no exercise needs, refused with "operation not permitted".

Bubblewrap's namespaces are the wall; this is the second one behind it. It also closes what namespaces leave open:
memory that belongs to no process and that no limit counts (System V segments, memfd, shared mappings without a file,
the buffers of sockets, pages lent to a pipe), new user namespaces on bubblewraps that cannot forbid them, and the
corners of the kernel where most escapes have been found.

References
----------
Linux, Documentation/userspace-api/seccomp_filter.rst; the numbers are those of unistd_64.h (x86_64) and of the generic
table (aarch64).
"""

from __future__ import annotations

import errno
import struct

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# name: (number on x86_64, number on aarch64)
REFUSED = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "shmget": (29, 194),
    "shmctl": (31, 195),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "fanotify_init": (300, 262),
    "quotactl": (179, 60),
    "swapon": (167, 224),
    "reboot": (169, 142),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "acct": (163, 89),
    "syslog": (103, 116),
    "personality": (135, 92),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "io_setup": (206, 0),
    "vmsplice": (278, 75),
}
# modify_ldt exists on x86_64 only, where it has let programs into the kernel before.
REFUSED_ON = {"x86_64": (154,), "aarch64": ()}
MMAP = {"x86_64": 9, "aarch64": 222}
CLONE = {"x86_64": 56, "aarch64": 220}
CLONE3 = 435
X32_BIT = 0x40000000

# Namespaces that clone(2) could make: mount, cgroup, uts, ipc, user, pid, net.
CLONE_NEW = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000

# Of a mapping: both MAP_SHARED and MAP_SHARED_VALIDATE have this bit.
MAP_SHARED, MAP_ANONYMOUS = 0x01, 0x20

ALLOW = 0x7FFF0000
KILL = 0x80000000
REFUSE = 0x00050000 | errno.EPERM
# glibc falls back from clone3, whose flags a filter cannot see, to clone.
UNKNOWN = 0x00050000 | errno.ENOSYS

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _FOURTH_ARGUMENT = 0, 4, 16, 40


def program(machine: str) -> bytes | None:
    """The filter as the kernel takes it, eight bytes a step (struct sock_filter); None for another machine."""
    if machine not in AUDIT_ARCH:
        return None
    column = list(AUDIT_ARCH).index(machine)
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        # The x32 calls are the same calls under other numbers.
        steps += [(_JUMP_AT_LEAST, 0, 1, X32_BIT), (_RETURN, 0, 0, KILL)]
    for number in (*(numbers[column] for numbers in REFUSED.values()), *REFUSED_ON[machine]):
        steps += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, REFUSE)]
    steps += [
        (_JUMP_EQUAL, 0, 1, CLONE3),
        (_RETURN, 0, 0, UNKNOWN),
        (_JUMP_EQUAL, 0, 5, MMAP[machine]),
        (_LOAD, 0, 0, _FOURTH_ARGUMENT),
        (_JUMP_ANY_BIT, 0, 2, MAP_ANONYMOUS),
        (_JUMP_ANY_BIT, 0, 1, MAP_SHARED),
        (_RETURN, 0, 0, REFUSE),
        (_RETURN, 0, 0, ALLOW),
        (_JUMP_EQUAL, 0, 3, CLONE[machine]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_JUMP_ANY_BIT, 0, 1, CLONE_NEW),
        (_RETURN, 0, 0, REFUSE),
        (_RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)
