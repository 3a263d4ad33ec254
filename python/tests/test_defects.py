"""Where Yirgacheffe 2.0.2 is silently wrong, this is right, or refuses: each case was reproduced with it."""
import os
import unittest

import numpy as np

import varve.raster as vr
from support import DEGREES, METRES, Case


def names_of_threads() -> set:
    """Of this process, now."""
    names = set()
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/comm") as comm:
                names.add(comm.read().strip())
        except FileNotFoundError:
            pass
    return names


class Defects(Case):
    def test_parts_that_only_look_alike_are_computed_each(self) -> None:
        # hash(-1) == hash(-2) in Python.
        values = np.arange(6).reshape(2, 3)
        a = vr.from_array(values, (0, 0), DEGREES)
        self.assert_pixels(a * -1 + a * -2, values * -3)
        self.assert_pixels(a * -1.0 - a * -2.0, values)

    def test_grids_in_parts_of_a_pixel_are_refused_in_either_order(self) -> None:
        a = vr.from_array(np.ones((10, 10)), (0.0, 0.0), DEGREES)
        b = vr.from_array(np.ones((10, 10)), (1 / 6, 0.0), DEGREES)
        messages = []
        for combine in (lambda: a + b, lambda: b + a, lambda: a * b, lambda: vr.where(b > 0, b, a)):
            with self.assertRaisesRegex(ValueError, "parts of a pixel") as caught:
                combine()
            messages.append(str(caught.exception))

    def test_an_output_lies_on_the_grid_of_its_inputs_in_either_order(self) -> None:
        a = vr.from_array(np.ones((10, 10)), (0.37, 0.21), DEGREES)
        b = vr.from_array(np.ones((10, 10)), (3.37, 5.21), DEGREES)
        (a + b).to_geotiff(self.folder / "ab.tif")
        (b + a).to_geotiff(self.folder / "ba.tif")
        with vr.read_raster(self.folder / "ab.tif") as one, vr.read_raster(self.folder / "ba.tif") as two:
            self.assertEqual((one.area.left, one.area.top, one.area.right, one.area.bottom), (0.37, 5.21, 13.37, -9.79))
            self.assertEqual(one.area, two.area)
        self.assertEqual((self.folder / "ab.tif").read_bytes(), (self.folder / "ba.tif").read_bytes())

    def test_pixels_of_10_and_50_centimetres_are_not_the_same(self) -> None:
        fine = vr.from_array(np.ones((4, 4)), (0, 0), vr.MapProjection("epsg:32633", 0.1, -0.1))
        coarse = vr.from_array(np.ones((4, 4)), (0, 0), vr.MapProjection("epsg:32633", 0.5, -0.5))
        self.assertNotEqual(fine.projection, coarse.projection)
        with self.assertRaisesRegex(ValueError, "0.1 x 0.1.*0.5 x 0.5|0.5 x 0.5.*0.1 x 0.1"):
            _ = fine + coarse

    def test_9_pixels_and_nine_tenths_are_not_9(self) -> None:
        tenths = vr.MapProjection("epsg:32633", 0.1, -0.1)
        self.assertRaises(ValueError, vr.Area, 0.0, 1.0, 0.99, 0.0, tenths)
        self.assertEqual(tenths.round_up_pixels(9.9, 9.0), (10, 9))

    def test_a_sum_of_bytes_over_127_is_not_negative(self) -> None:
        values = np.full((2000, 500), 200, "uint8")
        layer = vr.from_array(values, (0, 0), METRES)
        for parallelism in (False, True, 2):
            self.assertEqual(layer.sum(parallelism=parallelism), 200 * values.size)
            self.assertEqual(layer.parallel_sum(parallelism=parallelism), 200 * values.size)
            self.assertEqual(layer.to_geotiff(self.folder / "out.tif", and_sum=True, parallelism=parallelism), 200 * values.size)

    def test_bytes_with_nodata_stay_bytes_with_nodata(self) -> None:
        values = np.array([[1, 255, 3]], "uint8")
        path = self.written("bytes.tif", values, nodata=255)
        with vr.read_raster(path) as layer:
            self.assertEqual((layer.datatype, layer.nodata, layer.sum(), layer.max()), (vr.DataType.UInt8, 255, 4, 3))
            layer.to_geotiff(self.folder / "again.tif")
            (layer + 1).to_geotiff(self.folder / "more.tif")
        with vr.read_raster(self.folder / "again.tif") as again:
            self.assertEqual((again.datatype, again.nodata), (vr.DataType.UInt8, 255))
            np.testing.assert_array_equal(again.read_array(0, 0, 3, 1), [[1, np.nan, 3]])
        with vr.read_raster(self.folder / "more.tif") as more:
            self.assertEqual((more.sum(), more.max()), (6, 4))
            np.testing.assert_array_equal(more.isnan().read_array(0, 0, 3, 1), [[False, True, False]])

    def test_what_is_declared_is_what_is_computed_and_written(self) -> None:
        whole = vr.from_array(np.array([[1, 2]], "int64"), (0, 0), DEGREES)
        half = whole / 2
        half.to_geotiff(self.folder / "half.tif")
        with vr.read_raster(self.folder / "half.tif") as read:
            self.assertEqual((half.datatype, read.datatype), (vr.DataType.Float64, vr.DataType.Float64))
            self.assert_pixels(read, [[0.5, 1.0]])
        large = vr.from_array(np.array([[200]], "uint8"), (0, 0), DEGREES)
        for made, expected in ((large + large, 400), (large * large, 40000), (1 - large, -199), (-large, -200), (large * large * large * large, 1600000000)):
            self.assertEqual(made.sum(), expected)
            array = made.read_array(0, 0, 1, 1)
            self.assertEqual((array.item(), vr.DataType.of_array(array)), (expected, made.datatype))

    def test_parallelism_is_how_many_threads_compute_every_band_too(self) -> None:
        # So that it takes long enough to be seen.
        layer = vr.area_raster(("epsg:4326", (0.1, -0.1)))
        for _ in range(12):
            layer = layer.log().exp()
        for parallelism, is_alone in ((False, True), (1, True), (2, False), (3, False)):
            for write in (lambda **how: layer.to_geotiff(self.folder / "one.tif", **how), lambda **how: vr.to_geotiff(self.folder / "two.tif", [layer, layer + 1.5], **how)):
                seen: set = set()
                write(parallelism=parallelism, callback=lambda _: seen.update(names_of_threads()))
                others = [name for name in seen if name.startswith("raster ") and name[7:].isdigit()]
                self.assertEqual(not others, is_alone, f"parallelism={parallelism}: {sorted(seen)}")
                self.assertIn("raster job", seen)


if __name__ == "__main__":
    unittest.main()
