"""The kernel's interface, by hand: what Python 3.11 has no function for.

Raw system calls through ctypes, mounts, namespaces, capabilities, Landlock rulesets and seccomp programs; nothing in
here decides anything (that is jail.py, root.py and policy.py). Imports the standard library alone, because the
process that is about to be jailed imports it. Every function raises OSError when the kernel says no.

Numbers are from the kernel's headers of 6.18 for x86_64 and for aarch64, the two machines known here.
Sources: landlock(7), seccomp(2), capabilities(7), mount_setattr(2), user_namespaces(7).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MACHINE = platform.machine()

# name: (x86_64, aarch64); None where that machine has no such call.
_NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "_sysctl": (156, None), "acct": (163, 89), "add_key": (248, 217), "adjtimex": (159, 171), "bpf": (321, 280),
    "capget": (125, 90), "capset": (126, 91), "chmod": (90, None), "chown": (92, None), "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112), "clone": (56, 220), "clone3": (435, 435),
    "close_range": (436, 436), "connect": (42, 203),
    "create_module": (174, None), "delete_module": (176, 106), "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "fchown": (93, 55), "fchownat": (260, 54), "fcntl": (72, 25), "finit_module": (313, 273), "fremovexattr": (199, 16),
    "fsconfig": (431, 431), "fsetxattr": (190, 7), "fsmount": (432, 432), "fsopen": (430, 430), "fspick": (433, 433),
    "futimesat": (261, None), "get_kernel_syms": (177, None), "get_robust_list": (274, 100), "init_module": (175, 105),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "io_uring_setup": (425, 425), "ioctl": (16, 29),
    "ioperm": (173, None), "iopl": (172, None), "ioprio_set": (251, 30), "kcmp": (312, 272),
    "kexec_file_load": (320, 294), "kexec_load": (246, 104), "keyctl": (250, 219), "kill": (62, 129),
    "landlock_add_rule": (445, 445), "landlock_create_ruleset": (444, 444), "landlock_restrict_self": (446, 446),
    "lchown": (94, None), "lookup_dcookie": (212, 18), "lremovexattr": (198, 15), "lsetxattr": (189, 6),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "migrate_pages": (256, 238), "modify_ldt": (154, None),
    "mount": (165, 40), "mount_setattr": (442, 442), "move_mount": (429, 429), "move_pages": (279, 239),
    "mq_getsetattr": (245, 185), "mq_notify": (244, 184), "mq_open": (240, 180), "mq_timedreceive": (243, 183),
    "mq_timedsend": (242, 182), "mq_unlink": (241, 181), "msgctl": (71, 187), "msgget": (68, 186), "msgrcv": (70, 188),
    "msgsnd": (69, 189), "name_to_handle_at": (303, 264), "nfsservctl": (180, 42), "open_by_handle_at": (304, 265),
    "open_tree": (428, 428), "perf_event_open": (298, 241), "personality": (135, 92), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "pivot_root": (155, 41), "prctl": (157, 167), "prlimit64": (302, 261),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "ptrace": (101, 117), "query_module": (178, None), "quotactl": (179, 60),
    "quotactl_fd": (443, 443), "reboot": (169, 142), "removexattr": (197, 14), "request_key": (249, 218),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119), "seccomp": (317, 277),
    "semctl": (66, 191), "semget": (64, 190), "semop": (65, 193), "semtimedop": (220, 192), "setdomainname": (171, 162),
    "setfsgid": (123, 152), "setfsuid": (122, 151),
    "sethostname": (170, 161), "setns": (308, 268), "setpgid": (109, 154), "setpriority": (141, 140),
    "setsid": (112, 157), "settimeofday": (164, 170), "setxattr": (188, 5), "shmat": (30, 196), "shmctl": (31, 195),
    "shmdt": (67, 197), "shmget": (29, 194), "socket": (41, 198), "socketpair": (53, 199), "swapoff": (168, 225),
    "swapon": (167, 224), "sysfs": (139, None), "syslog": (103, 116), "tgkill": (234, 131), "tkill": (200, 130),
    "umount2": (166, 39), "unshare": (272, 97), "uselib": (134, None), "userfaultfd": (323, 282), "ustat": (136, None),
    "utime": (132, None), "utimensat": (280, 88), "utimes": (235, None), "vhangup": (153, 58),
}  # fmt: skip
_COLUMN = {"x86_64": 0, "aarch64": 1}.get(MACHINE)
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}.get(MACHINE, 0)

CLONE_NEWTIME, CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS = 0x80, 0x20000, 0x2000000, 0x4000000
CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x8000000, 0x10000000, 0x20000000, 0x40000000
CLONE_PTRACE, CLONE_PARENT = 0x2000, 0x8000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
MS_MOVE, MS_REC, MS_PRIVATE = 8192, 16384, 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE, PR_SET_NAME, PR_SET_SECCOMP = 1, 3, 4, 15, 22
PR_CAPBSET_DROP, PR_SET_SECUREBITS, PR_SET_MM, PR_SET_CHILD_SUBREAPER = 24, 28, 35, 36
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_SET_PTRACER = 38, 47, 0x59616D61

SECBIT_NO_SETUID_FIXUP = 4
CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_KILL, CAP_SETGID = 0, 1, 2, 3, 5, 6
CAP_SETUID, CAP_SETPCAP = 7, 8
CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_SYS_RESOURCE = 19, 21, 24

_libc = ctypes.CDLL(None, use_errno=True)
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long


def number(name: str) -> int | None:
    """The number of the system call `name` on this machine; None where it has none or the machine is not known."""
    return None if _COLUMN is None else _NUMBERS[name][_COLUMN]


def call(name: str, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Make the system call `name`; returns its result. OSError (ENOSYS where this machine has no such call)."""
    nr = number(name)
    if nr is None:
        raise OSError(errno.ENOSYS, f"{name} is not known on {MACHINE}")
    result = int(_syscall(ctypes.c_long(nr), *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments)))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def unshare(flags: int) -> None:
    """Leave the namespaces named by CLONE_NEW* `flags` for new ones (a new PID namespace is for children to come)."""
    call("unshare", flags)


def setns(fd: int, flags: int) -> None:
    """Enter the namespace that `fd` refers to."""
    call("setns", fd, flags)


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """mount(2)."""
    call("mount", source.encode(), target.encode(), kind.encode() if kind else None, flags, options.encode() or None)


def unmount(target: str) -> None:
    """Detach what is mounted at `target`."""
    call("umount2", target.encode(), MNT_DETACH)


def pivot_root(new: str, old: str) -> None:
    """Make the mount `new` the root, and the former root appear at `old`, which is beneath it."""
    call("pivot_root", new.encode(), old.encode())


def bind(source: str, target: str, *, device: bool = False) -> None:
    """Show `source`, with all mounted beneath it, at `target`: read-only, nosuid and nodev (a `device` usable)."""
    mount(source, target, None, MS_BIND | MS_REC)
    flags = MS_RDONLY | MS_NOSUID | (MS_NOEXEC if device else MS_NODEV)  # MOUNT_ATTR_* have the values of MS_*
    try:
        attributes = ctypes.create_string_buffer(struct.pack("=QQQQ", flags, 0, 0, 0), 32)
        call("mount_setattr", -100, target.encode(), 0x8000, attributes, 32)  # AT_FDCWD, AT_RECURSIVE
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        kept = os.statvfs(target).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
        mount("none", target, None, MS_REMOUNT | MS_BIND | flags | kept)


def prctl(option: int, *arguments: int) -> int:
    """prctl(2), unused arguments zero."""
    padded = (*arguments, 0, 0, 0, 0)[:4]
    result = int(_libc.prctl(option, *(ctypes.c_ulong(argument) for argument in padded)))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def set_name(name: str) -> None:
    """Give this process the name that `ps -o comm` shows."""
    _libc.prctl(PR_SET_NAME, name.encode(), 0, 0, 0)


def close_from(first: int, last: int = 0x7FFFFFFF) -> None:
    """Close every open file from `first` to `last`, both included."""
    try:
        call("close_range", first, last, 0)
    except OSError:
        os.closerange(first, min(last + 1, 1 << 16))


def new_session_keyring() -> None:
    """Replace the session keyring, through which a user's keys are reached, by an empty one."""
    call("keyctl", 1, None)


def drop_bounding_set(*kept: int) -> None:
    """No capability but those `kept` can be had from a program's file any more, by this process or its children."""
    prctl(PR_CAP_AMBIENT, 4)  # PR_CAP_AMBIENT_CLEAR_ALL
    for capability in sorted(set(range(64)).difference(kept)):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError as error:
            if error.errno == errno.EINVAL:  # past the last one that this kernel has
                return
            raise


# Kept: making a type of array anew takes longer than the call that it is for.
_8_BYTES, _24_BYTES = ctypes.c_char * 8, ctypes.c_char * 24


def has_capability(capability: int) -> bool:
    """Whether this process has `capability` in effect, in its own user namespace."""
    try:
        _call_capability("capget", held := _24_BYTES())
    except OSError:
        return False
    low, _, _, high, _, _ = struct.unpack("=6I", held.raw)
    return bool((high << 32 | low) >> capability & 1)


def keep_capabilities(*capabilities: int, inheritable: bool = False) -> None:
    """Give up every capability but these of those permitted now. Inheritable ones go too unless asked for."""
    _call_capability("capget", held := _24_BYTES())
    wanted = sum(1 << capability for capability in capabilities)
    words = struct.unpack("=6I", held.raw)
    low, high = words[1] & wanted, words[4] & wanted >> 32
    kept = (low, low, low if inheritable else 0, high, high, high if inheritable else 0)
    _call_capability("capset", _24_BYTES.from_buffer_copy(struct.pack("=6I", *kept)))


def make_ambient(capability: int) -> None:
    """Let programs that are run have `capability`, which must be permitted and inheritable."""
    prctl(PR_CAP_AMBIENT, 2, capability)  # PR_CAP_AMBIENT_RAISE


def _call_capability(name: str, data: ctypes.Array[ctypes.c_char]) -> None:
    call(name, _8_BYTES.from_buffer_copy(struct.pack("=Ii", 0x20080522, 0)), data)


def act_as(uid: int, gid: int) -> None:
    """Be `uid` and `gid` wherever files and /proc are concerned (setfsuid, setfsgid)."""
    call("setfsgid", gid)
    call("setfsuid", uid)


# --- Landlock ---

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE, IOCTL_DEV = 1, 2, 4, 8, 1 << 14, 1 << 15
MAKE_REG, REMOVE_FILE, REMOVE_DIR, MAKE_DIR, MAKE_SYM = 1 << 8, 1 << 5, 1 << 4, 1 << 7, 1 << 12
MAKE_SOCK, MAKE_FIFO, REFER = 1 << 9, 1 << 10, 1 << 13
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}


def landlock_abi() -> int:
    """The version of Landlock that the kernel has. OSError where it has none or has it switched off."""
    return call("landlock_create_ruleset", None, 0, 1)


def landlock_ruleset(abi: int, rules: Iterable[tuple[int, int]]) -> int:
    """A ruleset that denies all that `abi` can deny, but for `rules`: (file descriptor of the path, rights below it).

    Returns a file descriptor. Beside files: TCP (ABI 4), abstract Unix sockets and signals of others (ABI 6).
    """
    handled = _RIGHTS[min(abi, 5)]
    attributes = struct.pack("=QQQ", handled, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    ruleset = call("landlock_create_ruleset", attributes, 24 if abi >= 6 else 16 if abi >= 4 else 8, 0)
    for fd, rights in rules:
        call("landlock_add_rule", ruleset, 1, struct.pack("=Qi", rights & handled, fd), 0)
    return ruleset


def landlock_restrict(ruleset: int) -> None:
    """Bind this process and its descendants to `ruleset`, for ever."""
    call("landlock_restrict_self", ruleset, 0)


# --- seccomp ---

ALLOW = 0x7FFF0000


def deny(code: int) -> int:
    """The verdict: the call fails with the errno `code` (0: it seems to succeed and does nothing)."""
    return 0x00050000 | code


@dataclass(frozen=True)
class When:
    """A verdict by one argument's low 32 bits: `then` if the test holds, `otherwise` if not.

    `test` is "in" (equal to one of `values`), "any" (has a bit of any of `values`) or "between" (the two, unsigned).
    """

    argument: int
    test: str
    values: tuple[int, ...]
    then: int
    otherwise: int = ALLOW


_LOAD, _JUMP_EQUAL, _JUMP_SET, _JUMP_AT_LEAST, _JUMP, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x05, 0x06


def _verdict(verdict: int | When) -> list[tuple[int, int, int, int]]:
    """Instructions (code, jump if true, jump if false, constant) that end in a verdict."""
    if isinstance(verdict, int):
        return [(_RETURN, 0, 0, verdict)]
    if verdict.test == "between":
        first, last = verdict.values
        tests = [(_JUMP_AT_LEAST, 1, 0, last + 1), (_JUMP_AT_LEAST, 1, 0, first)]
    else:
        jump = _JUMP_EQUAL if verdict.test == "in" else _JUMP_SET
        tests = [(jump, len(verdict.values) - i, 0, value) for i, value in enumerate(verdict.values)]
    low = [(_LOAD, 0, 0, 16 + 8 * verdict.argument)]  # both machines are little-endian
    return [*low, *tests, (_RETURN, 0, 0, verdict.otherwise), (_RETURN, 0, 0, verdict.then)]


def _search(steps: Sequence[tuple[int, int | When]]) -> list[tuple[int, int, int, int]]:
    """A binary search of the call's number in `steps`: (first number, verdict up to the next step)."""
    if len(steps) == 1:
        return _verdict(steps[0][1])
    middle = len(steps) // 2
    low, high = _search(steps[:middle]), _search(steps[middle:])
    return [(_JUMP_AT_LEAST, 0, 1, steps[middle][0]), (_JUMP, 0, 0, len(low)), *low, *high]


def seccomp_program(verdicts: dict[str, int | When], *, unknown_from: int) -> bytes:
    """The filter in which the calls of `verdicts` get theirs and others pass, as bytes for `seccomp_install`.

    Calls numbered `unknown_from` and above (later than this file), of x32 and of another machine do not exist in it.
    """
    missing = deny(errno.ENOSYS)
    by_number = {nr: verdict for name, verdict in verdicts.items() if (nr := number(name)) is not None}
    steps: list[tuple[int, int | When]] = [(0, ALLOW)]
    for nr in range(unknown_from):
        verdict = by_number.get(nr, ALLOW)
        if steps[-1][1] != verdict:
            steps.append((nr, verdict))
    steps.append((unknown_from, missing))
    program = [
        (_LOAD, 0, 0, 4),
        (_JUMP_EQUAL, 1, 0, _AUDIT_ARCH),
        (_RETURN, 0, 0, missing),
        (_LOAD, 0, 0, 0),
        *_search(steps),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def seccomp_install(program: bytes) -> None:
    """Put the filter on this process and its descendants, for ever. It needs no_new_privs or CAP_SYS_ADMIN."""
    if _COLUMN is None:
        raise OSError(errno.ENOSYS, f"system calls of {MACHINE} are not known")
    address = ctypes.cast(ctypes.c_char_p(program), ctypes.c_void_p).value
    call("seccomp", 1, 0, struct.pack("@HP", len(program) // 8, address))
