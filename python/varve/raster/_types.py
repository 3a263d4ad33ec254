"""What pixels hold, and how they are resampled."""
from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class DataType(Enum):
    """What the pixels of a layer hold. The values are GDAL's, as in Yirgacheffe."""

    Byte = 1
    UInt8 = 1
    UInt16 = 2
    Int16 = 3
    UInt32 = 4
    Int32 = 5
    Float32 = 6
    Float64 = 7
    UInt64 = 12
    Int64 = 13
    Int8 = 14

    def to_gdal(self) -> int:
        """GDAL's number of the type."""
        return int(self.value)

    @classmethod
    def of_gdal(cls, val: int) -> DataType:
        """The type of GDAL's number."""
        return cls(val)

    @classmethod
    def of_array(cls, val: Array) -> DataType:
        """The type of a numpy array.

        Raises:
            ValueError: Pixels cannot hold it.
        """
        return cls.of_numpy(val.dtype)

    @classmethod
    def of_numpy(cls, val: Any) -> DataType:
        """The type of a numpy dtype; truths are bytes.

        Raises:
            ValueError: Pixels cannot hold it.
        """
        return _BY_PIXEL_TYPE[pixel_type(val)]

    def to_numpy(self) -> np.dtype[Any]:
        """The numpy dtype."""
        return _DTYPES[_BY_PIXEL_TYPE.index(self, 1)]

    def sizeof(self) -> int:
        """Bytes of a pixel."""
        return self.to_numpy().itemsize


class ResamplingMethod(Enum):
    """How a pixel comes from the pixels of another grid under it. Missing pixels are left out of all."""

    Average = "average"
    Max = "max"
    Med = "med"
    Min = "min"
    Mode = "mode"
    Nearest = "nearest"
    RootMeanSquare = "rms"
    Sum = "sum"
    Bilinear = "bilinear"
    Cubic = "cubic"
    CubicSpline = "cubicspline"
    Lanczos = "lanczos"
    Q1 = "q1"
    Q3 = "q3"


# In the order of Varve's PixelType.
_DTYPES = [np.dtype(t) for t in ("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64")]
_BY_PIXEL_TYPE = [DataType.Byte, DataType.Byte, DataType.Int8, DataType.UInt16, DataType.Int16, DataType.UInt32, DataType.Int32,
                  DataType.UInt64, DataType.Int64, DataType.Float32, DataType.Float64]


def dtype_of(number: int) -> np.dtype[Any]:
    """The numpy dtype of a PixelType."""
    return _DTYPES[number]


def data_type_of(number: int) -> DataType:
    """The DataType of a PixelType."""
    return _BY_PIXEL_TYPE[number]


def pixel_type(wanted: Any) -> int:
    """The PixelType of a DataType or of whatever numpy takes for a dtype.

    Raises:
        ValueError: Pixels cannot hold it.
    """
    if isinstance(wanted, DataType):
        return _BY_PIXEL_TYPE.index(wanted, 1)
    dtype = np.dtype(wanted).newbyteorder("=")
    if dtype not in _DTYPES:
        raise ValueError(f"pixels cannot hold {dtype}; astype() makes one of {', '.join(str(t) for t in _DTYPES)} of it")
    return _DTYPES.index(dtype)
