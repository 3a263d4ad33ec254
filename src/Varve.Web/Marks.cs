using Varve.Lineage;
using Varve.Store;

namespace Varve.Web;

/// <summary>What people said of contents: labels, and results that were condemned.</summary>
internal static class Marks
{
    /// <summary>A content's labels, and whether it is condemned itself.</summary>
    public static Markup Of(Visit visit, Digest content)
    {
        var marks = new Html();
        foreach (var label in new Labels(visit.Lineage).Of(content)) marks.Write($"<span class=\"state\">{label.Name}={label.Value}</span> ");
        foreach (var taint in visit.Taints.OfFile(content, "")) marks.Write(Condemned(visit, taint, "condemned as"));
        return marks.ToMarkup();
    }

    /// <summary>What a file is made from that is condemned.</summary>
    public static Markup Of(Visit visit, LineageGraph graph)
    {
        var marks = new Html();
        foreach (var taint in visit.Taints.OfGraph(graph)) marks.Write(Condemned(visit, taint, "made from"));
        return marks.ToMarkup();
    }

    /// <summary>What an execution read, at first or second hand, that is condemned.</summary>
    public static Markup Of(Visit visit, string execution)
    {
        var marks = new Html();
        foreach (var taint in visit.Taints.OfExecution(execution)) marks.Write(Condemned(visit, taint, "works on what is made from"));
        return marks.ToMarkup();
    }

    /// <summary>A word beside a content or an execution that stands in a list.</summary>
    public static Markup Brief(Visit visit, Digest content, string execution) =>
        visit.Taints.OfFile(content, execution).Count > 0 ? Markup.Of($" <span class=\"state failed\">tainted</span>") : Markup.None;

    /// <summary>The same beside a block, some of whose results are downstream of what is condemned.</summary>
    public static Markup OfBlock(Visit visit, string document, string block)
    {
        if (visit.Taints.All().Count == 0) return Markup.None;
        var executions = Documents.BlockRecords.Executions(visit.Lineage, document, block);
        var tainted = executions.Count(e => visit.Taints.OfExecution(e).Count > 0);
        return tainted == 0 ? Markup.None : Markup.Of($" <span class=\"state failed\">{(executions.Count == 1 ? "tainted" : $"{tainted} of {executions.Count} tainted")}</span>");
    }

    private static Markup Condemned(Visit visit, Taint taint, string how) =>
        Markup.Of($"<p class=\"marked\">Tainted: {(taint.Reason.Length > 0 ? taint.Reason : "condemned")} <span class=\"soft\">({how} {visit.Site.Local(taint.Path)}, {taint.Digest.Short})</span></p>");
}
