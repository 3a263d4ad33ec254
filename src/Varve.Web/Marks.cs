using Varve.Lineage;
using Varve.Store;

namespace Varve.Web;

/// <summary>What people said of contents: labels, and results that were condemned.</summary>
internal static class Marks
{
    public static Markup Of(Visit visit, string path, Digest content) => Markup.None;

    public static bool IsMarked(Visit visit, GraphNode node) => false;
}
