"""Operators of layers. Each makes a layer, and computes nothing."""
from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Callable, Iterable, Optional, Union

import numpy as np

from ._area import Area
from ._library import call
from ._projection import MapProjection
from ._types import RESAMPLINGS, Array, ResamplingMethod, dtype_of, pixel_type

if TYPE_CHECKING:
    from ._layer import Layer

Operand = Union["Layer", int, float, bool]
"""A layer, or a number, which lies wherever what it meets does."""


def lift(value: Any) -> Layer:
    """A layer of a number; a layer itself.

    Raises:
        TypeError, ValueError: It is neither.
    """
    from ._layer import Layer

    if isinstance(value, Layer):
        return value
    if isinstance(value, np.ndarray):
        if value.shape != ():
            raise ValueError("an array has no place; from_array(values, origin, projection) makes a layer of it")
        value = value.item()
    if not isinstance(value, (int, float, np.number, np.bool_)) or isinstance(value, complex):
        raise TypeError(f"a layer, or a number, is needed, not {type(value).__name__}")
    return constant(value)


def constant(value: Union[int, float, "np.number[Any]", np.bool_]) -> Layer:
    """One number everywhere. Operators make layers of numbers by themselves; this is for one that stands alone.

    Args:
        value: The number; it takes the type of what it meets, where that can have it.
    """
    from ._layer import Layer

    number = value if isinstance(value, (int, float)) else value.item()
    if isinstance(number, int) and -(2**63) <= number < 2**63:
        return Layer(call("constant_whole", int(number)), (constant, (number,)))
    return Layer(call("constant_real", float(number)), (constant, (number,)))


def _binary(name: str, a: Layer, b: Layer) -> Layer:
    from ._layer import Layer

    return Layer(call("binary", name.encode(), a._id, b._id), (_binary, (name, a, b)))


def _unary(name: str, a: Layer) -> Layer:
    from ._layer import Layer

    return Layer(call("unary", name.encode(), a._id), (_unary, (name, a)))


def choose(condition: Layer, a: Layer, b: Layer) -> Layer:
    """The second where the first is true, else the third."""
    from ._layer import Layer

    return Layer(call("where", condition._id, a._id, b._id), (choose, (condition, a, b)))


def _isin(layer: Layer, values: tuple[float, ...]) -> Layer:
    from ._layer import Layer

    wanted = np.array(values, np.float64)
    return Layer(call("is_in", layer._id, wanted.ctypes.data, len(wanted)), (_isin, (layer, values)))


def _as_type(layer: Layer, number: int) -> Layer:
    from ._layer import Layer

    return Layer(call("cast", layer._id, number), (_as_type, (layer, number)))


def _fill(layer: Layer, value: float) -> Layer:
    from ._layer import Layer

    return Layer(call("fill", layer._id, value), (_fill, (layer, value)))


def _focal(layer: Layer, name: str, radius: int) -> Layer:
    from ._layer import Layer

    return Layer(call("focal", name.encode(), layer._id, radius), (_focal, (layer, name, radius)))


def _distance(layer: Layer, limit: float, metres: bool) -> Layer:
    from ._layer import Layer

    return Layer(call("distance", layer._id, limit, int(metres)), (_distance, (layer, limit, metres)))


def _convolve(layer: Layer, weights: Array) -> Layer:
    from ._layer import Layer

    return Layer(call("convolve", layer._id, weights.ctypes.data, *weights.shape), (_convolve, (layer, weights)))


def warp(layer: Layer, area: Area, method: ResamplingMethod) -> Layer:
    """A layer on the pixels of an area."""
    from ._layer import Layer

    grid = area._grid()
    return Layer(call("warp", layer._id, ctypes.byref(grid), RESAMPLINGS.index(method.value)), (warp, (layer, area, method)))


def on_area(layer: Layer, area: Area) -> Layer:
    """A layer on a whole area, 0 where it does not lie."""
    from ._layer import Layer

    grid = area._grid()
    return Layer(call("on_grid", layer._id, ctypes.byref(grid)), (on_area, (layer, area)))


def _operator(name: str, meaning: str, is_reflected: bool = False) -> Callable[[Any, Any], Any]:
    def operator(self: Any, other: Operand) -> Any:
        try:
            known = lift(other)
        except TypeError:
            return NotImplemented
        return _binary(name, known, self) if is_reflected else _binary(name, self, known)

    operator.__doc__ = meaning
    return operator


def _function(name: str, meaning: str) -> Callable[[Any], Layer]:
    def function(self: Any) -> Layer:
        return _unary(name, self)

    function.__name__, function.__doc__ = name, meaning
    return function


def _is_raster(operand: Layer) -> bool:
    """Whether it is more than a number."""
    return bool(operand._description.placed) or not operand.area.is_world


class Operators:
    """What layers can do with each other and with numbers; docs/rasters.md has where results lie, of which type they are, and
    which pixels are missing."""

    __slots__ = ()

    __add__ = _operator("add", "Sums; where either lies.")
    __radd__ = _operator("add", "Sums.", True)
    __sub__ = _operator("subtract", "Differences; where either lies.")
    __rsub__ = _operator("subtract", "Differences.", True)
    __mul__ = _operator("multiply", "Products; where both lie.")
    __rmul__ = _operator("multiply", "Products.", True)
    __truediv__ = _operator("divide", "Quotients in real numbers; where both lie.")
    __rtruediv__ = _operator("divide", "Quotients in real numbers.", True)
    __floordiv__ = _operator("floor_divide", "Quotients towards minus infinity; where both lie.")
    __rfloordiv__ = _operator("floor_divide", "Quotients towards minus infinity.", True)
    __mod__ = _operator("remainder", "What remains of the quotient towards minus infinity; where both lie.")
    __rmod__ = _operator("remainder", "What remains of the quotient.", True)
    __pow__ = _operator("power", "Powers, in real numbers; where either lies.")
    __rpow__ = _operator("power", "Powers, in real numbers.", True)
    __eq__ = _operator("equal", "True where both are equal; where both lie.")
    __ne__ = _operator("not_equal", "True where they differ; where either lies.")
    __lt__ = _operator("less", "True where it is less; where either lies.")
    __le__ = _operator("less_equal", "True where it is not more; where either lies.")
    __gt__ = _operator("greater", "True where it is more; where either lies.")
    __ge__ = _operator("greater_equal", "True where it is not less; where either lies.")
    __and__ = _operator("bit_and", "Both conditions, or the bits that both have; where both lie.")
    __rand__ = _operator("bit_and", "Both.", True)
    __or__ = _operator("bit_or", "Either condition, or the bits that either has; where either lies.")
    __ror__ = _operator("bit_or", "Either.", True)
    __xor__ = _operator("bit_xor", "One condition and not both, or the bits that one has; where either lies.")
    __rxor__ = _operator("bit_xor", "One and not both.", True)
    __hash__ = object.__hash__

    __neg__ = _function("negate", "The opposite.")
    __invert__ = _function("complement", "Not the condition, or all bits turned.")
    __abs__ = _function("absolute", "Without its sign.")

    abs = _function("absolute", "Without its sign.")
    floor = _function("floor", "The next integer below, of the same type.")
    ceil = _function("ceil", "The next integer above, of the same type.")
    round = _function("round", "The nearest integer, halves to the even one; of the same type.")
    sqrt = _function("sqrt", "The square root; missing below 0.")
    exp = _function("exp", "e to this power.")
    exp2 = _function("exp2", "2 to this power.")
    log = _function("log", "The natural logarithm; missing below 0.")
    log2 = _function("log2", "The logarithm to base 2; missing below 0.")
    log10 = _function("log10", "The logarithm to base 10; missing below 0.")
    logical_not = _function("logical_not", "True where it is 0.")
    isnan = _function("is_missing", "True where it is missing; never missing itself.")

    def __lshift__(self: Layer, other: Operand) -> Layer:  # type: ignore[misc]
        """Times a power of 2; where both lie. By a layer, exact up to 2 ** 53, and of 64 bits."""
        by = lift(other)
        return _as_type(_binary("multiply", self, _binary("power", constant(2), by)), pixel_type(np.int64)) if _is_raster(by) else _binary("shift_left", self, by)

    def __rshift__(self: Layer, other: Operand) -> Layer:  # type: ignore[misc]
        """Through a power of 2, towards minus infinity; where both lie. By a layer, exact up to 2 ** 53."""
        by = lift(other)
        if _is_raster(by):
            return _as_type(_unary("floor", _binary("divide", self, _binary("power", constant(2), by))), self._description.type)
        return _binary("shift_right", self, by)

    def __pos__(self: Layer) -> Layer:  # type: ignore[misc]
        """Itself."""
        return self

    def __bool__(self) -> bool:
        raise TypeError("a layer has many truths: join conditions with & and | (with brackets around comparisons), not `and`, `or`, "
                        "`if` or a < b < c; `layer is None` asks whether there is one")

    def logical_and(self: Layer, other: Operand) -> Layer:  # type: ignore[misc]
        """True where both are not 0; where both lie."""
        return _binary("logical_and", self, lift(other))

    def logical_or(self: Layer, other: Operand) -> Layer:  # type: ignore[misc]
        """True where either is not 0; where either lies."""
        return _binary("logical_or", self, lift(other))

    def logical_xor(self: Layer, other: Operand) -> Layer:  # type: ignore[misc]
        """True where one is not 0 and the other is; where either lies."""
        return _binary("logical_xor", self, lift(other))

    def isin(self: Layer, test_elements: Iterable[Union[int, float]]) -> Layer:  # type: ignore[misc]
        """True where the value is one of these."""
        return _isin(self, tuple(float(value) for value in test_elements))

    def clip(self: Layer, min: Optional[Operand] = None, max: Optional[Operand] = None) -> Layer:  # type: ignore[misc]
        """What is below the least becomes it, and what is above the greatest becomes that."""
        result = self
        if min is not None:
            result = _binary("maximum", result, lift(min))
        if max is not None:
            result = _binary("minimum", result, lift(max))
        return result

    def nan_to_num(self: Layer, nan: Union[int, float] = 0, posinf: Optional[float] = None, neginf: Optional[float] = None) -> Layer:  # type: ignore[misc]
        """Numbers in place of missing pixels and of infinities.

        Args:
            nan: In place of missing ones.
            posinf: In place of infinity; None for the largest number of the type.
            neginf: In place of minus infinity; None for the smallest.
        """
        result = self
        dtype = dtype_of(self._description.type)
        if dtype.kind == "f":
            limits = np.finfo(dtype)
            result = choose(result == np.inf, lift(float(limits.max if posinf is None else posinf)), result)
            result = choose(result == -np.inf, lift(float(limits.min if neginf is None else neginf)), result)
        return _fill(result, float(nan))

    def conv2d(self: Layer, weights: Array) -> Layer:  # type: ignore[misc]
        """The sum of the pixels around each, times weights, which are not turned over; 0 outside, missing where a pixel under a
        weight is. In real numbers of 64 bits.

        Args:
            weights: A square of an odd number of rows.
        """
        given = np.ascontiguousarray(weights, np.float64)
        if given.ndim != 2 or given.shape[0] != given.shape[1]:
            raise ValueError("Currently only square matrixes are supported for weights")
        if given.shape[0] % 2 == 0:
            raise ValueError("Currently weights dimensions must be odd")
        return _convolve(self, given)

    def focal(self: Layer, what: str, radius: int) -> Layer:  # type: ignore[misc]
        """A number of the pixels that are there in the square of 2 * radius + 1 around each, in real numbers of 64 bits.

        Args:
            what: mean, sum, min, max, range, var, std (of all, not of a sample), median, or majority (of several the least).
            radius: From 0 to 255.
        """
        return _focal(self, f"focal_{what}", int(radius))

    def distance(self: Layer, limit: Optional[float] = None, metres: bool = False) -> Layer:  # type: ignore[misc]
        """How far each pixel is from the nearest that is true, exactly; 0 in it.

        Args:
            limit: What is farther is missing; None for none, which takes 8 bytes a pixel of a temporary file (in TMPDIR, or /var/tmp).
            metres: In metres on the map, whose projection must be in metres or feet, and not in pixels.
        """
        if limit is not None and not limit > 0:
            raise ValueError("a limit of distance is more than 0")
        return _distance(self, 0.0 if limit is None else float(limit), bool(metres))

    def as_type(self: Layer, datatype: Any) -> Layer:  # type: ignore[misc]
        """As another type: fractions are cut off, what does not fit becomes the nearest value that does.

        Args:
            datatype: A DataType, or whatever numpy takes for a dtype.
        """
        return _as_type(self, pixel_type(datatype))

    def as_area(self: Layer, area_or_layer: Union[Area, Layer]) -> Layer:  # type: ignore[misc]
        """On another area, that of a layer for instance: what lies outside is cut off, and what it has none of is 0.

        Raises:
            ValueError: That is in another projection, or its pixels are not those of this layer.
        """
        area = getattr(area_or_layer, "area", area_or_layer)
        if not isinstance(area, Area):
            raise TypeError(f"an area or a layer is needed, not {type(area_or_layer).__name__}")
        if area.is_world:
            return self
        if area.projection is None:
            if self._description.placed == 0:
                raise ValueError("neither the area nor the layer has pixels; give the area a projection")
            area = area.project_like(self.area)
        elif self._description.placed != 0 and self.projection != area.projection:
            raise ValueError(f"the layer is in {self.projection}, and the area in {area.projection}; as_projection changes a layer's")
        return on_area(self, area)

    def as_projection(self: Layer, projection: MapProjection, method: ResamplingMethod) -> Layer:  # type: ignore[misc]
        """In another map projection, or with pixels of another size, on the pixels that hold all of it; missing where it does not lie.

        Args:
            projection: The map projection and the size of pixels; the borders of pixels are multiples of it.
            method: How its pixels come from those of this layer. Methods that take values as they are keep the type, others give
                real numbers.

        Raises:
            RasterError: There is no way between the projections, or GDAL and PROJ are not installed.
        """
        return warp(self, self._placed().reproject(projection), ResamplingMethod(method))

    def _without(self: Layer, value: Union[int, float]) -> Layer:  # type: ignore[misc]
        """Missing where it has a value."""
        return choose(self == value, lift(float("nan")), self)
