"""The shared object, and what every call of it has in common: faults become exceptions, computations can be interrupted."""
from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, c_char_p, c_double, c_int, c_int64, c_uint64, c_void_p
from pathlib import Path
from typing import Any, Callable, NoReturn, Optional, Union

ABI = 1
_NAME = "libvarve_raster.so"


class RasterError(ValueError, RuntimeError):
    """What was asked cannot be done with these layers, or a file is damaged. The message says what to do next."""


class InvalidRasterBand(RasterError):
    """A file has not the band that was asked for."""


class Grid(ctypes.Structure):
    """`varve_grid`; `owner` keeps its projection's handle from being released."""

    owner: Any = None
    _fields_ = [("x", c_double), ("y", c_double), ("step_x", c_double), ("step_y", c_double),
                ("width", c_int64), ("height", c_int64), ("projection", c_int64)]


class Description(ctypes.Structure):
    """`varve_layer`"""

    _fields_ = [("type", c_int), ("can_miss", c_int), ("placed", c_int), ("has_no_data", c_int), ("no_data", c_double)]


class Run(ctypes.Structure):
    """`varve_run`"""

    _fields_ = [("threads", c_int), ("reserved", c_int), ("memory", c_int64), ("job", c_int64)]


class WriteOptions(ctypes.Structure):
    """`varve_write_options`"""

    _fields_ = [("compression", c_int), ("level", c_int), ("cog", c_int), ("sparse", c_int), ("has_no_data", c_int),
                ("tile_size", c_int), ("no_data", c_double)]


class Tally(ctypes.Structure):
    """`varve_tally`"""

    _fields_ = [("count", c_int64), ("missing", c_int64), ("sum", c_double), ("min", c_double), ("max", c_double),
                ("mean", c_double), ("deviation", c_double), ("high", c_int64), ("low", c_uint64), ("is_whole", c_int),
                ("reserved", c_int)]


_handles = POINTER(c_int64)
_grid = POINTER(Grid)
_run = POINTER(Run)
_texts = POINTER(c_char_p)

# Arguments of each function; those in _MAKERS give a handle, or 0 after a fault, the others a number, or -1.
_MAKERS: dict[str, list[Any]] = {
    "open": [c_char_p, c_int, c_int],
    "open_tiles": [_texts, c_int, c_int],
    "open_rows": [c_char_p, c_int, c_int],
    "open_polygons": [c_char_p, c_char_p, c_int, c_char_p],
    "open_cell": [c_char_p, c_int],
    "constant_real": [c_double],
    "constant_whole": [c_int64],
    "array": [c_void_p, c_int, _grid, POINTER(c_double)],
    "areas": [],
    "on_pixels": [c_int64, _grid],
    "on_grid": [c_int64, _grid],
    "binary": [c_char_p, c_int64, c_int64],
    "unary": [c_char_p, c_int64],
    "where": [c_int64, c_int64, c_int64],
    "is_in": [c_int64, c_void_p, c_int],
    "cast": [c_int64, c_int],
    "fill": [c_int64, c_double],
    "convolve": [c_int64, c_void_p, c_int, c_int],
    "focal": [c_char_p, c_int64, c_int],
    "distance": [c_int64, c_double, c_int],
    "projection": [c_char_p],
    "warp": [c_int64, _grid, c_int],
}
_TELLERS: dict[str, list[Any]] = {
    "describe": [c_int64, POINTER(Description)],
    "pixels_of": [c_int64, _grid],
    "grid_of": [c_int64, _grid],
    "bounds_of": [c_int64, POINTER(c_double)],
    "label_of": [c_int64, c_char_p, c_int64],
    "projection_name": [c_int64, c_char_p, c_int64],
    "projection_epsg": [c_int64],
    "projection_is_geographic": [c_int64],
    "projection_equals": [c_int64, c_int64],
    "grid_in": [_grid, _grid, _grid],
    "transform": [c_int64, c_int64, POINTER(c_double), POINTER(c_double), c_int],
    "read": [c_int64, c_void_p, c_void_p, c_int64, _run],
    "preview": [c_int64, c_void_p, c_int, c_int, _run],
    "tally": [_handles, c_int, c_int, _run],
    "values": [c_int64, _run],
    "write": [c_char_p, _handles, c_int, _texts, POINTER(WriteOptions), c_int, _run],
    "wait": [c_int64, c_int],
    "cancel": [c_int64],
    "tally_of": [c_int64, c_int, POINTER(Tally)],
    "values_of": [c_int64, c_void_p, c_void_p, POINTER(c_int64)],
    "has_missing": [c_int64],
}

_loaded: Optional[ctypes.CDLL] = None
_was_forked = False


def _after_fork() -> None:
    global _was_forked
    _was_forked = _loaded is not None


os.register_at_fork(after_in_child=_after_fork)


def _find() -> str:
    named = os.environ.get("VARVE_RASTER_LIBRARY")
    if named:
        return named
    beside = Path(__file__).with_name(_NAME)
    built = Path(__file__).resolve().parents[3] / "artifacts" / _NAME
    for path in (beside, built):
        if path.exists():
            return str(path)
    raise ImportError(f"{_NAME} is neither beside {__file__} nor built; scripts/build-python in Varve's checkout builds it, or name it in VARVE_RASTER_LIBRARY")


def library() -> ctypes.CDLL:
    """The shared object; loaded when it is first needed, so that a process that only imports this module can fork."""
    global _loaded
    if _was_forked:
        raise RuntimeError("this process was forked from one that already used varve.raster, whose threads a fork leaves behind; "
                           "start processes with multiprocessing.get_context('spawn'), or fork before the first layer is opened")
    if _loaded is None:
        path = _find()
        try:
            found = ctypes.CDLL(path)
        except OSError as error:
            raise ImportError(f"{path} could not be loaded: {error}") from error
        if found.varve_abi() != ABI:
            raise ImportError(f"{path} is of another version than this module; install both anew (pip install --force-reinstall ./python)")
        for names, result in ((_MAKERS, c_int64), (_TELLERS, c_int64)):
            for name, arguments in names.items():
                function = getattr(found, "varve_" + name)
                function.argtypes, function.restype = arguments, result
        found.varve_error.argtypes, found.varve_error.restype = [c_char_p, c_int64], c_int64
        found.varve_release.argtypes, found.varve_release.restype = [c_int64], None
        found.varve_progress.argtypes, found.varve_progress.restype = [c_int64], c_double
        _loaded = found
    return _loaded


def call(name: str, *arguments: Any) -> int:
    """Calls a function of the header, without its `varve_`.

    Raises:
        RasterError, FileNotFoundError, OSError, MemoryError: As the fault was.
    """
    native = library()
    result: int = getattr(native, "varve_" + name)(*arguments)
    if result == 0 and name in _MAKERS or result < 0 and name in _TELLERS:
        _raise(native)
    return result


def _raise(native: ctypes.CDLL) -> NoReturn:
    kind = native.varve_error_kind()
    message = text(native.varve_error)
    kinds: dict[int, type[Exception]] = {1: RasterError, 2: FileNotFoundError, 3: OSError, 4: InvalidRasterBand, 6: MemoryError}
    if kind == 5:
        raise KeyboardInterrupt
    raise kinds.get(kind, RuntimeError)(message)


def text(tell: Callable[..., int], *arguments: Any) -> str:
    """What a function tells that puts text into a buffer."""
    size = tell(*arguments, None, 0) + 1
    buffer = ctypes.create_string_buffer(size)
    tell(*arguments, buffer, size)
    return buffer.value.decode()


def release(handle: int) -> None:
    """Lets go of what a handle names."""
    if handle and _loaded is not None and not _was_forked:
        _loaded.varve_release(handle)


def path_of(filename: Union[str, "os.PathLike[str]"]) -> bytes:
    """A file's name as the shared object takes it."""
    return os.fsencode(os.fspath(filename))


def threads_of(parallelism: Union[int, bool, None]) -> int:
    """Yirgacheffe's argument as a number of threads; 0 for all cores."""
    if parallelism is None or parallelism is True:
        return 0
    if parallelism is False:
        return 1
    if parallelism < 1:
        raise ValueError(f"parallelism is a number of threads from 1, True or False, not {parallelism}")
    return int(parallelism)


def run(name: str, *arguments: Any, then: Callable[[int], Any] = lambda job: None, parallelism: Union[int, bool, None] = None,
        memory: Optional[int] = None, callback: Optional[Callable[[float], None]] = None) -> Any:
    """Starts a computation and waits for its end. Other threads of Python go on meanwhile, and an interrupt (Ctrl-C), or
    an exception of the callback, stops it; nothing is left then of a file that it wrote.

    Args:
        name: The function that starts it.
        arguments: Its arguments, but for the last.
        then: What is done with the job when it has ended.
        parallelism: How many threads; None or True for one for each core.
        memory: Bytes that may be used; None for half of what is free.
        callback: Told, now and then, how far it is, from 0.0 to 1.0; in the thread that called.
    """
    limits = Run(threads_of(parallelism), 0, memory or 0, 0)
    try:
        if callback:
            callback(0.0)
        call(name, *arguments, ctypes.byref(limits))
        told = 0.0
        while call("wait", limits.job, 50) == 0:
            if callback and (done := library().varve_progress(limits.job)) != told:
                told = done
                callback(min(done, 1.0))
        result = then(limits.job)
        if callback and told != 1.0:
            callback(1.0)
        return result
    except BaseException:
        _stop(limits.job)
        raise
    finally:
        release(limits.job)


def _stop(job: int) -> None:
    """Cancels a job, and waits until it no longer writes into memory of ours, however often it is interrupted."""
    while job:
        try:
            library().varve_cancel(job)
            while library().varve_wait(job, 200) == 0:
                pass
            return
        except KeyboardInterrupt:
            pass
