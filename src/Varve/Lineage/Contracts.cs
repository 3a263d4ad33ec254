using Varve.Store;

namespace Varve.Lineage;

/// <summary>
/// The lineage's contract: a database of traces (SQLite, WAL, <c>docs/lineage.md</c> documents the schema) that
/// several processes use at once. Adding a trace is atomic. Traces are never changed; uses are only added.
/// </summary>
public interface ILineage
{
    /// <summary>Records an execution, all of it or nothing.</summary>
    void Add(Trace trace);

    /// <summary>Counts a reuse of an execution.</summary>
    void AddUse(string execution, DateTimeOffset at, Origin? origin);

    /// <summary>The reusable executions of a step, newest first, at most <paramref name="limit"/>.</summary>
    /// <param name="step">The step.</param>
    /// <param name="limit">The most that are wanted.</param>
    /// <param name="maybeStale">What was loaded ahead will do, though another process may have added some since.</param>
    IReadOnlyList<Trace> Reusable(Digest step, int limit = 64, bool maybeStale = false);

    /// <summary>
    /// As <see cref="Reusable"/> for many steps with one look: loads ahead what <see cref="Reusable"/> will be asked,
    /// so that a document of thousands of steps with nothing to do is answered in milliseconds.
    /// </summary>
    void LoadAhead(IReadOnlyCollection<Digest> steps);

    /// <summary>The newest execution of a step, reusable or not.</summary>
    Trace? Newest(Digest step);

    /// <summary>
    /// For each block and element of a document, the execution that it last ran or reused; its <see cref="Trace.Origin"/>
    /// is that block and element. For forecasts, the graph and estimates.
    /// </summary>
    IReadOnlyList<Trace> NewestOf(string document);

    /// <summary>Executions that left this path with this content (a redirected standard output counts), newest first.</summary>
    IReadOnlyList<Trace> Writers(string path, Digest content);

    /// <summary>Keeps an answer of the network; it holds from now on for its request.</summary>
    void AddFetch(Fetch fetch);

    /// <summary>The answer that holds for a request; null when none is known.</summary>
    Fetch? Fetched(Digest request);

    /// <summary>The answer to a request that had that body, whether it holds now or not; null when it is not known.</summary>
    Fetch? Fetched(Digest request, Digest body);

    /// <summary>Adds to a workspace's journal.</summary>
    void AddAct(Act act);

    /// <summary>Notes that a person's own file was saved into the store before a step overwrote it.</summary>
    void AddSaved(string path, Digest content, DateTimeOffset at);
}
