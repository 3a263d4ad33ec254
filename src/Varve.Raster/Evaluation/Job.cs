using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Evaluation;

/// <summary>One of many computations that share what they read: its own results, on its own area, into its own sinks.</summary>
internal sealed class Job
{
    /// <param name="roots">Its results.</param>
    /// <param name="reference">The grid from which all jobs of a walk count.</param>
    /// <exception cref="RasterException">Its layers are not on that grid.</exception>
    public Job(IReadOnlyList<Node> roots, Grid reference)
    {
        Results = roots;
        Placement = new Placement(roots, reference);
        Program = new Program(roots, Placement);
    }

    public IReadOnlyList<Node> Results { get; }
    public Placement Placement { get; }
    public Program Program { get; }

    /// <summary>What is to be gone over; no pixel is in two parts.</summary>
    public IReadOnlyList<JobPart> Parts { get; set; } = [];

    /// <summary>Called when every pixel was taken, by the thread that took the last.</summary>
    public Action Done { get; set; } = static () => { };

    /// <summary>Chunks that were not taken yet.</summary>
    internal long Left;

    /// <summary>Pixels to go over.</summary>
    public long Pixels => Parts.Sum(static p => p.Tiling.Everything.Pixels);

    /// <summary>A window without another: at most four that share nothing.</summary>
    public static IEnumerable<Window> Without(Window all, Window hole)
    {
        hole = all.And(hole);
        Window[] sides = hole.IsEmpty ? [all] :
        [
            all with { Height = hole.Y - all.Y },
            hole with { X = all.X, Width = hole.X - all.X },
            hole with { X = hole.Right, Width = all.Right - hole.Right },
            all with { Y = hole.Bottom, Height = all.Bottom - hole.Bottom },
        ];
        return sides.Where(static s => !s.IsEmpty);
    }
}

/// <summary>A part of a job, cut into chunks.</summary>
/// <param name="Tiling">The chunks.</param>
/// <param name="Sinks">Where its pixels go.</param>
internal sealed record JobPart(Tiling Tiling, IReadOnlyList<ISink> Sinks);
