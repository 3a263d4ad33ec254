using Varve.Raster.Files;
using Varve.Raster.Grids;

namespace Varve.Raster.Graph;

/// <summary>A file's part in a source: which file, and where it lies on the source's grid.</summary>
internal sealed record Piece(RasterFile File, int Band, Window Place)
{
    /// <summary>Whether it lies over an earlier one, which is seen where this has no value.</summary>
    public bool IsOver { get; init; }

    /// <summary>For one that lies over another: where it has a value, when no value says so.</summary>
    public FileMask? Mask { get; init; }
}

/// <summary>A band of a file, or of several files that lie on one grid; where they overlap, the later one is seen.</summary>
internal sealed class RasterSource : Source
{
    private RasterSource(string name, Grid grid, IReadOnlyList<Piece> pieces, PixelType type, double? noData)
        : base(type, RangeOf(type, noData), noData is not null)
    {
        (Name, Grid, Pieces, NoData) = (name, grid, pieces, noData);
        Index = new PieceIndex(pieces);
    }

    public override string Name { get; }
    public override Grid Grid { get; }
    public override Origin Origin => new(Name, Pieces[0].File.Name, Pieces.Count == 1);
    public IReadOnlyList<Piece> Pieces { get; }
    /// <summary>The same by where they lie.</summary>
    public PieceIndex Index { get; }
    /// <summary>Whether masks decide which of its pieces is seen.</summary>
    public bool HasMasks => Pieces.Any(static p => p.Mask is not null);
    /// <summary>What stands for missing pixels; null when the type has no such value.</summary>
    public double? NoData { get; }

    /// <exception cref="RasterException">There is no such band, or it cannot be read.</exception>
    public static RasterSource Of(RasterFile file, int band, bool ignoresNoData = false)
    {
        Check(file, band);
        return new RasterSource(file.Image.Bands > 1 ? $"{file.Name} (band {band + 1})" : file.Name, file.Grid, [new Piece(file, band, file.Grid.All)], file.Image.Type, ignoresNoData ? null : Known(file));
    }

    /// <summary>A band whose rows do not run along the axes, by its columns and rows.</summary>
    public static RasterSource OfTurned(RasterFile file, int band, bool ignoresNoData = false)
    {
        Check(file, band, mayBeTurned: true);
        return new RasterSource(file.Name, file.Grid, [new Piece(file, band, file.Grid.All)], file.Image.Type, ignoresNoData ? null : Known(file));
    }

    /// <param name="files">The tiles; where they overlap, the later one is seen, but for its missing pixels.</param>
    /// <param name="band">Which band of each.</param>
    /// <param name="masks">Where each has values, when not a value of all says so.</param>
    /// <exception cref="RasterException">They do not lie on one grid, or are not of one type.</exception>
    public static RasterSource Of(IReadOnlyList<RasterFile> files, int band, IReadOnlyList<FileMask>? masks = null)
    {
        if (files.Count == 1) return Of(files[0], band, ignoresNoData: masks is not null);
        foreach (var file in files) Check(file, band);
        var first = files[0];
        foreach (var file in files)
        {
            if (file.Image.Type != first.Image.Type) throw new RasterException($"{first.Name} holds {first.Image.Type} and {file.Name} {file.Image.Type}; tiles of one layer must be of one type (varve raster convert --type)");
            if (masks is null && !Nullable.Equals(Known(file), Known(first))) throw new RasterException($"{first.Name} and {file.Name} have different nodata values; tiles of one layer must have the same (varve raster convert --nodata)");
        }
        var reference = Alignment.Reference(files.Select(static f => f.Grid))!;
        static Origin OriginOf(RasterFile file) => new(file.Name, file.Name, true);
        var referenceName = OriginOf(files.First(f => f.Grid == reference));
        var places = files.Select(f => Alignment.Place(reference, referenceName, f.Grid, OriginOf(f))).ToList();
        var all = places.Aggregate(static (a, b) => a.Or(b));
        var pieces = Stacked([.. files.Zip(places, (f, p) => new Piece(f, band, p.Moved(-all.X, -all.Y)))], masks);
        return new RasterSource($"{first.Name} and {files.Count - 1} more", reference.Part(all), pieces, first.Image.Type, masks is null ? Known(first) : null);
    }

    /// <summary>Where a layer of tiles has values: 1, where any of them has one.</summary>
    public static RasterSource MaskOf(RasterSource tiles, IReadOnlyList<FileMask> masks)
    {
        var pieces = tiles.Pieces.Zip(masks, static (p, m) => new Piece(m.File, m.Band, p.Place) { IsOver = p.IsOver }).ToList();
        return new RasterSource($"the masks of {tiles.Name}", tiles.Grid, pieces, PixelType.Byte, 0);
    }

    private static List<Piece> Stacked(List<Piece> pieces, IReadOnlyList<FileMask>? masks)
    {
        var (index, numbers) = (new PieceIndex(pieces), new Dictionary<Piece, int>(ReferenceEqualityComparer.Instance));
        for (var i = 0; i < pieces.Count; i++) numbers[pieces[i]] = i;
        bool IsOver(Piece piece, int number) => index.On(piece.Place).Any(other => numbers[other] < number && !other.Place.And(piece.Place).IsEmpty);
        return [.. pieces.Select((p, i) => IsOver(p, i) ? p with { IsOver = true, Mask = masks?[i] } : p)];
    }

    private RasterSource(RasterSource other, Grid grid) : this(other.Name, grid, other.Pieces, other.Type, other.NoData) { }

    /// <summary>The same pixels at another place.</summary>
    public RasterSource At(Grid grid) => new(this, grid);

    private static void Check(RasterFile file, int band, bool mayBeTurned = false)
    {
        if (file.Image.WhyNot() is { Length: > 0 } why) throw new RasterException($"{file.Name}: {why}");
        if (!mayBeTurned && file.WhyNoGrid is { Length: > 0 } turned) throw new RasterException($"{file.Name}: {turned}");
        if (band < 0 || band >= file.Image.Bands) throw new RasterException($"{file.Name}: it has {file.Image.Bands} band{(file.Image.Bands == 1 ? "" : "s")}, and no band {band + 1}") { IsNoSuchBand = true };
    }

    private static double? Known(RasterFile file) => file.NoData is { } value && (file.Image.Type == PixelType.Float32 || file.Image.Type.Has(value)) ? value : null;

    private static ValueRange? RangeOf(PixelType type, double? noData)
    {
        if (type.IsFloat() || noData is not { } value) return null;
        var range = type.Range();
        // One at an end is no value, and leaves room for the missing pixels of what is computed.
        if ((Int128)value == range.Least) return range with { Least = range.Least + 1 };
        return (Int128)value == range.Most ? range with { Most = range.Most - 1 } : range;
    }
}

/// <summary>A layer one pixel wide, whose value holds for the whole row.</summary>
internal sealed class LatitudeSource(RasterSource column) : Source(column.Type, column.Range, column.CanMiss)
{
    public RasterSource Column { get; } = column.Grid.Width == 1 ? column : throw new RasterException($"{column.Name}: it is {column.Grid.Width} pixels wide; a layer of one value for each row is one pixel wide");
    public override string Name => Column.Name;
    public override Grid Grid => Column.Grid;
    public override Origin Origin => Column.Origin;
}
