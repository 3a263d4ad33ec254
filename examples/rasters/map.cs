#!/usr/bin/env dotnet
#:project ../../src/Varve.Raster/Varve.Raster.csproj
// Where a plant that keeps to evergreen forest and shrubland between 1,200 and 2,000 metres could live: its area in square kilometres,
// and a map. dotnet run map.cs LANDCOVER ELEVATION OUTPUT, two rasters of one grid; with the package, the line above is
// #:package Varve.Raster@0.1.0
using Varve.Raster;

if (args is not [var coverFile, var elevationFile, var output])
{
    Console.Error.WriteLine("map.cs: name a land cover, an elevation and an output");
    return 2;
}
try
{
    var (cover, elevation) = (Raster.Open(coverFile), Raster.Open(elevationFile));

    var habitat = cover.IsIn(42, 52);
    var reachable = elevation >= 1200 & elevation < 2000;
    var suitable = habitat & reachable;
    var area = suitable * Raster.Area();

    Console.WriteLine($"{area.Sum() / 1e6:0.0} km2 of {habitat.Sum():0} pixels of habitat, {suitable.Sum() / habitat.Sum():0%} of them reachable");
    Raster.Where(suitable, elevation, Raster.Missing).Write(output, new WriteOptions { Cog = true });
    return 0;
}
catch (RasterException e)
{
    Console.Error.WriteLine($"map.cs: {e.Message}");
    return 1;
}
