"""Scripts as they are written for Yirgacheffe 2.0, with nothing changed but the import."""
import json
import unittest
from functools import reduce

import numpy as np

import varve.raster as yg
from support import Case

UTM = ("epsg:32633", (20.0, -20.0))


class Scripts(Case):
    def setUp(self) -> None:
        super().setUp()
        numbers = np.random.default_rng(11)
        self.habitats = numbers.integers(0, 20, (80, 100), "uint8")
        self.elevations = numbers.integers(-100, 3000, (80, 100)).astype("int16")
        with yg.from_array(self.habitats, (500000.0, 5000000.0), UTM) as layer:
            layer.to_geotiff(self.folder / "habitats.tif")
        with yg.from_array(self.elevations, (500000.0, 5000000.0), UTM) as layer:
            layer.to_geotiff(self.folder / "elevation.tif")
        ring = [[500400, 4999600], [501200, 4999600], [501200, 4998800], [500400, 4998800], [500400, 4999600]]
        (self.folder / "species123.geojson").write_text(json.dumps({
            "type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}},
            "features": [{"type": "Feature", "properties": {"id_no": 123}, "geometry": {"type": "Polygon", "coordinates": [ring]}}]}))

    def test_area_of_habitat(self) -> None:
        species_min, species_max = 200, 1500
        with (
            yg.read_raster(self.folder / "habitats.tif") as habitat_map,
            yg.read_raster(self.folder / "elevation.tif") as elevation_map,
            yg.read_shape(self.folder / "species123.geojson") as range_map,
        ):
            refined_habitat = habitat_map.isin([3, 5, 8])
            refined_elevation = (elevation_map >= species_min) & (elevation_map <= species_max)
            aoh = refined_habitat * refined_elevation * range_map
            total = aoh.sum()
            aoh.to_geotiff(self.folder / "aoh.tif")
        inside = np.zeros((80, 100), bool)
        inside[20:60, 20:60] = True
        expected = np.isin(self.habitats, [3, 5, 8]) & (self.elevations >= 200) & (self.elevations <= 1500) & inside
        self.assertEqual(total, expected.sum())
        with yg.read_raster(self.folder / "aoh.tif") as result:
            self.assertEqual(result.sum(), expected.sum())
            self.assertEqual(result.dimensions, (40, 40))

    def test_clouds_are_removed(self) -> None:
        with yg.read_raster(self.folder / "elevation.tif") as vre2, yg.read_raster(self.folder / "habitats.tif") as scl:
            is_cloud = (scl == 8) | (scl == 9) | (scl == 10)
            is_shadow = scl == 3
            is_bad = is_cloud | is_shadow
            masked_vre2 = yg.where(is_bad, float("nan"), vre2)
            masked_vre2.to_geotiff(self.folder / "vre2_cleaned.tif")
        is_bad = np.isin(self.habitats, [3, 8, 9, 10])
        with yg.read_raster(self.folder / "vre2_cleaned.tif") as cleaned:
            np.testing.assert_array_equal(cleaned.read_array(0, 0, 100, 80), np.where(is_bad, np.nan, self.elevations))

    def test_richness_is_summed_over_species(self) -> None:
        with yg.read_raster(self.folder / "habitats.tif") as habitats:
            layers = [habitats == code for code in range(5)]
            richness = yg.sum(layers)
            self.assertEqual(richness.sum(), reduce(lambda a, b: a + b, layers).sum())
            self.assertEqual(richness.max(), 1)
            self.assertEqual(yg.any(layers).sum(), (self.habitats < 5).sum())

    def test_a_weighted_map_is_clipped_logged_and_saved_as_bands(self) -> None:
        progress: list = []
        with yg.read_raster(self.folder / "elevation.tif") as elevation, yg.area_raster(elevation.projection) as area:
            weight = yg.log10(yg.clip(elevation, min=1, max=1000)) / 3.0
            weighted = weight * area
            total = weighted.to_geotiff(self.folder / "weighted.tif", and_sum=True, parallelism=True, callback=progress.append)
            yg.to_geotiff(self.folder / "bands.tif", [weight, weighted], ["weight", "weighted"], parallelism=2)
            self.assertEqual(weighted.datatype, yg.DataType.Float64)
        expected = np.log10(self.elevations.clip(1, 1000).astype(float)) / 3
        with yg.read_raster(self.folder / "bands.tif", band=1) as weight, yg.read_raster(self.folder / "bands.tif", band=2) as weighted:
            np.testing.assert_allclose(weight.read_array(0, 0, 100, 80), expected, rtol=1e-15)
            self.assertAlmostEqual(total / weighted.sum(), 1, 12)
            self.assertAlmostEqual(total / (expected.sum() * 400), 1, 2)
        self.assertEqual((progress[0], progress[-1]), (0.0, 1.0))


if __name__ == "__main__":
    unittest.main()
