"""Functions of layers."""
from __future__ import annotations

import builtins
from functools import reduce
from typing import TYPE_CHECKING, Any, Callable, Iterable, List, Optional, Sequence, Union

from ._area import Area
from ._layer import Layer, tallies, total_of, write
from ._operators import Operand, _binary, choose, lift

if TYPE_CHECKING:
    import os


def where(cond: Operand, a: Operand, b: Operand) -> Layer:
    """The one where a condition is true, and the other where it is not; where the condition lies.

    A pixel is missing where the condition is, or the value that is taken.
    """
    return choose(lift(cond), lift(a), lift(b))


def maximum(a: Operand, b: Operand) -> Layer:
    """The greater of two; where either lies."""
    return _binary("maximum", lift(a), lift(b))


def minimum(a: Operand, b: Operand) -> Layer:
    """The lesser of two; where either lies."""
    return _binary("minimum", lift(a), lift(b))


def _joined(layers: Iterable[Layer], name: str) -> Layer:
    """Layers joined in pairs, so that the expression stays flat."""
    some = [lift(layer) for layer in layers]
    if not some:
        raise ValueError("List of layers is empty")
    while len(some) > 1:
        some = [_binary(name, some[i], some[i + 1]) if i + 1 < len(some) else some[i] for i in range(0, len(some), 2)]
    return some[0]


def sum(layers: Iterable[Layer]) -> Layer:
    """The sum of layers, pixel by pixel; where any lies. (The sum of all pixels of one is `layer.sum()`.)"""
    return _joined(layers, "add")


def any(layers: Iterable[Layer]) -> Layer:
    """True where any layer is not 0; where any lies."""
    return _joined([lift(layer).as_type(bool) for layer in layers], "logical_or")


def all(layers: Iterable[Layer]) -> Layer:
    """True where no layer is 0; where all lie."""
    return _joined([lift(layer).as_type(bool) for layer in layers], "logical_and")


def clip(layer: Operand, min: Optional[Operand] = None, max: Optional[Operand] = None) -> Layer:
    """`layer.clip(min, max)`"""
    return lift(layer).clip(min, max)


def log(layer: Operand) -> Layer:
    """`layer.log()`"""
    return lift(layer).log()


def log2(layer: Operand) -> Layer:
    """`layer.log2()`"""
    return lift(layer).log2()


def log10(layer: Operand) -> Layer:
    """`layer.log10()`"""
    return lift(layer).log10()


def exp(layer: Operand) -> Layer:
    """`layer.exp()`"""
    return lift(layer).exp()


def exp2(layer: Operand) -> Layer:
    """`layer.exp2()`"""
    return lift(layer).exp2()


def sqrt(layer: Operand) -> Layer:
    """`layer.sqrt()`"""
    return lift(layer).sqrt()


def nan_to_num(layer: Operand, nan: Union[int, float] = 0, posinf: Optional[float] = None, neginf: Optional[float] = None) -> Layer:
    """`layer.nan_to_num(nan, posinf, neginf)`"""
    return lift(layer).nan_to_num(nan, posinf, neginf)


def isin(layer: Operand, test_elements: Iterable[Union[int, float]]) -> Layer:
    """`layer.isin(test_elements)`"""
    return lift(layer).isin(test_elements)


def abs(layer: Operand) -> Layer:
    """`layer.abs()`"""
    return lift(layer).abs()


def floor(layer: Operand) -> Layer:
    """`layer.floor()`"""
    return lift(layer).floor()


def round(layer: Operand) -> Layer:
    """`layer.round()`"""
    return lift(layer).round()


def ceil(layer: Operand) -> Layer:
    """`layer.ceil()`"""
    return lift(layer).ceil()


def logical_and(layer1: Operand, layer2: Operand) -> Layer:
    """True where both are not 0; where both lie."""
    return lift(layer1).logical_and(layer2)


def logical_or(layer1: Operand, layer2: Operand) -> Layer:
    """True where either is not 0; where either lies."""
    return lift(layer1).logical_or(layer2)


def logical_xor(layer1: Operand, layer2: Operand) -> Layer:
    """True where one is not 0 and the other is; where either lies."""
    return lift(layer1).logical_xor(layer2)


def logical_not(layer: Operand) -> Layer:
    """True where it is 0."""
    return lift(layer).logical_not()


def _areas(layers: Sequence[Layer]) -> List[Area]:
    some = list(layers)
    if not some:
        raise ValueError("Expected list of layers")
    areas = [layer.area for layer in some]
    return [area for area in areas if not area.is_world] or areas


def find_intersection(layers: Sequence[Layer]) -> Area:
    """The area that all layers have in common; numbers lie everywhere.

    Raises:
        ValueError: They have none, or are not on one grid.
    """
    return reduce(lambda a, b: a & b, _areas(layers))


def find_union(layers: Sequence[Layer]) -> Area:
    """The smallest area that holds all layers; numbers, which lie everywhere, count for nothing.

    Raises:
        ValueError: They are not on one grid.
    """
    return reduce(lambda a, b: a | b, _areas(layers))


def sums(layers: Sequence[Layer], *, parallelism: Union[int, bool, None] = None, callback: Optional[Callable[[float], None]] = None,
         memory: Optional[int] = None) -> List[Union[int, float]]:
    """`layer.sum()` of several layers, in one pass where they lie on one area: what they share is read and computed once."""
    some = list(layers)
    return [total_of(tally) for tally in tallies(some, 1, parallelism=parallelism, callback=callback, memory=memory)] if some else []


def to_geotiff(filename: Union[str, os.PathLike[str]], bands: Sequence[Layer], labels: Optional[List[str]] = None,
               parallelism: Union[int, bool, None] = None, nodata: Union[float, int, None] = None, sparse: bool = False, *,
               callback: Optional[Callable[[float], None]] = None, compression: str = "deflate", level: Optional[int] = None,
               cog: bool = False, memory: Optional[int] = None) -> None:
    """Writes layers as the bands of one GeoTIFF, in one pass, on the area that holds all of them.

    Args:
        filename: The file; folders that are not there are made.
        bands: The layers, all of one type.
        labels: Names of the bands.
        parallelism, nodata, sparse, callback, compression, level, cog, memory: As `layer.to_geotiff` has them.

    Raises:
        ValueError: There are no layers, not as many labels, or they are not on one grid.
        TypeError: They are not of one type.
    """
    layers = list(bands)
    if not layers:
        raise ValueError("Expected one or more layers to be written")
    if sparse and nodata is None:
        raise ValueError("Nodata value must be provided for sparse GeoTIFFs")
    if builtins.any(layer.datatype != layers[0].datatype for layer in layers):
        raise TypeError("All layers must have same data type. Use as_type to explicitly cast layers.")
    if labels is not None and len(labels) != len(layers):
        raise ValueError("If labels are provided there must be the same number as there are layers")
    area = find_union(layers)
    write(filename, [layer.as_area(area) for layer in layers], labels, False, parallelism, callback, nodata, sparse, compression, level, cog, memory)
