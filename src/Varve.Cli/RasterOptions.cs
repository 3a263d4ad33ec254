using System.CommandLine;
using Varve.Raster;
using Varve.Raster.Expressions;
using Varve.Raster.Gdal;
using Map = Varve.Raster.Raster;

namespace Varve.Cli;

/// <summary>The options of raster commands that take expressions: layers, memory, threads.</summary>
internal sealed class RasterOptions
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);
    private readonly Option<string[]> layers = new("--layer", "-l") { Description = "A layer and its file; given again with the same name, or as a pattern 'tiles/*.tif', tiles of one layer; NAME[2] in the expression is its second band", HelpName = "NAME=FILE" };
    private readonly Option<string[]> rows = new("--rows") { Description = "A layer from a file one pixel wide, whose values hold for whole rows", HelpName = "NAME=FILE" };
    private readonly Option<string[]> polygons = new("--polygons", "-p") { Description = "A layer that is true inside the polygons of a file, and on its lines and points: GeoJSON, or what OGR reads; or in a cell of H3: NAME=h3:8928308280fffff, or NAME=h3:7@LATITUDE,LONGITUDE", HelpName = "NAME=FILE" };
    private readonly Option<string> within = new("--within") { Description = "Only pixels inside the polygons of this file count, and no others are read", HelpName = "FILE" };
    private readonly Option<bool> allTouched = new("--all-touched") { Description = "Inside are all pixels that a polygon touches, not only those whose centre it holds" };
    private readonly Option<string> file = new("--file", "-f") { Description = "Read the expression from a file: lines `name = expression`, then what to compute", HelpName = "FILE" };
    private readonly Option<string> memory = new("--memory") { Description = "Most memory: 128M, 1.5G, 2GB; else half of what is free", HelpName = "SIZE" };
    private readonly Option<int?> threads = new("-j", "--jobs") { Description = "Threads; else one for each core", HelpName = "N" };

    /// <summary>Adds them to a command.</summary>
    public RasterOptions To(Command command, bool hasLayers = true)
    {
        if (hasLayers)
            foreach (var option in (Option[])[layers, rows, polygons, within, allTouched, file]) command.Add(option);
        command.Add(memory);
        command.Add(threads);
        return this;
    }

    /// <summary>The rasters that were named: expressions, files when there are no layers, or the expression in a file.</summary>
    /// <exception cref="UsageException">None, or one that cannot be understood.</exception>
    public List<Map> Rasters(ParseResult parsed, IReadOnlyList<string> words)
    {
        var texts = words.ToList();
        if (parsed.GetValue(file) is { } path)
        {
            if (texts.Count > 0) throw new UsageException("give expressions, or a file of one with -f, not both");
            texts.Add(TextOf(path));
        }
        if (texts.Count == 0) throw new UsageException("what shall be computed is missing: an expression, a file, or -f FILE");
        var known = new Layers(Expanded(Pairs(parsed.GetValue(layers))), Pairs(parsed.GetValue(rows)), Pairs(parsed.GetValue(polygons)), CoverageOf(parsed));
        var mask = Within(parsed);
        return [.. texts.Select(text => (known.IsEmpty && (Directory.Exists(text) || IsPath(text))) || (File.Exists(text) && !known.Names.Contains(text)) ? Map.Open(text) : known.Anchored(ExpressionParser.Parse(text, known.Find, known.Names))).Select(r => mask is null ? r : r.Within(mask))];
    }

    /// <summary>The polygons outside of which nothing counts; null when none were named.</summary>
    public Map? Within(ParseResult parsed) => parsed.GetValue(within) is { } shape ? Map.Polygons(shape, CoverageOf(parsed)) : null;

    /// <summary>Whether a word is a file, because no layers are named and no expression is read from elsewhere.</summary>
    public bool IsFile(ParseResult parsed, string word) =>
        (parsed.GetValue(layers) ?? []).Length + (parsed.GetValue(rows) ?? []).Length + (parsed.GetValue(polygons) ?? []).Length == 0 && parsed.GetValue(file) is null && (File.Exists(word) || Directory.Exists(word) || IsPath(word));

    private static bool IsPath(string text) => text.EndsWith(".tif", StringComparison.OrdinalIgnoreCase) || text.EndsWith(".tiff", StringComparison.OrdinalIgnoreCase) || RasterFiles.IsForGdal(text);

    private Coverage CoverageOf(ParseResult parsed) => parsed.GetValue(allTouched) ? Coverage.AllTouched : Coverage.Centre;

    public static List<(string Name, string Path)> Pairs(string[]? words)
    {
        var pairs = new List<(string, string)>();
        foreach (var word in words ?? [])
        {
            var at = word.IndexOf('=', StringComparison.Ordinal);
            if (at < 1 || at == word.Length - 1) throw new UsageException($"-l {word}: give a name and a file, NAME=FILE");
            var name = word[..at];
            if (!(char.IsLetter(name[0]) || name[0] == '_') || !name.All(static c => char.IsLetterOrDigit(c) || c == '_')) throw new UsageException($"-l {word}: a name is letters, digits and _, and begins with a letter");
            pairs.Add((name, word[(at + 1)..]));
        }
        return pairs;
    }

    /// <summary>Patterns of files as the files, by name.</summary>
    private static List<(string Name, string Path)> Expanded(List<(string Name, string Path)> pairs)
    {
        var all = new List<(string, string)>();
        foreach (var (name, path) in pairs)
        {
            if (path.IndexOfAny(['*', '?']) < 0 || File.Exists(path) || RasterFiles.IsForGdal(path))
            {
                all.Add((name, path));
                continue;
            }
            var folder = Path.GetDirectoryName(path) is { Length: > 0 } given ? given : ".";
            var found = folder.IndexOfAny(['*', '?']) < 0 && Directory.Exists(folder) ? Directory.GetFiles(folder, Path.GetFileName(path)).Order(StringComparer.Ordinal).ToList() : [];
            if (found.Count == 0) throw new UsageException($"-l {name}={path}: no file has such a name");
            all.AddRange(found.Select(f => (name, f)));
        }
        return all;
    }

    private static string TextOf(string path)
    {
        try
        {
            return path == "-" ? Console.In.ReadToEnd() : File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"-f {path}: {e.Message}");
        }
    }

    /// <summary>What may be used, with progress on the terminal.</summary>
    public Limits Limits(ParseResult parsed, CommonOptions common, CancellationToken cancellation)
    {
        var number = parsed.GetValue(threads);
        if (number is < 1) throw new UsageException($"-j {number}: give a number from 1");
        long? bytes = parsed.GetValue(memory) is { } size ? StepOptionSet.ParseSize(size) : null;
        if (bytes < Varve.Raster.Limits.LeastMemory) throw new UsageException($"--memory {parsed.GetValue(memory)}: at least {Words.Size(Varve.Raster.Limits.LeastMemory)} are needed");
        var isLive = !common.Quiet && !common.Json && !common.NoColor && !Console.IsErrorRedirected;
        return new Limits
        {
            Memory = bytes,
            Threads = number,
            Cancellation = cancellation,
            Progress = isLive ? Show : null,
            Done = report =>
            {
                if (isLive && report.Elapsed > Quiet) Console.Error.Write("\r\e[K");
                if (common.Verbose || (!common.Quiet && !common.Json && report.Elapsed > Quiet)) Tell(report);
            },
        };
    }

    private static void Show(Progress progress)
    {
        if (progress.Elapsed < Quiet) return;
        var left = progress.Remaining is { } time && progress.Done < progress.Total ? $", about {Words.About(time)} left" : "";
        Console.Error.Write($"\r\e[K{100.0 * progress.Done / progress.Total:0} %{left}");
    }

    private static void Tell(Report report) =>
        Console.Error.WriteLine($"varve: {report.Pixels:#,0} pixels in {Words.Time(report.Elapsed)}: {report.ChunkWidth} x {report.ChunkHeight} at a time, {Words.Count(report.Threads, "thread")}, "
            + $"{Words.Size(report.Planned)} set aside of {Words.Size(report.Budget)} allowed; {Words.Count(report.Blocks, "block")} read, {Words.Count(report.Skipped, "chunk")} passed over{(report.Yields > 0 ? $"; memory given back to others {Words.Count(report.Yields, "time")}" : "")}");

    /// <summary>Layers by name, opened once.</summary>
    private sealed class Layers(List<(string Name, string Path)> files, List<(string Name, string Path)> rows, List<(string Name, string Path)> polygons, Coverage coverage)
    {
        private const string Cell = "h3:";
        private readonly Dictionary<(string, int), Map> open = [];

        public bool IsEmpty => files.Count == 0 && rows.Count == 0 && polygons.Count == 0;
        public IEnumerable<string> Names => files.Concat(rows).Concat(polygons).Select(static f => f.Name).Distinct();

        /// <summary>What follows any grid (polygons, areas) is computed on that of the first layer, when it names none itself.</summary>
        public Map Anchored(Map raster)
        {
            if (files.Count == 0 || Varve.Raster.Graph.Node.InOrder([raster.Node]).OfType<Varve.Raster.Graph.Source>().Any(static s => s.Grid is not null)) return raster;
            return Find(files[0].Name, 1) is { } first ? raster.On(first.Grid, files[0].Path) : raster;
        }

        public Map? Find(string name, int band)
        {
            if (open.TryGetValue((name, band), out var known)) return known;
            var paths = files.Where(f => f.Name == name).Select(static f => f.Path).ToList();
            var wide = rows.Where(f => f.Name == name).Select(static f => f.Path).ToList();
            var shapes = polygons.Where(f => f.Name == name).Select(static f => f.Path).ToList();
            if (paths.Count + wide.Count + shapes.Count == 0) return null;
            if (Math.Min(paths.Count, 1) + wide.Count + shapes.Count > 1) throw new UsageException($"the layer '{name}' is given twice");
            return open[(name, band)] = shapes.Count == 1 ? shapes[0].StartsWith(Cell, StringComparison.Ordinal) ? Map.HexagonCell(shapes[0][Cell.Length..], coverage) : Map.Polygons(shapes[0], coverage) : wide.Count == 1 ? Map.OpenRows(wide[0], band) : Map.Open(paths, band);
        }
    }
}
