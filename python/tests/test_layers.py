"""Layers of files, arrays, polygons, areas; what is known of them, and what is refused."""
import json
import pickle
import shutil
import subprocess
import unittest
from pathlib import Path

import numpy as np

import varve.raster as vr
from support import DEGREES, METRES, Case

DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"]


class Files(Case):
    def test_every_type_comes_back_as_it_went(self) -> None:
        for dtype in DTYPES:
            values = np.arange(12).reshape(3, 4).astype(dtype)
            path = self.written(f"{dtype}.tif", values, (10, 20), METRES)
            with vr.read_raster(path) as layer:
                self.assertEqual(layer.datatype, vr.DataType.of_array(values))
                self.assertEqual(layer.datatype.to_numpy(), dtype)
                self.assertEqual(layer.read_array(0, 0, 4, 3).dtype, dtype)
                self.assert_pixels(layer, values)
                self.assertEqual((layer.projection, layer.dimensions, layer.name), (METRES, (4, 3), str(path)))
                self.assertEqual(layer.area, vr.Area(10, 20, 410, -280, METRES))

    def test_bands_have_labels_and_numbers(self) -> None:
        path = self.folder / "deeper" / "bands.tif"
        layers = [vr.from_array(np.full((4, 4), i + 1), (0, 0), METRES) for i in range(5)]
        vr.to_geotiff(path, layers, [f"label <{i}>" for i in range(5)])
        for i in range(5):
            with vr.read_raster(path, band=i + 1) as layer:
                self.assertEqual((layer.name, layer.sum()), (f"label <{i}>", 16 * (i + 1)))
        for band in (0, 6):
            with self.assertRaisesRegex(vr.InvalidRasterBand, "it has 5 bands"):
                vr.read_raster(path, band)

    def test_bands_on_different_areas_are_laid_on_their_union(self) -> None:
        layers = [vr.from_array(np.full((4, 4), i + 1), (i * 10.0, i * 10.0), DEGREES) for i in range(3)]
        vr.to_geotiff(self.folder / "bands.tif", layers)
        for i in range(3):
            with vr.read_raster(self.folder / "bands.tif", i + 1) as layer:
                self.assertEqual(layer.area, vr.Area(0, 20, 24, -4, DEGREES))
                self.assertEqual(layer.sum(), 16 * (i + 1))
                self.assert_pixels(layer.as_area(layers[i]), np.full((4, 4), i + 1))

    def test_bands_that_do_not_fit_are_refused(self) -> None:
        whole, real = vr.from_array(np.ones((2, 2), "int32"), (0, 0), DEGREES), vr.from_array(np.ones((2, 2)), (0, 0), DEGREES)
        path = self.folder / "never.tif"
        self.assertRaises(TypeError, vr.to_geotiff, path, [whole, real])
        self.assertRaises(ValueError, vr.to_geotiff, path, [])
        self.assertRaises(ValueError, vr.to_geotiff, path, [whole], ["a", "b"])
        self.assertRaises(ValueError, vr.to_geotiff, path, [whole], sparse=True)
        self.assertRaises(ValueError, vr.to_geotiff, path, [whole, vr.from_array(np.ones((2, 2), "int32"), (0, 0), METRES)])
        self.assertFalse(path.exists())

    def test_what_is_no_file_or_no_raster_is_told_plainly(self) -> None:
        with self.assertRaisesRegex(FileNotFoundError, "absent.tif: there is no such file"):
            vr.read_raster(self.folder / "absent.tif")
        self.assertRaises(FileNotFoundError, vr.read_shape, "absent.gpkg", ("epsg:4326", (1.0, -1.0)))
        self.assertRaises((OSError, ValueError), vr.read_raster, self.folder)
        text = self.folder / "text.tif"
        text.write_text("no raster")
        self.assertRaises(ValueError, vr.read_raster, text)
        self.assertRaises(RuntimeError, vr.read_raster, text)
        whole = self.written("whole.tif", np.random.default_rng(1).random((300, 300)), (0, 30000), METRES)
        data = whole.read_bytes()
        whole.write_bytes(data[:len(data) // 2])
        with self.assertRaisesRegex(vr.RasterError, "whole.tif"):
            vr.read_raster(whole).sum()

    def test_the_file_of_a_closed_layer_is_still_there_for_what_was_computed_of_it(self) -> None:
        with vr.read_raster(self.written("a.tif", [[1, 2], [3, 4]])) as layer:
            twice = layer * 2
        self.assertEqual(twice.sum(), 20)
        for use in (layer.sum, lambda: layer + 1, lambda: layer.area):
            with self.assertRaisesRegex(ValueError, "closed"):
                use()
        layer.close()

    def test_thousands_of_files_can_be_opened_one_after_the_other(self) -> None:
        path = self.written("a.tif", [[1, 2], [3, 4]])
        for _ in range(2000):
            with vr.read_raster(path) as layer:
                self.assertEqual(layer.dimensions, (2, 2))
        self.assertLess(len(list(Path("/proc/self/fd").iterdir())), 500)

    def test_tiles_become_one_layer(self) -> None:
        values = np.arange(40).reshape(4, 10)
        left, right = self.written("left.tif", values[:, :6]), self.written("right.tif", values[:, 6:], (6.0, 0.0))
        for files in ([left, right], [str(right), str(left)], self.folder.glob("*.tif")):
            for tiled in (False, True):
                with vr.read_rasters(list(files) if tiled else files, tiled=tiled) as layer:
                    self.assertIn(layer.sum(), (values.sum(), ))
                if not isinstance(files, list):
                    break
        self.assertRaises(ValueError, vr.read_rasters, [])
        for single in ("/dir/some/file", Path("/dir/some/file")):
            self.assertRaises(TypeError, vr.read_rasters, single)

    def test_a_file_one_pixel_wide_holds_for_whole_rows(self) -> None:
        areas = self.written("areas.tif", np.arange(180.0)[:, None], (-180.0, 90.0))
        with vr.read_narrow_raster(areas) as layer:
            self.assertEqual(layer.area, vr.Area(-180, 90, 180, -90, DEGREES))
            self.assertEqual(layer.sum(), 360 * np.arange(180).sum())
            other = vr.from_array(np.ones((3, 4)), (10.0, 60.0), DEGREES)
            self.assert_pixels(other * layer, np.repeat([[30.0], [31.0], [32.0]], 4, 1))
            self.assertEqual((other * layer).area, other.area)
        self.assertRaises(ValueError, vr.read_narrow_raster, self.written("wide.tif", [[1, 2]]))


class Arrays(Case):
    def test_an_array_is_copied(self) -> None:
        values = np.arange(6).reshape(2, 3)
        layer = vr.from_array(values, (0, 0), ("epsg:4326", (1.0, -1.0)))
        values[:] = 0
        self.assert_pixels(layer, [[0, 1, 2], [3, 4, 5]])

    def test_any_order_of_bytes_and_rows_will_do(self) -> None:
        values = np.arange(12, dtype=">i4").reshape(3, 4).T
        self.assert_pixels(vr.from_array(values, (0, 0), DEGREES), values)
        self.assert_pixels(vr.from_array(np.array([[True, False]]), (0, 0), DEGREES), [[True, False]])

    def test_what_pixels_cannot_hold_is_refused(self) -> None:
        for values in (np.ones((2, 2), "complex128"), np.array([["a"]]), np.ones((2, 2), "float16"), np.ones(3), np.ones((1, 2, 3))):
            self.assertRaises(ValueError, vr.from_array, values, (0, 0), DEGREES)
        self.assertRaises(ValueError, vr.from_array, np.ones((2, 2)), (0, 0), None)

    def test_masked_pixels_are_missing_and_integers_stay_integers(self) -> None:
        values = np.ma.MaskedArray([[1, 2, 3]], [[0, 1, 0]], "uint8")
        layer = vr.from_array(values, (0, 0), DEGREES)
        self.assertEqual((layer.datatype, layer.sum(), layer.max()), (vr.DataType.UInt8, 4, 3))
        np.testing.assert_array_equal(layer.read_array(0, 0, 3, 1), [[1, np.nan, 3]])
        back = layer.read_masked(0, 0, 3, 1)
        self.assertEqual((back.dtype, back.tolist()), (np.uint8, [[1, None, 3]]))

    def test_numpys_numbers_and_arrays_meet_layers(self) -> None:
        layer = vr.from_array(np.array([[1, 2]], "int16"), (0, 0), DEGREES)
        for twice in (layer * np.int64(2), np.int16(2) * layer, np.array(2) * layer, layer + layer):
            self.assert_pixels(twice, [[2, 4]])
            self.assertIsInstance(twice, vr.Layer)
        np.testing.assert_array_equal(np.asarray(layer), [[1, 2]])
        self.assertEqual(np.asarray(layer, "float32").dtype, np.float32)
        for bad in (lambda: layer + np.ones((1, 2)), lambda: np.ones((1, 2)) * layer):
            self.assertRaises((ValueError, TypeError), bad)
        for bad in ("text", None, 1j, [1]):
            self.assertRaises(TypeError, lambda: layer + bad)
        with self.assertRaisesRegex(TypeError, "brackets"):
            bool(0 < layer < 3)

    def test_a_number_lies_wherever_what_it_meets_does(self) -> None:
        layer = vr.from_array([[1, 2]], (0, 0), DEGREES)
        self.assert_pixels(vr.constant(3) - layer, [[2, 1]])
        self.assertEqual((3 * layer).area, layer.area)
        self.assertTrue(vr.constant(3).area.is_world)
        self.assertIsNone(vr.constant(3).projection)
        np.testing.assert_array_equal(vr.constant(42.5).read_array(0, 0, 2, 3), np.full((3, 2), 42.5))
        self.assert_pixels(vr.constant(7).as_area(layer), [[7, 7]])
        self.assertRaises(ValueError, vr.constant(42).to_geotiff, self.folder / "never.tif")
        self.assertRaises(AttributeError, lambda: vr.constant(42).dimensions)

    def test_what_is_known_of_a_layer(self) -> None:
        layer = vr.from_array(np.zeros((3, 4), "uint8"), (-2.0, 1.0), DEGREES)
        self.assertEqual((layer.nodata, layer.datatype, layer.datatype.to_gdal(), layer.datatype.sizeof()), (None, vr.DataType.Byte, 1, 1))
        self.assertEqual(layer.latlng_for_pixel(1, 2), (-1.0, -1.0))
        self.assertEqual(layer.pixel_for_latlng(-0.5, 0.5), (2, 1))
        self.assertEqual(vr.DataType.of_gdal(14), vr.DataType.Int8)
        self.assertEqual((layer > 1).datatype, vr.DataType.Byte)
        self.assertEqual((layer > 1).read_array(0, 0, 4, 3).dtype, bool)

    def test_as_area_cuts_off_and_fills_with_0(self) -> None:
        layer = vr.from_array(np.arange(1, 13).reshape(3, 4), (0.0, 0.0), DEGREES)
        self.assert_pixels(layer.as_area(vr.Area(-1, 0, 2, -2, DEGREES)), [[0, 1, 2], [0, 5, 6]])
        self.assert_pixels(layer.as_area(vr.Area(1.2, -0.5, 2.9, -1.5)), [[2, 3], [6, 7]])
        self.assert_pixels(layer.as_area(vr.from_array([[9]], (3.0, -2.0), DEGREES)), [[12]])
        for wrong in (vr.Area(0, 1, 1, 0, METRES), vr.Area(0.5, 1, 1.5, 0, DEGREES)):
            self.assertRaises(ValueError, layer.as_area, wrong)
        for wrong in (None, 3, "area"):
            self.assertRaises(TypeError, layer.as_area, wrong)

    def test_layers_and_expressions_can_be_pickled(self) -> None:
        path = self.written("a.tif", [[1, 2], [3, 4]])
        with vr.read_raster(path) as layer:
            made = vr.where(layer > 1, layer * 2.5, np.nan).nan_to_num(1).clip(2, 8).as_type(vr.DataType.Int16).as_area(vr.Area(0, 0, 3, -3, DEGREES))
            again = pickle.loads(pickle.dumps(made))
            self.assertEqual((again.area, again.datatype), (made.area, made.datatype))
            self.assert_pixels(again, np.asarray(made))
        self.assertEqual(pickle.loads(pickle.dumps(vr.area_raster(DEGREES) * vr.from_array([[1.0]], (0, 0), DEGREES))).dimensions, (1, 1))


class Polygons(Case):
    RINGS = [[[1.2, 1.2], [3.8, 1.2], [3.8, 3.8], [1.2, 3.8], [1.2, 1.2]]], [[[6, 0], [8, 0], [8, 2], [6, 2], [6, 0]]]

    def shapes(self, *numbers: float) -> Path:
        path = self.folder / "range.geojson"
        features = [{"type": "Feature", "properties": {"code": n}, "geometry": {"type": "Polygon", "coordinates": ring}} for n, ring in zip(numbers, self.RINGS)]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return path

    def test_polygons_follow_whatever_grid_they_meet(self) -> None:
        with vr.read_shape(self.shapes(1)) as shape:
            self.assertIsNone(shape.projection)
            self.assertEqual(shape.area, vr.Area(1.2, 3.8, 3.8, 1.2))
            for origin in ((0.0, 5.0), (0.5, 5.5)):
                layer = vr.from_array(np.ones((6, 6)), origin, DEGREES)
                self.assertEqual((layer * shape).sum(), 9 if origin[0] == 0 else 16)
            half = vr.from_array(np.ones((10, 10)), (0.0, 5.0), ("epsg:4326", (0.5, -0.5)))
            self.assertEqual((half * shape).sum(), 36)
            self.assertRaises(ValueError, shape.sum)

    def test_alone_they_lie_on_the_pixels_asked_for(self) -> None:
        with vr.read_shape(self.shapes(1, 2), ("epsg:4326", (1.0, -1.0))) as shape:
            self.assertEqual((shape.area, shape.projection, shape.datatype), (vr.Area(1, 4, 8, 0, DEGREES), DEGREES, vr.DataType.Byte))
            self.assertEqual(shape.sum(), 9 + 4)
            other = vr.from_array(np.ones((10, 10)), (0.0, 10.0), ("epsg:4326", (2.0, -2.0)))
            with self.assertRaisesRegex(ValueError, "pixels of"):
                _ = shape * other

    def test_the_pixels_whose_centre_is_inside_can_be_asked_for(self) -> None:
        grid = ("epsg:4326", (2.0, -2.0))
        self.assertEqual(vr.read_shape(self.shapes(1), grid).sum(), 4)
        self.assertEqual(vr.read_shape(self.shapes(1), grid, all_touched=True).sum(), 4)
        self.assertEqual(vr.read_shape(self.shapes(1), grid, all_touched=False).sum(), 1)

    def test_polygons_that_share_a_border_share_no_pixel(self) -> None:
        self.RINGS = [[[[-10, 10], [0, 10], [0, 0], [-10, 0], [-10, 10]]], [[[0, 0], [10, 0], [10, -10], [0, -10], [0, 0]]]]
        for step in (1.0, 0.1, 2.5, 10 / 3):
            for all_touched in (True, False):
                layer = vr.read_shape(self.shapes(1, 2), ("epsg:4326", (step, -step)), burn_value="code", all_touched=all_touched)
                pixels = round(10 / step)
                self.assertEqual((layer.dimensions, layer.sum()), ((2 * pixels, 2 * pixels), 3 * pixels * pixels), f"{step}")

    def test_values_are_burnt(self) -> None:
        grid = ("epsg:4326", (1.0, -1.0))
        for value, datatype in ((5, vr.DataType.Byte), (300, vr.DataType.UInt16), (-3, vr.DataType.Int16), (2.5, vr.DataType.Float64)):
            layer = vr.read_shape(self.shapes(1), grid, burn_value=value)
            self.assertEqual((layer.sum(), layer.datatype), (9 * value, datatype))
        self.assertEqual(vr.read_shape(self.shapes(7, 11), grid, burn_value="code").sum(), 9 * 7 + 4 * 11)
        self.assertEqual(vr.read_shape(self.shapes(7), grid, datatype=vr.DataType.Float32, burn_value=2).datatype, vr.DataType.Float32)
        self.assertRaises(ValueError, vr.read_shape, self.shapes(7), grid, burn_value="name")

    def test_a_condition_selects_shapes_and_other_files_than_geojson_are_read_by_gdal(self) -> None:
        if not shutil.which("ogr2ogr"):
            self.skipTest("gdal-bin is not installed")
        grid = ("epsg:4326", (1.0, -1.0))
        path = self.shapes(42, 43)
        for kind, name in (("GPKG", "range.gpkg"), ("ESRI Shapefile", "range.shp")):
            subprocess.run(["ogr2ogr", "-f", kind, str(self.folder / name), str(path)], check=True)
        for file in (path, self.folder / "range.gpkg", self.folder / "range.shp"):
            self.assertEqual(vr.read_shape(file, grid).sum(), 13)
            with vr.read_shape(file, grid, "code = 42") as shape:
                self.assertEqual((shape.sum(), shape.area), (9, vr.Area(1, 4, 4, 1, DEGREES)))
                self.assertEqual(pickle.loads(pickle.dumps(shape)).sum(), 9)
            self.assertEqual(vr.read_shape(file, grid, "code > 42", burn_value="code").sum(), 4 * 43)
            with self.assertRaisesRegex(vr.RasterError, "code = 7"):
                vr.read_shape(file, grid, "code = 7")
            self.assertRaises(vr.RasterError, vr.read_shape, file, grid, "nonsense ((")

    def test_like_another_layer_they_have_its_pixels_and_type(self) -> None:
        like = vr.from_array(np.ones((6, 6), "int32"), (0.5, 5.5), DEGREES)
        with vr.read_shape_like(self.shapes(1), like) as shape:
            self.assertEqual((shape.projection, shape.datatype, shape.area), (DEGREES, vr.DataType.Int32, vr.Area(0.5, 4.5, 4.5, 0.5, DEGREES)))
            self.assertEqual((shape * like).sum(), 16)
        self.assertRaises(ValueError, vr.read_shape_like, self.shapes(1), vr.constant(1))


class Cells(Case):
    CELL = "851969c3fffffff"

    def test_what_is_no_cell_is_a_value_error(self) -> None:
        for cell in ("no cell", "0", "ffffffffffffffff"):
            self.assertRaises(ValueError, vr.h3_tile, cell, DEGREES)
        self.assertRaises(ValueError, vr.h3_tile, self.CELL, None)

    def test_a_cell_has_its_area(self) -> None:
        grid = ("epsg:4326", (0.001, -0.001))
        cell = vr.h3_tile(self.CELL, grid)
        # Cells of this resolution have about 253 square kilometres.
        area = (cell * vr.area_raster(grid)).sum() / 1e6
        self.assertGreater(area, 150)
        self.assertLess(area, 350)
        self.assertEqual(cell.unique().tolist(), [0, 1])


class Projected(Case):
    """Against GDAL's own tools."""

    def setUp(self) -> None:
        super().setUp()
        if not shutil.which("gdalwarp"):
            self.skipTest("gdal-bin is not installed")
        self.values = np.random.default_rng(4).integers(0, 200, (60, 80)).astype("int16")
        self.path = self.written("here.tif", self.values, (15.0, 48.0), ("epsg:4326", (0.01, -0.01)))
        self.there = vr.MapProjection("epsg:32633", 900.0, -900.0)

    def warped(self, method: str) -> vr.Layer:
        target = self.folder / f"{method}.tif"
        subprocess.run(["gdalwarp", "-q", "-t_srs", "EPSG:32633", "-tr", "900", "900", "-tap", "-r", method, "-et", "0", "-dstnodata", "-999",
                        "-ot", "Float64", str(self.path), str(target)], check=True)
        return vr.read_raster(target)

    def test_in_another_projection_it_is_what_gdalwarp_makes(self) -> None:
        with vr.read_raster(self.path) as layer:
            for method in (vr.ResamplingMethod.Nearest, vr.ResamplingMethod.Average, vr.ResamplingMethod.Max):
                ours, theirs = layer.as_projection(self.there, method), self.warped({"nearest": "near"}.get(method.value, method.value))
                self.assertEqual((ours.projection, ours.area), (self.there, theirs.area))
                a, b = np.asarray(ours, float), np.asarray(theirs, float)
                both = ~np.isnan(a) & ~np.isnan(b)
                self.assertGreater(both.sum() / (~np.isnan(b)).sum(), 0.95)
                self.assertLess((np.abs(a - b)[both] > 0.01).mean(), 0.01, method)

    def test_like_another_layer_it_meets_that(self) -> None:
        like = vr.from_array(np.ones((20, 30)), (504000.0, 5299200.0), self.there)
        with vr.read_raster_like(self.path, like, vr.ResamplingMethod.Nearest) as layer:
            self.assertEqual(layer.projection, like.projection)
            self.assertEqual((layer * like).area, like.area & layer.area)
            self.assertEqual(pickle.loads(pickle.dumps(layer)).sum(), layer.sum())
        beside = vr.from_array(np.ones((20, 30)), (504123.0, 5299345.0), self.there)
        with vr.read_raster_like(self.path, beside, vr.ResamplingMethod.Average) as layer:
            self.assertEqual((layer * beside).area, beside.area)
        self.assertRaises(ValueError, vr.read_raster_like, self.path, vr.constant(1), vr.ResamplingMethod.Nearest)

    def test_pixels_of_another_size_keep_the_sum(self) -> None:
        with vr.read_raster(self.path) as layer:
            coarse = layer.as_projection(vr.MapProjection("epsg:4326", 0.04, -0.04), vr.ResamplingMethod.Sum)
            self.assertEqual(coarse.dimensions, (20, 15))
            self.assertAlmostEqual(coarse.sum(), layer.sum(), 6)
            self.assertEqual(coarse.area.geo_transform[::3], layer.area.geo_transform[::3])

    def test_an_area_is_brought_to_another_projection(self) -> None:
        with vr.read_raster(self.path) as layer:
            there = layer.area.reproject(self.there)
            self.assertEqual((there, there.projection), (self.warped("near").area, self.there))
            back = there.reproject(layer.projection)
            self.assertEqual(back | layer.area, back)

    def test_pixels_have_latitudes_and_longitudes(self) -> None:
        layer = vr.from_array(np.ones((20, 30)), (500000.0, 5316300.0), self.there)
        lat, lng = layer.latlng_for_pixel(10, 5)
        told = subprocess.run(["gdaltransform", "-s_srs", "EPSG:32633", "-t_srs", "EPSG:4326", "-output_xy"], input="509000 5311800", stdout=subprocess.PIPE, text=True, check=True)
        self.assertAlmostEqual(lng, float(told.stdout.split()[0]), 9)
        self.assertAlmostEqual(lat, float(told.stdout.split()[1]), 9)
        self.assertEqual(layer.pixel_for_latlng(lat - 0.001, lng + 0.001), (10, 5))


class Surface(Case):
    def test_the_areas_of_all_pixels_are_the_earths(self) -> None:
        areas = vr.area_raster(("epsg:4326", (0.5, -0.5)))
        self.assertEqual(areas.area, vr.Area(-180, 90, 180, -90, vr.MapProjection("epsg:4326", 0.5, -0.5)))
        self.assertAlmostEqual(areas.sum() / 510065621724088.4, 1, 12)

    def test_they_follow_the_grid_they_meet(self) -> None:
        layer = vr.from_array(np.ones((2, 3)), (0.25, 10.25), DEGREES)
        product = layer * vr.area_raster(DEGREES)
        self.assertEqual(product.area, layer.area)
        rows = product.read_array(0, 0, 3, 2)
        self.assertTrue((rows[0] < rows[1]).all())
        self.assertRaises(ValueError, lambda: layer * vr.area_raster(("epsg:4326", (0.5, -0.5))))

    def test_of_a_projection_without_an_end_they_follow_only(self) -> None:
        areas = vr.area_raster(("epsg:6933", (100.0, -100.0)))
        self.assertRaises(ValueError, lambda: areas.area)
        self.assertEqual((vr.from_array(np.ones((2, 3)), (100.0, 100.0), ("epsg:6933", (100.0, -100.0))) * areas).sum(), 60000)


if __name__ == "__main__":
    unittest.main()
