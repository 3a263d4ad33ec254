using System.Text.RegularExpressions;
using Xunit;

namespace Varve.Tests;

/// <summary>The plan of the house (docs/architecture.md): rooms name only rooms below them, and no file grows past 500 lines.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly string[] RoomsFromTheRoofDown = ["Export", "Documents", "Running", "Shell", "Steps", "Fetching", "Lineage", "Sandbox", "Strict", "Store", "Linux"];
    private const int MostLines = 500;

    [GeneratedRegex(@"\bVarve\.(?<room>\w+)", RegexOptions.NonBacktracking)]
    private static partial Regex RoomName();

    private static IEnumerable<string> SourceFiles(params string[] folders) =>
        folders.Select(f => Path.Combine(Checkout.Root, f)).Where(Directory.Exists)
            .SelectMany(f => Directory.EnumerateFiles(f, "*", SearchOption.AllDirectories))
            .Where(f => Path.GetExtension(f) is ".cs" or ".c" or ".h" or ".py" or ".sh" or "")
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal));

    [Fact]
    public void Every_folder_of_the_core_is_a_room_of_the_plan()
    {
        var folders = Directory.GetDirectories(Path.Combine(Checkout.Root, "src/Varve")).Select(Path.GetFileName).Except(["bin", "obj"]);
        Assert.Empty(folders.Except(RoomsFromTheRoofDown));
    }

    [Fact]
    public void Rooms_name_only_rooms_below_them()
    {
        var wrong = new List<string>();
        for (var height = 0; height < RoomsFromTheRoofDown.Length; height++)
        {
            var room = RoomsFromTheRoofDown[height];
            var above = RoomsFromTheRoofDown[..height];
            foreach (var file in SourceFiles($"src/Varve/{room}"))
            {
                var text = File.ReadAllText(file);
                Assert.Contains($"namespace Varve.{room};", text, StringComparison.Ordinal);
                foreach (Match name in RoomName().Matches(text))
                    if (above.Contains(name.Groups["room"].Value)) wrong.Add($"{Path.GetRelativePath(Checkout.Root, file)} names {name.Value}");
            }
        }
        Assert.Empty(wrong);
    }

    private static readonly string[] RasterRoomsFromTheRoofDown = ["Habitat", "Expressions", "Layers", "Outputs", "Reductions", "Evaluation", "Graph", "Gdal", "Files", "Hexagons", "Grids"];
    private static readonly string[] SnapshotRoomsFromTheRoofDown = ["Datasets", "Replication", "Keeping", "Remote", "Volumes", "Policy", "Mounting", "Repository"];

    [GeneratedRegex(@"\bVarve\.(?<wing>Raster|Snapshots)\.(?<room>\w+)", RegexOptions.NonBacktracking)]
    private static partial Regex WingRoomName();

    [Fact]
    public void Rooms_of_the_wing_of_rasters_name_only_rooms_below_them_and_nothing_of_the_core() => Assert.Empty(NamesOfRoomsAbove("Raster", RasterRoomsFromTheRoofDown));

    [Fact]
    public void Rooms_of_the_wing_of_snapshots_name_only_rooms_below_them_and_nothing_of_the_core() => Assert.Empty(NamesOfRoomsAbove("Snapshots", SnapshotRoomsFromTheRoofDown));

    private static IEnumerable<string> NamesOfRoomsAbove(string wing, string[] roomsFromTheRoofDown)
    {
        for (var height = 0; height < roomsFromTheRoofDown.Length; height++)
            foreach (var file in SourceFiles($"src/Varve.{wing}/{roomsFromTheRoofDown[height]}"))
            {
                var text = File.ReadAllText(file);
                foreach (Match name in WingRoomName().Matches(text))
                    if (name.Groups["wing"].Value != wing || roomsFromTheRoofDown.Take(height).Contains(name.Groups["room"].Value)) yield return $"{Path.GetRelativePath(Checkout.Root, file)} names {name.Value}";
                foreach (Match name in RoomName().Matches(text))
                    if (RoomsFromTheRoofDown.Contains(name.Groups["room"].Value)) yield return $"{Path.GetRelativePath(Checkout.Root, file)} names {name.Value}";
            }
    }

    [Fact]
    public void No_file_is_longer_than_500_lines()
    {
        var long_ = SourceFiles("src", "native", "python", "examples", "tests", "bench", "scripts")
            .Select(f => (File: Path.GetRelativePath(Checkout.Root, f), Lines: File.ReadLines(f).Count()))
            .Where(f => f.Lines > MostLines);
        Assert.Empty(long_);
    }

    [Fact]
    public void No_file_hides_code_in_regions()
    {
        var hiding = SourceFiles("src", "tests").Where(f => f.EndsWith(".cs", StringComparison.Ordinal) && File.ReadLines(f).Any(l => l.TrimStart().StartsWith("#region", StringComparison.Ordinal)));
        Assert.Empty(hiding);
    }
}
