using Varve.Lineage;
using Varve.Store;
using Varve.Web.Http;

namespace Varve.Web;

/// <summary>What the pages show: one workspace and one home.</summary>
/// <param name="Workspace">Absolute.</param>
/// <param name="Home">The home.</param>
internal sealed record Site(string Workspace, VarveHome Home)
{
    /// <summary>Graphs of large lineages, which are small once they are folded.</summary>
    public GraphShelf Graphs { get; } = new();

    /// <summary>Forecasts of documents, which look at every input.</summary>
    public Documents.ForecastShelf Forecasts { get; } = new();

    /// <summary>A path as people see it: from the workspace when it lies in it.</summary>
    public string Local(string path) => ShellText.Relative(path, Workspace);

    public bool IsInside(string path) => Sandbox.View.IsWithin(path, Workspace) && path != Workspace;

    /// <summary>The address of a file's page; empty when it lies outside.</summary>
    public string Link(string path) => IsInside(path) ? "/files/" + Address.OfPath(Local(path)) : "";

    /// <summary>The absolute path for the names of an address.</summary>
    /// <exception cref="NotFoundException">They name nothing below the workspace.</exception>
    public static string Relative(IEnumerable<string> names)
    {
        var path = string.Join('/', names);
        if (path.Split('/').Any(static n => n is ".." or ".") || names.Any(static n => n.Contains('/')))
            throw new NotFoundException("This address names no file of the workspace.", "Only files below the workspace can be seen here, by their own names.");
        return path;
    }

    public string Absolute(string relative) => relative.Length == 0 ? Workspace : Workspace == "/" ? "/" + relative : $"{Workspace}/{relative}";
}

/// <summary>What was asked for is not there; a page says so.</summary>
/// <param name="message">What is not there.</param>
/// <param name="advice">What to do instead.</param>
internal sealed class NotFoundException(string message, string advice) : Exception(message)
{
    public string Advice => advice;
}

/// <summary>The rooms of the home, open for one request.</summary>
internal sealed class Visit : IDisposable
{
    private Taints? taints;

    public Visit(Site site)
    {
        Site = site;
        Store = new BlobStore(site.Home);
        Lineage = new LineageDatabase(site.Home);
    }

    public Site Site { get; }
    public BlobStore Store { get; }
    public LineageDatabase Lineage { get; }
    public History History => new(Lineage);
    /// <summary>What is condemned, and what is downstream of that: worked out once a visit.</summary>
    public Taints Taints => taints ??= new Taints(Lineage);

    /// <summary>The execution that an id names.</summary>
    /// <exception cref="NotFoundException">There is none.</exception>
    public Trace Find(string id)
    {
        try
        {
            return History.ById(id) ?? throw new NotFoundException($"There is no step and no execution {id}.", "It may have been collected since (varve gc); the history lists what is known.");
        }
        catch (NotKnownException e)
        {
            throw new NotFoundException(e.Message, "Give more digits of the id.");
        }
    }

    public void Dispose() => Lineage.Dispose();
}

/// <summary>The last few graphs, by the file's content and the state of the lineage.</summary>
internal sealed class GraphShelf
{
    private const int Most = 16;
    private readonly Lock access = new();
    private readonly List<(string Key, LineageGraph Graph)> graphs = [];

    public LineageGraph? Get(string key)
    {
        lock (access) return graphs.Find(g => g.Key == key).Graph;
    }

    public void Put(string key, LineageGraph graph)
    {
        lock (access)
        {
            graphs.RemoveAll(g => g.Key == key);
            if (graphs.Count >= Most) graphs.RemoveAt(0);
            graphs.Add((key, graph));
        }
    }
}
