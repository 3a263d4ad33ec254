"""Sums, files and pictures; progress, threads, interrupts, forks."""
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

import numpy as np

import varve.raster as vr
from support import DEGREES, METRES, Case


def total_of(path: str) -> float:
    with vr.read_raster(path) as layer:
        return layer.sum()


def total_of_layer(layer: vr.Layer) -> float:
    return layer.sum()


class Computing(Case):
    def large(self, side: int = 3000) -> vr.Layer:
        values = np.random.default_rng(5).integers(0, 255, (side, side), "uint8")
        return vr.read_raster(self.written("large.tif", values, (0.0, 0.0), METRES))

    def test_numbers_are_numpys(self) -> None:
        values = np.random.default_rng(1).normal(0, 1e6, (300, 200))
        layer = vr.from_array(values, (0, 0), METRES)
        self.assertEqual((layer.min(), layer.max()), (values.min(), values.max()))
        self.assertAlmostEqual(layer.sum(), values.sum(), 3)
        self.assertAlmostEqual(layer.mean(), values.mean(), 6)

    def test_sums_are_exact(self) -> None:
        layer = vr.from_array([[2.0**60, 1.0, -(2.0**60), 1e-30]], (0, 0), DEGREES)
        self.assertEqual(layer.sum(), 1.0)
        whole = vr.from_array(np.full((2, 2), 2**62 + 1), (0, 0), DEGREES)
        self.assertEqual(whole.sum(), 4 * (2**62 + 1))
        self.assertIsInstance(whole.sum(), int)
        self.assertEqual(vr.from_array(np.full((2, 2), -(2**62) - 1), (0, 0), DEGREES).sum(), -4 * (2**62 + 1))

    def test_missing_pixels_count_for_nothing(self) -> None:
        layer = vr.from_array([[1.0, np.nan, 3.0]], (0, 0), DEGREES)
        self.assertEqual((layer.sum(), layer.min(), layer.max(), layer.mean()), (4.0, 1.0, 3.0, 2.0))
        none = vr.from_array([[np.nan]], (0, 0), DEGREES)
        self.assertEqual(none.sum(), 0)
        self.assertTrue(np.isnan([none.min(), none.max(), none.mean()]).all())

    def test_values_are_counted(self) -> None:
        for dtype in ("uint8", "int16", "int64", "float64"):
            values = np.random.default_rng(2).integers(0, 40, (120, 90)).astype(dtype)
            layer = vr.from_array(values, (0, 0), METRES)
            found, counts = layer.unique(return_counts=True)
            expected = np.unique(values, return_counts=True)
            np.testing.assert_array_equal(found, expected[0])
            np.testing.assert_array_equal(counts, expected[1])
            self.assertEqual(found.dtype, dtype)
            np.testing.assert_array_equal(layer.unique(), expected[0])
        missing = vr.from_array(np.ma.MaskedArray([[2, 1, 2]], [[0, 0, 1]], "int16"), (0, 0), DEGREES)
        np.testing.assert_array_equal(missing.unique(return_counts=True), [[1, 2, np.nan], [1, 1, 1]])
        with self.assertRaisesRegex(vr.RasterError, "quantiles"):
            vr.from_array(np.arange(4_100_000.0).reshape(1000, -1), (0, 0), METRES).unique()

    def test_several_sums_take_one_pass(self) -> None:
        layer = self.large(400)
        self.assertEqual(vr.sums([layer, layer * 2, (layer > 100) * layer]), [layer.sum(), 2 * layer.sum(), ((layer > 100) * layer).sum()])
        self.assertEqual(vr.sums([]), [])

    def test_results_do_not_depend_on_threads_or_memory(self) -> None:
        layer = self.large(1500)
        real = (layer * 0.1).log()
        files = []
        for parallelism in (None, True, False, 1, 2, 7):
            path = self.folder / f"{parallelism}.tif"
            total = real.to_geotiff(path, and_sum=True, parallelism=parallelism, memory=64 << 20)
            files.append((total, path.read_bytes()))
            self.assertEqual(real.sum(parallelism=parallelism), total)
        self.assertTrue(all(f == files[0] for f in files))
        self.assertEqual(layer.parallel_sum(parallelism=2), layer.sum())
        self.assertRaises(ValueError, layer.sum, parallelism=-1)

    def test_a_file_is_written_with_its_sum(self) -> None:
        layer = vr.from_array(np.arange(12, dtype="uint8").reshape(3, 4), (0, 0), METRES)
        self.assertEqual((layer * 2).to_geotiff(self.folder / "a" / "b.tif", and_sum=True), 132)
        self.assertIsNone(layer.to_geotiff(str(self.folder / "c.tif"), compression="zstd", level=5))
        self.assertEqual(total_of(str(self.folder / "c.tif")), 66)
        self.assertEqual(layer.to_geotiff(self.folder / "cog.tif", True, cog=True, compression="lzw"), 66)
        self.assertRaises(ValueError, layer.to_geotiff, self.folder / "d.tif", compression="jpeg")

    def test_a_value_can_stand_for_missing_pixels(self) -> None:
        values = np.array([[1.0, 2.0, 3.0, np.nan], [5.0, 6.0, 7.0, 8.0]])
        vr.from_array(values, (0, 0), METRES).to_geotiff(self.folder / "nodata.tif", nodata=3)
        with vr.read_raster(self.folder / "nodata.tif") as layer:
            self.assertEqual((layer.nodata, layer.datatype), (3.0, vr.DataType.Float64))
            self.assert_pixels(layer, np.where(values == 3, np.nan, values))
        with vr.read_raster(self.folder / "nodata.tif", ignore_nodata=True) as layer:
            self.assert_pixels(layer, np.where(np.isnan(values), 3, values))

    def test_a_sparse_file_is_small_and_holds_the_same(self) -> None:
        values = np.zeros((2000, 2000), "uint8")
        values[5, 5] = 9
        layer = vr.from_array(values, (0, 0), METRES)
        self.assertRaises(ValueError, layer.to_geotiff, self.folder / "sparse.tif", sparse=True)
        layer.to_geotiff(self.folder / "dense.tif", nodata=0, compression="none")
        layer.to_geotiff(self.folder / "sparse.tif", nodata=0, sparse=True, compression="none")
        self.assertLess((self.folder / "sparse.tif").stat().st_size * 8, (self.folder / "dense.tif").stat().st_size)
        self.assertEqual([total_of(str(self.folder / f"{name}.tif")) for name in ("sparse", "dense")], [9, 9])

    def test_progress_goes_from_0_to_1_in_the_thread_that_called(self) -> None:
        told, threads = [], set()

        def tell(fraction: float) -> None:
            told.append(fraction)
            threads.add(threading.get_ident())

        self.large().log().exp().to_geotiff(self.folder / "out.tif", callback=tell)
        self.assertEqual((told[0], told[-1]), (0.0, 1.0))
        self.assertEqual(told, sorted(told))
        self.assertEqual(threads, {threading.get_ident()})

    def test_a_callback_that_fails_ends_it_and_leaves_no_file(self) -> None:
        def fail(fraction: float) -> None:
            raise KeyError(fraction)

        self.assertRaises(KeyError, self.large(500).to_geotiff, self.folder / "out.tif", callback=fail)
        self.assertEqual([p.name for p in self.folder.iterdir()], ["large.tif"])

    def test_what_cannot_be_written_is_an_os_error_and_leaves_nothing(self) -> None:
        layer = vr.from_array([[1, 2]], (0, 0), DEGREES)
        (self.folder / "folder.tif").mkdir()
        (self.folder / "folder.tif" / "full").touch()
        self.assertRaises(ValueError, layer.to_geotiff, self.folder / "folder.tif")
        self.assertRaises(OSError, layer.to_geotiff, "/proc/varve.tif")
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["folder.tif"])

    def test_other_threads_go_on_meanwhile(self) -> None:
        layer, counted, stop = self.large(), 0, threading.Event()
        results = []
        worker = threading.Thread(target=lambda: (results.append(layer.log().exp().log().sum()), stop.set()))
        worker.start()
        while not stop.wait(0.001):
            counted += 1
        worker.join()
        self.assertGreater(counted, 3)
        workers = [threading.Thread(target=lambda: results.append(layer.log().exp().log().sum())) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual(len(set(results)), 1)

    def test_an_interrupt_stops_it_and_leaves_no_file(self) -> None:
        code = ("import sys, numpy as np, varve.raster as vr\n"
                "p = vr.MapProjection('epsg:4326', 0.001, -0.001)\n"
                "world = vr.area_raster(p)\n"
                "for _ in range(30): world = world.log().exp()\n"
                "try: world.to_geotiff('out.tif', callback=lambda f: print('at', f, flush=True))\n"
                "except KeyboardInterrupt: print('stopped'); sys.exit(7)\n")
        running = subprocess.Popen([sys.executable, "-c", code], cwd=self.folder, stdout=subprocess.PIPE, text=True)
        self.assertTrue(running.stdout.readline().startswith("at"))
        time.sleep(0.3)
        running.send_signal(signal.SIGINT)
        began = time.monotonic()
        output, _ = running.communicate(timeout=60)
        self.assertEqual((running.returncode, output.splitlines()[-1]), (7, "stopped"))
        self.assertLess(time.monotonic() - began, 50)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_processes_can_share_the_work(self) -> None:
        path = str(self.written("a.tif", [[1, 2], [3, 4]]))
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            self.assertEqual(pool.map(total_of, [path] * 4), [10] * 4)
            with vr.read_raster(path) as layer:
                self.assertEqual(pool.map(total_of_layer, [layer, layer * 2]), [10, 20])

    def test_a_fork_after_the_first_layer_is_told_what_to_do_instead_of_hanging(self) -> None:
        path = str(self.written("a.tif", [[1, 2], [3, 4]]))
        with multiprocessing.get_context("fork").Pool(1) as pool:
            with self.assertRaisesRegex(RuntimeError, "spawn"):
                pool.apply(total_of, [path])

    def test_a_fork_before_the_first_layer_works(self) -> None:
        path = str(self.written("a.tif", [[1, 2], [3, 4]]))
        code = ("import multiprocessing, sys, varve.raster as vr\n"
                "def total(path):\n    with vr.read_raster(path) as layer: return layer.sum()\n"
                "print(multiprocessing.get_context('fork').Pool(2).map(total, sys.argv[1:]))\n")
        self.assertEqual(subprocess.run([sys.executable, "-c", code, path, path], stdout=subprocess.PIPE, text=True, check=True).stdout, "[10, 10]\n")

    def test_a_library_that_is_not_there_is_an_import_error_that_says_how_to_have_it(self) -> None:
        code = "import varve.raster as vr\ntry: vr.constant(1)\nexcept ImportError as e: print(e)"
        told = subprocess.run([sys.executable, "-c", code], env={**os.environ, "VARVE_RASTER_LIBRARY": "/nowhere.so"}, stdout=subprocess.PIPE, text=True, check=True)
        self.assertIn("/nowhere.so could not be loaded", told.stdout)


class Axes:
    """As much of matplotlib as `show` calls."""

    def imshow(self, values, **how):
        self.values, self.how = values, how
        return "picture"


class Showing(Case):
    def test_it_is_drawn_where_it_lies(self) -> None:
        values = np.arange(600.0).reshape(20, 30)
        axes = Axes()
        self.assertEqual(vr.from_array(values, (10, 50), DEGREES).show(axes, cmap="viridis"), "picture")
        np.testing.assert_array_equal(axes.values, values)
        self.assertEqual(axes.how, {"extent": [10, 40, 30, 50], "cmap": "viridis"})

    def test_it_is_thinned_out(self) -> None:
        axes = Axes()
        vr.from_array(np.ones((400, 300)), (0, 0), METRES).show(axes, max_pixels=100)
        self.assertEqual(axes.values.shape, (100, 75))
        vr.from_array(np.ones((40, 30)), (0, 0), METRES).show(axes, max_pixels=None)
        self.assertEqual(axes.values.shape, (40, 30))

    def test_matplotlib_draws_it(self) -> None:
        try:
            import matplotlib
        except ImportError:
            self.skipTest("python3-matplotlib is not installed")
        matplotlib.use("Agg")
        image = vr.from_array(np.ones((4, 3)), (0, 0), METRES).show()
        self.assertEqual(image.get_array().shape, (4, 3))


if __name__ == "__main__":
    unittest.main()
