"""What a student's process may touch: Landlock's allow-list of files, and seccomp's deny-list of system calls.

The calls denied are those that an honest notebook, with its subprocesses, threads and multiprocessing, has no use for.
What is newer than the table does not exist. A denied call fails with EPERM (or what its callers know how to handle)
and never kills.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator, Sequence

from autograder.student import linux, root
from autograder.student.linux import When, deny

READ = linux.READ_FILE | linux.READ_DIR
_USE = READ | linux.EXECUTE
_DEVICE = linux.READ_FILE | linux.WRITE_FILE
SCRATCH = (
    _USE | linux.WRITE_FILE | linux.TRUNCATE | linux.REFER | linux.REMOVE_DIR | linux.REMOVE_FILE
    | linux.MAKE_DIR | linux.MAKE_REG | linux.MAKE_SYM | linux.MAKE_SOCK | linux.MAKE_FIFO
)  # fmt: skip
# Without READ_DIR: whoever does not know the name of a file there does not find it.
_SHARED_MEMORY = _DEVICE | linux.TRUNCATE | linux.REMOVE_FILE | linux.MAKE_REG


EPERM, ENOSYS, EACCES = deny(errno.EPERM), deny(errno.ENOSYS), deny(errno.EACCES)
PRETEND = deny(0)

# Stands in a program for the number of the student process, which is known only when it is installed.
OWN_PID = 0x7E57AB1E

# Calls from 457 (statmount) on are newer than Linux 6.7; libraries take ENOSYS for an older kernel.
_UNKNOWN_FROM = 457

_DENIED = {
    "into other processes": (
        "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease pidfd_getfd kcmp get_robust_list"
        " migrate_pages move_pages perf_event_open"
    ),
    "mounts, roots and namespaces": (
        "mount umount2 pivot_root chroot unshare setns move_mount open_tree fsopen fsconfig fsmount fspick"
        " mount_setattr open_by_handle_at name_to_handle_at fanotify_init fanotify_mark"
    ),
    "keys": "keyctl add_key request_key",
    "large or old parts of the kernel": (
        "bpf userfaultfd io_uring_setup io_uring_enter io_uring_register memfd_secret seccomp landlock_create_ruleset"
        " landlock_add_rule landlock_restrict_self modify_ldt uselib _sysctl lookup_dcookie nfsservctl sysfs ustat"
    ),
    "the machine": (
        "kexec_load kexec_file_load init_module finit_module delete_module create_module get_kernel_syms query_module"
        " reboot swapon swapoff quotactl quotactl_fd sethostname setdomainname acct settimeofday clock_settime"
        " clock_adjtime adjtimex syslog vhangup iopl ioperm"
    ),
    # System V and POSIX queues outlive their process and no limit of memory counts them; multiprocessing uses neither.
    "memory that outlives its process": (
        "shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl mq_open mq_unlink"
        " mq_timedsend mq_timedreceive mq_notify mq_getsetattr"
    ),
}

_NEW_NAMESPACE = (
    linux.CLONE_NEWNS | linux.CLONE_NEWCGROUP | linux.CLONE_NEWUTS | linux.CLONE_NEWIPC | linux.CLONE_NEWUSER
    | linux.CLONE_NEWPID | linux.CLONE_NEWNET | linux.CLONE_PARENT | linux.CLONE_PTRACE
)  # fmt: skip
_CONSOLE = (0x5412, 0x541C, 0x541D)  # TIOCSTI and TIOCLINUX type into a terminal, TIOCCONS redirects one

_PRCTL = (linux.PR_SET_DUMPABLE, linux.PR_SET_SECCOMP, linux.PR_SET_MM, linux.PR_SET_PTRACER)

_CHANGES = (
    "chmod fchmod fchmodat fchmodat2 utime utimes futimesat utimensat",
    "chown fchown lchown fchownat setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr",
)


def program(
    *, private_root: bool, unix_sockets: bool, own_pids: bool, own_uid: bool, scoped_signals: bool, memfd: bool
) -> bytes:
    """The filter for a jail that has a root, PIDs, a user id and signals of its own, or has to do without some.

    Without `unix_sockets` there are only pairs of them. With `memfd` anonymous files may be made: their pages count
    for no limit but a cgroup's.
    """
    table: dict[str, int | When] = {name: EPERM for names in _DENIED.values() for name in names.split()}
    table |= {
        "clone": When(0, "any", (_NEW_NAMESPACE,), EPERM),
        "clone3": ENOSYS,  # its flags are behind a pointer; glibc falls back to clone
        "ioctl": When(1, "in", _CONSOLE, EPERM),
        "personality": When(0, "in", (0, 0xFFFFFFFF), linux.ALLOW, EPERM),
        "prctl": When(0, "in", _PRCTL, EPERM),
        "setsid": PRETEND,  # a session has a share of the processors; a submission is to have one
        "sched_setaffinity": EPERM,  # one submission keeps to the processors it was given
        "socket": When(0, "in", (socket.AF_UNIX,), linux.ALLOW, EACCES),
        "socketpair": When(0, "in", (socket.AF_UNIX,), linux.ALLOW, EACCES),
    }
    if not memfd:
        table["memfd_create"] = EPERM
    if not unix_sockets:
        # A pair stays possible, unless its kind takes an address with each message.
        table |= {"socket": EACCES, "connect": EACCES}
        stream_or_seqpacket = tuple(
            kind | flags for kind in (1, 5) for flags in (0, 0x80000, 0x800, 0x80800)
        )  # SOCK_CLOEXEC, SOCK_NONBLOCK
        table["socketpair"] = When(1, "in", stream_or_seqpacket, linux.ALLOW, EACCES)
    if not private_root:
        # Landlock covers neither of these. Copying a file calls them too, and goes on when they seem to work.
        table |= dict.fromkeys(_CHANGES[0].split(), PRETEND)
        table |= dict.fromkeys(_CHANGES[1].split(), EPERM)
    if not own_pids:
        # Killing the process group is to get everything, and the end of the zygote the student process.
        table["setpgid"] = PRETEND
        table["prctl"] = When(0, "in", (*_PRCTL, linux.PR_SET_PDEATHSIG), EPERM)
        if not own_uid:
            # The kernel allows these among all processes of one user.
            other = (0,)
            table |= {
                "prlimit64": When(0, "in", other, linux.ALLOW, EPERM),
                "setpriority": When(1, "in", other, linux.ALLOW, EPERM),
                "ioprio_set": When(1, "in", other, linux.ALLOW, EPERM),
                "sched_setscheduler": When(0, "in", other, linux.ALLOW, EPERM),
                "sched_setparam": When(0, "in", other, linux.ALLOW, EPERM),
                "sched_setattr": When(0, "in", other, linux.ALLOW, EPERM),
            }
            if not scoped_signals:
                # Descendants have higher numbers than the process itself, until the numbers wrap.
                descendant = When(0, "between", (OWN_PID, 0x7FFFFFFF), linux.ALLOW, EPERM)
                table |= dict.fromkeys(("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"), descendant)
                table["pidfd_send_signal"] = EPERM
                table["fcntl"] = When(1, "in", (8, 10, 15), EPERM)  # F_SETOWN, F_SETSIG, F_SETOWN_EX
                table["ioctl"] = When(1, "in", (*_CONSOLE, 0x8901, 0x8902), EPERM)  # FIOSETOWN, SIOCSPGRP
    return linux.seccomp_program(table, unknown_from=_UNKNOWN_FROM)


def install(filter_program: bytes) -> None:
    """Put a `program` on this process, which is the first of its submission."""
    linux.seccomp_install(filter_program.replace(OWN_PID.to_bytes(4, "little"), os.getpid().to_bytes(4, "little")))


def rules(paths: Sequence[str], home: str, private: root.Root | None) -> Iterator[tuple[int, int]]:
    """Landlock's rules that are the same for every submission."""
    # A link beneath /tmp, such as an environment's lib64, is not there inside; what it leads to is.
    yield from (rule(path, _USE) for path in paths if os.path.exists(path))
    yield from (rule(f"/dev/{name}", _DEVICE) for name in root.DEVICES if os.path.exists(f"/dev/{name}"))
    if private is None or not private.fresh_proc:
        yield from (rule(f"/proc/{name}", READ) for name in root.PROC_FILES if os.path.exists(f"/proc/{name}"))
    if private is not None:
        yield rule("/etc", READ)
        if private.fresh_proc:
            yield rule("/", linux.READ_DIR)  # there is nothing in it that may not be seen
        return
    yield from (rule(path, linux.READ_FILE) for path in root.ACCOUNTS if os.path.exists(path))
    yield rule(home, SCRATCH)
    if os.path.isdir("/dev/shm"):
        yield rule("/dev/shm", _SHARED_MEMORY)


def own_rules(private: root.Root | None) -> Iterator[tuple[int, int]]:
    """Landlock's rules for what this submission alone has."""
    if private is not None:
        yield rule(private.home, SCRATCH)
    yield rule("/proc" if private is not None and private.fresh_proc else "/proc/self", READ)


def rule(path: str, rights: int) -> tuple[int, int]:
    """A rule for Landlock: a file descriptor of `path`, and those of `rights` that a file of its kind can have."""
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    return fd, rights if stat.S_ISDIR(os.fstat(fd).st_mode) else rights & linux.FILE_RIGHTS
