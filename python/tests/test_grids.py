"""Areas and map projections: what is one place, what is refused, laws of union and intersection."""
import pickle
import random
import unittest

import varve.raster as vr
from support import DEGREES, METRES


class Projections(unittest.TestCase):
    def test_a_projection_is_known_by_its_name(self) -> None:
        self.assertEqual(DEGREES.name, "EPSG:4326")
        self.assertEqual((DEGREES.epsg, DEGREES.is_geographic, METRES.epsg, METRES.is_geographic), (4326, True, 32633, False))
        self.assertEqual(DEGREES, vr.MapProjection("EPSG:4326", 1, -1))
        self.assertNotEqual(DEGREES, vr.MapProjection("epsg:4258", 1, -1))
        self.assertEqual(eval(repr(DEGREES), {"MapProjection": vr.MapProjection}), DEGREES)
        self.assertEqual(pickle.loads(pickle.dumps(METRES)), METRES)
        self.assertEqual(len({DEGREES, vr.MapProjection("EPSG:4326", 1.0, -1.0)}), 1)

    def test_what_is_no_projection_is_a_value_error(self) -> None:
        for name in ("random name", "epsg:1", "epsg:four", "", "/etc/passwd"):
            with self.assertRaises(ValueError, msg=name):
                vr.MapProjection(name, 1.0, -1.0)

    def test_pixels_differ_by_a_part_of_a_pixel_and_not_by_metres(self) -> None:
        for step, other, is_same in ((0.1, 0.5, False), (10.0, 10.0001, False), (10.0, 10.000001, True), (1 / 120, 0.008333333, True), (1e-5, 2e-5, False)):
            one, two = vr.MapProjection("epsg:32633", step, -step), vr.MapProjection("epsg:32633", other, -other)
            self.assertIs(one == two, is_same, f"{step} and {other}")

    def test_pixels_are_rounded_but_for_a_hundredth(self) -> None:
        self.assertEqual(METRES.round_up_pixels(9.004, 9.9), (9, 10))
        self.assertEqual(METRES.round_down_pixels(9.9, 9.995), (9, 10))


class Areas(unittest.TestCase):
    def area(self, chance: random.Random) -> vr.Area:
        left, bottom = chance.randrange(-50, 50), chance.randrange(-50, 50)
        return vr.Area(left, bottom + chance.randrange(1, 40), left + chance.randrange(1, 40), bottom, DEGREES)

    def test_union_and_intersection_keep_their_laws(self) -> None:
        chance = random.Random(7)
        for _ in range(300):
            a, b, c = self.area(chance), self.area(chance), self.area(chance)
            self.assertEqual(a | b, b | a)
            self.assertEqual((a | b) | c, a | (b | c))
            self.assertEqual(a & (a | b), a)
            self.assertEqual(a & vr.Area.world(), a)
            self.assertTrue((a | vr.Area.world()).is_world)
            shares = max(a.left, b.left) < min(a.right, b.right) and max(a.bottom, b.bottom) < min(a.top, b.top)
            if shares:
                self.assertEqual(a & b, b & a)
                self.assertEqual((a & b) | a, a)
                self.assertTrue(a.overlaps(b))
            else:
                self.assertRaises(ValueError, lambda: a & b)

    def test_areas_beside_each_other_by_part_of_a_pixel_are_refused_and_not_moved(self) -> None:
        a, b = vr.Area(0, 10, 10, 0, DEGREES), vr.Area(0.25, 10, 10.25, 0, DEGREES)
        for joined in (lambda: a | b, lambda: b & a):
            with self.assertRaisesRegex(ValueError, "0.25 of a pixel across"):
                joined()
        self.assertNotEqual(a, b)
        self.assertEqual(a | vr.Area(0.001, 10, 10.001, 0, DEGREES), a)

    def test_areas_of_different_projections_are_refused(self) -> None:
        a, b = vr.Area(0, 100, 100, 0, DEGREES), vr.Area(0, 100, 100, 0, METRES)
        for joined in (lambda: a | b, lambda: a & b, lambda: a.overlaps(b)):
            self.assertRaises(ValueError, joined)

    def test_an_area_is_whole_pixels(self) -> None:
        self.assertRaises(ValueError, vr.Area, 0, 10, 10.5, 0, DEGREES)
        self.assertEqual(vr.Area(-180, 90, 180, -90, vr.MapProjection("epsg:4326", 0.008333333, -0.008333333)).pixel_dimensions, (43200, 21600))

    def test_grow_dimensions_and_transform(self) -> None:
        area = vr.Area(-10, 5, 10, -5, DEGREES)
        self.assertEqual(area.grow(2), vr.Area(-12, 7, 12, -7, DEGREES))
        self.assertEqual(area.pixel_dimensions, (20, 10))
        self.assertEqual(area.geo_transform, (-10, 1.0, 0.0, 5, 0.0, -1.0))
        self.assertRaises(ValueError, area.grow, 0.3)
        self.assertRaises(ValueError, lambda: vr.Area(0, 1, 1, 0).geo_transform)
        self.assertRaises(ValueError, lambda: vr.Area(0, 1, 1, 0).pixel_dimensions)

    def test_bounds_take_the_pixels_of_another_area_that_they_touch(self) -> None:
        other = vr.Area(0.5, 10.5, 10.5, 0.5, DEGREES)
        self.assertEqual(vr.Area(1.2, 3.9, 2.5, 1.7).project_like(other), vr.Area(0.5, 4.5, 2.5, 1.5, DEGREES))
        self.assertRaises(ValueError, vr.Area(1, 3, 2, 1).project_like, vr.Area(1, 3, 2, 1))

    def test_layers_have_unions_and_intersections(self) -> None:
        a = vr.from_array([[1, 2], [3, 4]], (0, 0), DEGREES)
        b = vr.from_array([[1, 2], [3, 4]], (1, 1), DEGREES)
        self.assertEqual(vr.find_intersection([a, b, vr.constant(3)]), vr.Area(1, 0, 2, -1, DEGREES))
        self.assertEqual(vr.find_union([vr.constant(3), a, b]), vr.Area(0, 1, 3, -2, DEGREES))
        self.assertTrue(vr.find_union([vr.constant(3)]).is_world)
        self.assertRaises(ValueError, vr.find_union, [])
        self.assertRaises(ValueError, vr.find_intersection, [a, vr.from_array([[1]], (9, 9), DEGREES)])


if __name__ == "__main__":
    unittest.main()
