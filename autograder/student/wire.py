"""The language that the examiner and the student process speak: whitelisted values, as what msgpack can pack.

Only data crosses. A value is encoded to nested lists with a tag in front, an array as dtype, shape, layout and bytes,
and decoded by building exactly the types named here: nothing is unpickled, evaluated or looked up by name. Whatever
arrives in the examiner is a claim; a frame that is not of this language raises `ProtocolError` and costs the check.

==========  =====================================================  =========================================
tag         value                                                  fields
==========  =====================================================  =========================================
(none)      None, bool, int of 64 bits, float, str, bytes          itself
``i``       a larger int                                           hexadecimal digits
``c``       complex                                                real, imaginary
``l t s d``  list, tuple, slice, dict                              items (a dict's as pairs)
``a``       numpy.ndarray                                          dtype, shape, layout (C, F or S), bytes
``n``       numpy scalar                                           dtype, bytes
``T``       torch.Tensor                                           dtype, shape, requires_grad, bytes
``D``       torch.dtype or numpy.dtype                             library, name
``g``       numpy.random.Generator                                 bit generator, state
``h``       an object that stays in the student process            number, name of its type, path of attributes
``f``       a function that stays in the examiner                  number
``x``       what values.py adds                                    kind, fields
==========  =====================================================  =========================================
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.student.frames import MAX_FRAME, Channel, Closed, Late, ProtocolError, TooLarge, is_open

__all__ = [
    "MAX_FRAME",
    "Channel",
    "Closed",
    "Late",
    "NotData",
    "ProtocolError",
    "TooLarge",
    "decode",
    "encode",
    "is_open",
    "laid_out",
    "layout_of",
    "missing",
    "type_name",
]

MAX_DEPTH = 64
MAX_ITEMS = 1_000_000
MAX_DIGITS = 100_000
"""Hexadecimal digits of an int."""

_MAX_COLLISIONS = 100
_INT64 = range(-(2**63), 2**64)
_PLAIN = frozenset({type(None), bool, int, float, str, bytes})

_INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
_INEXACT = ["float16", "float32", "float64", "complex64", "complex128"]
_ARRAY_DTYPES = {np.dtype(name).str: np.dtype(name) for name in ["bool", *_INTEGERS, *_INEXACT]}
_BOOL = _ARRAY_DTYPES[np.dtype("bool").str]
_LAYOUTS = ("C", "F", "S")
_TENSOR_DTYPES = {
    # bfloat16 has no NumPy dtype: its bytes travel as int16.
    "bool": "bool",
    "uint8": "uint8",
    "int8": "int8",
    "int16": "int16",
    "int32": "int32",
    "int64": "int64",
    "float16": "float16",
    "bfloat16": "int16",
    "float32": "float32",
    "float64": "float64",
    "complex64": "complex64",
    "complex128": "complex128",
}
_TENSOR_BYTES = {name: np.dtype(known).str for name, known in _TENSOR_DTYPES.items()}
_BIT_GENERATORS = {"PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"}

# How far into its buffer a bit generator may be. NumPy takes any position, and then reads beyond the buffer.
_LAST_POSITION = {"MT19937": 624, "Philox": 4}


class NotData(TypeError):
    """A value that cannot cross: the message names its type."""


def _torch() -> Any:
    """Torch, if this process has imported it; a tensor cannot exist before."""
    return sys.modules.get("torch")


def encode(value: Any, *, other: Callable[[Any], list[Any] | None] | None = None, max_bytes: int = MAX_FRAME) -> Any:
    """Turn `value` into what msgpack can pack.

    `other` is asked first about each value that is no scalar, and may return its own tagged list (a handle, a
    function). Raises `NotData` for a value that is none of the types of this language (a subclass is another type),
    `TooLarge` when its arrays and strings take more than `max_bytes`.
    """
    budget = [max_bytes, MAX_ITEMS]
    return _encode(value, other, budget, 0)


def _spend(budget: list[int], size: int) -> None:
    budget[0] -= size
    budget[1] -= 1
    if budget[0] < 0 or budget[1] < 0:
        raise TooLarge("the value is too large")


def _encode(value: Any, other: Callable[[Any], list[Any] | None] | None, budget: list[int], depth: int) -> Any:
    kind = type(value)
    budget[1] -= 1
    if budget[1] < 0:
        raise TooLarge("the value is too large")
    if value is None or kind is bool or kind is float:
        return value
    if kind is int:
        if value in _INT64:
            return value
        _spend(budget, value.bit_length() // 4)
        if value.bit_length() // 4 >= MAX_DIGITS - 2:
            raise TooLarge("the value is too large")
        return ["i", f"{value:x}"]
    if kind is str or kind is bytes:
        _spend(budget, len(value))
        return value if kind is bytes else value.encode("utf-8", "replace").decode()
    if other is not None and (tagged := other(value)) is not None:
        return tagged
    if depth > MAX_DEPTH:
        raise NotData("a value nested too deeply")
    if kind is np.ndarray:
        return _encode_array(value, budget)
    if isinstance(value, np.generic) and value.dtype.str in _ARRAY_DTYPES:
        return ["n", value.dtype.str, value.tobytes()]
    if kind is list or kind is tuple:
        return ["l" if kind is list else "t", [_encode(item, other, budget, depth + 1) for item in value]]
    if kind is dict:
        return ["d", [[_encode(part, other, budget, depth + 1) for part in pair] for pair in value.items()]]
    if kind is complex:
        return ["c", value.real, value.imag]
    if kind is slice:
        return ["s", [_encode(part, other, budget, depth + 1) for part in (value.start, value.stop, value.step)]]
    if kind is np.random.Generator:
        state = value.bit_generator.state
        return ["g", state["bit_generator"], _encode(state, None, budget, depth + 1)]
    if isinstance(value, np.dtype) and value.str in _ARRAY_DTYPES:
        return ["D", "numpy", value.str]
    torch = _torch()
    if torch is not None:
        if kind is torch.Tensor or kind is torch.nn.Parameter:
            return _encode_tensor(torch, value, budget)
        if kind is torch.dtype and (name := str(value).removeprefix("torch.")) in _TENSOR_DTYPES:
            return ["D", "torch", name]
        if kind is torch.Size:
            return ["t", [int(n) for n in value]]
    if kind.__name__ == "OrderedDict" and kind.__module__ == "collections":  # what a state_dict is
        return ["d", [[_encode(part, other, budget, depth + 1) for part in pair] for pair in dict(value).items()]]
    raise NotData(type_name(value))


def type_name(value: Any) -> str:
    """The name of a value's type as a student would write it, such as ``list`` or ``numpy.matrix``."""
    kind = type(value)
    module, name = str(kind.__module__), str(kind.__qualname__)
    return name if module in ("builtins", "__main__") else f"{module.split('.')[0]}.{name}"


def missing(target: list[Any]) -> list[str]:
    """How it is said, on either side, that a reference leads nowhere: at its variable, or at each part of its path."""
    _, root, _, path = target
    return [
        f"there is no `{root}` after the notebook has run",
        *(f"what came back has no `{key}`" if kind == "attribute" else "" for kind, key in path),
    ]


def _encode_array(array: np.ndarray[Any, Any], budget: list[int]) -> list[Any]:
    if array.dtype.str not in _ARRAY_DTYPES:
        if array.dtype.newbyteorder("=").str in _ARRAY_DTYPES:
            array = array.astype(array.dtype.newbyteorder("="))
        else:
            raise NotData(f"an array of dtype {array.dtype}")
    _spend(budget, array.nbytes)
    layout = layout_of(array)
    data = array.tobytes(order="F" if layout == "F" else "C")
    return ["a", array.dtype.str, list(array.shape), layout, data]


def _encode_tensor(torch: Any, tensor: Any, budget: list[int]) -> list[Any]:
    name = str(tensor.dtype).removeprefix("torch.")
    if name not in _TENSOR_DTYPES or tensor.layout is not torch.strided:
        raise NotData(f"a tensor of {tensor.dtype}, {tensor.layout}")
    _spend(budget, tensor.numel() * tensor.element_size())
    plain = tensor.detach().to("cpu").resolve_conj().resolve_neg().contiguous()
    if name == "bfloat16":
        plain = plain.view(torch.int16)
    return ["T", name, list(tensor.shape), bool(tensor.requires_grad), plain.numpy().tobytes()]


def decode(structure: Any, *, other: Callable[[list[Any]], Any] | None = None, writeable: bool = True) -> Any:
    """Build the value that `structure` describes; the opposite of `encode`.

    `other` receives the tagged lists of handles and functions. Raises `ProtocolError` for anything else than `encode`
    makes. With ``writeable=False`` arrays are read-only views of the frame.
    """
    return _decode(structure, other, writeable, [MAX_ITEMS], 0)


def _decode(node: Any, other: Callable[[list[Any]], Any] | None, writeable: bool, budget: list[int], depth: int) -> Any:
    budget[0] -= 1
    if budget[0] < 0 or depth > MAX_DEPTH:
        raise ProtocolError("a value of too many parts")
    kind = type(node)
    if kind in _PLAIN:
        return node
    if kind is not list or not node or type(node[0]) is not str:
        raise ProtocolError("a value without a tag")
    tag = node[0]
    # Nearly all that crosses: arrays, and what holds them.
    if tag == "a" and len(node) == 5:
        return _decode_array(node[1], node[2], node[3], node[4], writeable)
    if (tag == "l" or tag == "t") and len(node) == 2 and type(node[1]) is list:
        items = [_decode(part, other, writeable, budget, depth + 1) for part in node[1]]
        return items if tag == "l" else tuple(items)
    if tag == "T" and len(node) == 5:
        return _decode_tensor(*node[1:])
    match tag, node[1:]:
        case "s", [[_, _, _] as parts]:
            return slice(*[_decode(part, other, writeable, budget, depth + 1) for part in parts])
        case "d", [list(pairs)]:
            if not all(type(pair) is list and len(pair) == 2 for pair in pairs):
                raise ProtocolError("a dict of something else than pairs")
            return _dict([[_decode(part, other, writeable, budget, depth + 1) for part in pair] for pair in pairs])
        case "i", [str(digits)] if len(digits) < MAX_DIGITS:
            try:
                return int(digits, 16)
            except ValueError:
                raise ProtocolError("an int without digits") from None
        case "c", [float(real), float(imaginary)]:
            return complex(real, imaginary)
        case "n", [dtype, data]:
            return _decode_array(dtype, [], "C", data, writeable)[()]
        case "D", ["numpy", str(name)] if name in _ARRAY_DTYPES:
            return _ARRAY_DTYPES[name]
        case "D", ["torch", str(name)] if name in _TENSOR_DTYPES and _torch() is not None:
            return getattr(_torch(), name)
        case "g", [str(name), state] if name in _BIT_GENERATORS:
            return _decode_generator(name, _decode(state, None, True, budget, depth + 1))
        case (("h" | "f" | "x"), _) if other is not None:
            return other(node)
    raise ProtocolError(f"an unknown value {tag[:20]!r}")


def _dict(pairs: list[list[Any]]) -> dict[Any, Any]:
    """The dict of these pairs. Numbers hash alike in every process: a dict of many that collide would take hours."""
    if not pairs:
        return {}
    if not all(_is_key(key) for key, _ in pairs):
        raise ProtocolError("a dict key that is no scalar")
    hashes = Counter(hash(key) for key, _ in pairs)
    if hashes and max(hashes.values()) > _MAX_COLLISIONS:
        raise ProtocolError("a dict of keys that collide")
    return dict(pairs)


def _is_key(key: Any) -> bool:
    if isinstance(key, tuple):
        return all(_is_key(part) for part in key)
    return key is None or isinstance(key, (bool, int, float, str, bytes, np.generic))


def _size(shape: Any) -> int:
    """The number of entries of an array of this shape."""
    if type(shape) is not list or len(shape) > 32:
        raise ProtocolError("a shape that is none")
    size = bound = 1
    for n in shape:
        if type(n) is not int or not 0 <= n < 2**48:
            raise ProtocolError("a shape that is none")
        size *= n
        # Zeros count as ones: a shape that holds no number must not be one that no memory holds, nor say what it likes.
        bound *= n or 1
    if bound > 2 * MAX_FRAME:
        raise ProtocolError("a shape that is none")
    return size


def _decode_array(dtype: Any, shape: Any, layout: Any, data: Any, writeable: bool) -> np.ndarray[Any, Any]:
    if type(dtype) is not str or dtype not in _ARRAY_DTYPES or type(layout) is not str or layout not in _LAYOUTS:
        raise ProtocolError("an array of a dtype that may not cross")
    known = _ARRAY_DTYPES[dtype]
    if type(data) is not bytes or _size(shape) * known.itemsize != len(data):
        raise ProtocolError("an array whose bytes do not fill its shape")
    flat = np.frombuffer(data, known)
    if known is _BOOL and flat.size and flat.view(np.uint8).max() > 1:
        raise ProtocolError("a boolean that is neither true nor false")
    array = flat.reshape(shape, order="F" if layout == "F" else "C")
    return laid_out(array, layout) if writeable else array


def layout_of(array: np.ndarray[Any, Any]) -> str:
    """How an array lies in memory: "C", "F", or "S" for strided."""
    if array.flags.c_contiguous:
        return "C"
    return "F" if array.flags.f_contiguous else "S"


def laid_out(array: np.ndarray[Any, Any], layout: str) -> np.ndarray[Any, Any]:
    """A copy that lies in memory as `layout` says."""
    if layout != "S" or not array.ndim:
        return array.copy(order="F" if layout == "F" else "C")
    # Twice as wide, and every other column of it: strided as the sender's was, whatever its strides.
    wide = np.zeros([*array.shape[:-1], 2 * array.shape[-1]], array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def _decode_tensor(dtype: Any, shape: Any, requires_grad: Any, data: Any) -> Any:
    torch = _torch()
    if torch is None or type(dtype) is not str or dtype not in _TENSOR_DTYPES or type(requires_grad) is not bool:
        raise ProtocolError("a tensor of a dtype that may not cross")
    array = _decode_array(_TENSOR_BYTES[dtype], shape, "C", data, writeable=True)
    tensor = torch.from_numpy(array)
    if dtype == "bfloat16":
        tensor = tensor.view(torch.bfloat16)
    if requires_grad and (tensor.is_floating_point() or tensor.is_complex()):
        tensor.requires_grad_()
    return tensor


def _decode_generator(name: str, state: Any) -> np.random.Generator:
    generator: Any = getattr(np.random, name)(0)
    try:
        generator.state = state
    except Exception as error:
        raise ProtocolError("a random state that is none") from error
    now = generator.state
    if not 0 <= now.get("buffer_pos", now["state"].get("pos", 0)) <= _LAST_POSITION.get(name, 0):
        raise ProtocolError("a random state that is none")
    return np.random.Generator(generator)
